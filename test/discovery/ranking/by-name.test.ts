/** Agents found by their own name and by their human name, in a table whose agents come, change, go, and outgrow it; against a map. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import type { SlotChains } from '../../../src/discovery/ranking/chains.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { agentName, agentRdata, SEED } from './hive.ts'

const APEX = 'acme.example.'
const capability = (number: number): Uint8Array => Name.parse(`v${number}.x._cap.${APEX}`).wire

/** Slots that a chain gives for a name, ascending. */
function found(chains: SlotChains, name: string): number[] {
  const lookup = new LookupName(SEED)
  lookup.load(Name.parse(name).wire, 0)
  const slots = new Int32Array(512)
  return [...slots.subarray(0, chains.collect(lookup.hash[0], slots))].sort((a, b) => a - b)
}

function put(registrar: Registrar, label: string, number: number, alias = ''): void {
  const rdata = agentRdata(label, alias === '' ? '' : `alias=${alias}`)
  assert.notEqual(registrar.put({ owner: capability(number), rdata, ttl: 60, leaseEndMs: Infinity }), 'full')
}

describe('a table of candidates by name', () => {
  test('finds all capabilities of an agent by its name, in any case, and nobody by another', () => {
    const registrar = new Registrar(SEED)
    put(registrar, 'a', 1)
    put(registrar, 'A', 2)
    put(registrar, 'b', 1)
    assert.equal(found(registrar.table.byAgent, `a._sa.${APEX}`).length, 2)
    assert.deepEqual(found(registrar.table.byAgent, `B._SA.${APEX}`), [registrar.slotOf(capability(1), agentName('b'))])
    assert.deepEqual(found(registrar.table.byAgent, `c._sa.${APEX}`), [])
  })

  test('finds by human name only who claims it now', () => {
    const registrar = new Registrar(SEED)
    put(registrar, 'a', 1, 'chat')
    assert.equal(found(registrar.table.byAlias, `chat.${APEX}`).length, 1)
    put(registrar, 'a', 1, 'talk')
    assert.deepEqual([found(registrar.table.byAlias, `chat.${APEX}`).length, found(registrar.table.byAlias, `talk.${APEX}`).length], [0, 1])
    put(registrar, 'a', 1)
    assert.deepEqual(found(registrar.table.byAlias, `talk.${APEX}`), [])
    assert.equal(found(registrar.table.byAgent, `a._sa.${APEX}`).length, 1)
  })

  test('shows the faces that it is told to, also when it has moved to a larger block', () => {
    const registrar = new Registrar(SEED, () => undefined, 4)
    registrar.showFaces(5)
    const { table } = registrar
    for (let i = 0; i < 40; i++) put(registrar, `a${i}`, 1)
    registrar.commit()
    assert.notEqual(registrar.table, table)
    assert.deepEqual([table.faces, registrar.table.faces], [5, 5])
  })

  test('whatever comes, changes, goes and grows, it finds by both names whom a map has', () => {
    const step = fc.record({ label: fc.constantFrom('a', 'b', 'c', 'd'), number: fc.integer({ min: 1, max: 60 }), alias: fc.constantFrom('', 'x', 'y'), isThere: fc.boolean(), commits: fc.boolean() })
    fc.assert(fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const registrar = new Registrar(SEED, () => undefined, 4, 2_000)
      const model = new Map<string, { label: string; number: number; alias: string }>()
      for (const { label, number, alias, isThere, commits } of steps) {
        if (isThere) put(registrar, label, number, alias)
        else registrar.remove(capability(number), agentName(label))
        if (isThere) model.set(`${label} ${number}`, { label, number, alias })
        else model.delete(`${label} ${number}`)
        if (commits) registrar.commit()
      }
      const slotsOf = (keep: (one: { label: string; alias: string }) => boolean): number[] =>
        [...model.values()].filter(keep).map(({ label, number }) => registrar.slotOf(capability(number), agentName(label))).sort((a, b) => a - b)
      for (const label of ['a', 'b', 'c', 'd']) assert.deepEqual(found(registrar.table.byAgent, `${label}._sa.${APEX}`), slotsOf((one) => one.label === label))
      for (const alias of ['x', 'y']) assert.deepEqual(found(registrar.table.byAlias, `${alias}.${APEX}`), slotsOf((one) => one.alias === alias))
    }), { numRuns: 60 })
  })
})
