/**
 * Reports in any number and order (docs/protocol.md 6): a message is taken whole or not at all, what counts is what is newest
 * by the arithmetic of RFC 1982, and nothing of it ever reaches the zone or the disk.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { registerMessage } from '../../../src/client/registration.ts'
import { CLASS, RCODE, TYPE } from '../../../src/dns/codes.ts'
import { WireFault } from '../../../src/dns/faults.ts'
import { decodeMessage, encodeMessage, type DnsRecord } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../../src/dns/prefix.ts'
import { isNewerSequence } from '../../../src/dns/serial.ts'
import type { Requester } from '../../../src/update/contract.ts'
import { anybody, rec, updateMessage } from '../../update/support.ts'
import { garden, printVerdict, type Garden } from '../support.ts'

const KEY = Uint8Array.from({ length: 68 }, (_, i) => [0, 0, 3, 13][i] ?? 7)
const AGENT = 'babel._sa.example.'
const CAPABILITY = 'v2.x._cap.example.'
const itself: Requester = { ...anybody, signer: { kind: 'sig0', name: Name.parse(AGENT), key: KEY } }

let running: Garden

/** A zone where babel offers one capability, with nothing reported. */
async function withBabel(): Promise<Garden> {
  const policyOf = () => ({ networks: new PrefixList([parsePrefix('192.0.2.0/24') as Prefix]) })
  const made = await garden({ grants: [], discovery: { policyOf } })
  made.discovery.candidates.tablesFor([made.zone.image])
  const capabilities = [{ name: 'v2.x', parameters: 'latency=1s concurrency=4' }]
  assert.equal(printVerdict(await made.judge(registerMessage({ provider: 'example.', id: 'babel', key: KEY, addresses: ['192.0.2.7'], capabilities }, { lease: 60, keyLease: 120 }, 1), itself)), 'NOERROR 60 120')
  return made
}

before(async () => {
  running = await withBabel()
})

function column(name: 'active' | 'readingAtMs'): number {
  const { registrar } = running.discovery.candidates.of({ name: Name.parse('example.'), class: CLASS.IN }) ?? assert.fail('no candidates')
  return registrar.table.f64[name][registrar.slotOf(Name.parse(CAPABILITY).wire, Name.parse(AGENT).wire)]
}

function report(sequence: number, active: number, { agent = AGENT, owner = CAPABILITY } = {}): DnsRecord {
  return rec(`${owner} 0 IN SENSE ${sequence} ${agent} active=${active}`)
}

describe('a message of reports', () => {
  test('counts each that is newer than the one before it, and keeps the newest (RFC 1982 3.2)', async () => {
    let known: number | undefined
    let believed = 0
    const reports = fc.array(fc.tuple(fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff)), fc.nat(900)), { minLength: 1, maxLength: 5 })
    await fc.assert(fc.asyncProperty(reports, async (all) => {
      let fresh = 0
      for (const [sequence, active] of all) {
        if (known !== undefined && !isNewerSequence(sequence, known)) continue
        ;[known, believed] = [sequence, active]
        fresh++
      }
      const verdict = await running.judge(updateMessage({ updates: all.map(([sequence, active]) => report(sequence, active)) }), itself)
      assert.deepEqual([verdict.rcode, verdict.reason, column('active')], [RCODE.NOERROR, `${fresh} of ${all.length} readings are new`, believed])
    }), { numRuns: 150 })
    assert.notEqual(known, undefined)
  })

  const STRANGERS: [what: string, record: () => DnsRecord][] = [
    ['another agent', () => report(1, 1, { agent: 'ghost._sa.example.' })],
    ['a capability that it does not offer', () => report(1, 1, { owner: 'v9.x._cap.example.' })],
    ['the name of an agent elsewhere', () => report(1, 1, { agent: 'babel._sa.other.test.' })],
  ]
  for (const [what, record] of STRANGERS) {
    test(`that speaks for ${what} is refused whole, wherever that stands among good ones`, async () => {
      running = await withBabel()
      for (let at = 0; at <= 2; at++) {
        const updates = [report(1, 7), report(2, 8)].toSpliced(at, 0, record())
        const verdict = await running.judge(updateMessage({ updates }), itself)
        assert.equal(verdict.rcode, RCODE.REFUSED, String(at))
        assert.deepEqual([column('active'), column('readingAtMs')], [0, 0], String(at))
      }
    })
  }

  test('from anybody but the agent is refused, whatever it says', async () => {
    running = await withBabel()
    const other = KEY.with(20, KEY[20] ^ 1)
    const liars: Requester[] = [anybody, { ...itself, signer: { kind: 'sig0', name: Name.parse(AGENT), key: other } }, { ...anybody, signer: { kind: 'tsig', name: Name.parse(AGENT) } as Requester['signer'] & object }]
    for (const liar of liars) {
      await fc.assert(fc.asyncProperty(fc.nat(0xffff), fc.nat(900), async (sequence, active) => {
        const { rcode } = await running.judge(updateMessage({ updates: [report(sequence, active)] }), liar)
        assert.deepEqual([rcode, column('readingAtMs')], [RCODE.REFUSED, 0])
      }), { numRuns: 20 })
    }
  })

  test('leaves serial, zone and disk as they were, however many come', async () => {
    running = await withBabel()
    const [serial, calls] = [running.serial(), running.keeper.calls]
    for (let sequence = 1; sequence <= 50; sequence++) await running.judge(updateMessage({ updates: [report(sequence, sequence)] }), itself)
    assert.deepEqual([running.serial(), running.keeper.calls, running.at('SENSE'), column('active')], [serial, calls, [], 50])
  })

  test('with octets changed is judged or is a WireFault when it is decoded, and never leaves a reading in the zone', async () => {
    running = await withBabel()
    const whole = encodeMessage(updateMessage({ updates: [rec(`${CAPABILITY} 0 IN SENSE 7 ${AGENT} active=3 state=transition service=200ms errors=0.01`)] }))
    const [serial, seen] = [running.serial(), { faults: 0, judged: 0 }]
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 12, max: whole.length - 1 }), fc.nat(255)), { minLength: 1, maxLength: 3 }), async (changes) => {
      const octets = Uint8Array.from(whole)
      for (const [at, octet] of changes) octets[at] = octet
      try {
        const message = decodeMessage(octets)
        const verdict = await running.judge(message, itself)
        if (message.authorities.every(({ type, class: rrClass }) => type === TYPE.SENSE && rrClass === CLASS.IN) && verdict.rcode === RCODE.NOERROR) assert.equal(verdict.flow, 'sense')
        seen.judged++
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault
        seen.faults++
      }
      assert.deepEqual([running.serial(), running.at('SENSE')], [serial, []])
    }), { numRuns: 400 })
    assert.ok(seen.faults > 20 && seen.judged > 20, JSON.stringify(seen))
  })
})
