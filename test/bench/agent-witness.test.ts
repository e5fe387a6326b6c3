/** What the bench believes of ranked answers while agents register: each way to be wrong is told, and only those. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultIn, type Told } from './updates/agent-witness.ts'
import { CAPABILITIES, nameOf } from './updates/messages.ts'

const told = (...numbers: number[]): Told[] => numbers.map((number, i) => ({ priority: i + 1, agent: nameOf('agent', number) }))
const at = (turn: number): number => turn * CAPABILITIES + 7
const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7].map(at)

const CASES: readonly (readonly [string, Told[], number, number, number, RegExp | undefined])[] = [
  ['nobody, before anybody was acknowledged', [], 3, 0, 1_000, undefined],
  ['nobody, where one was acknowledged', [], 3, 8, 1_000, /RCODE 3 and 0 agents where 1/],
  ['nobody, where the last acknowledged stands just before', [], 3, 7, 1_000, undefined],
  ['one that was acknowledged', told(7), 0, 1_000, 2_000, undefined],
  ['one more, sent and not yet acknowledged', told(at(1), 7), 0, 1_000, 2_000, undefined],
  ['one that was never sent', told(7, at(2)), 0, 1_000, 2_000, /agent2007.* offers nothing there/],
  ['one of another capability', told(7, 8), 0, 1_000, 2_000, /agent8\..* offers nothing/],
  ['eight of ten', told(...EIGHT), 0, 10_000, 10_000, undefined],
  ['seven of ten', told(...EIGHT.slice(1)), 0, 10_000, 10_000, /7 agents where 10/],
  ['nine', told(...EIGHT, at(8)), 0, 10_000, 10_000, /9 agents/],
  ['one twice', told(7, at(1), 7), 0, 2_000, 3_000, /twice/],
  ['priorities that do not count from 1', [{ priority: 2, agent: nameOf('agent', 7) }], 0, 1_000, 1_000, /priorities 2/],
  ['a name that no agent has', [{ priority: 1, agent: 'agent7.elsewhere.example.' }], 0, 1_000, 1_000, /elsewhere/],
]
for (const [what, answer, rcode, least, most, expected] of CASES) {
  test(what, () => {
    const fault = faultIn(answer, rcode, 7, least, most)
    if (expected === undefined) assert.equal(fault, undefined)
    else assert.match(fault ?? '', expected)
  })
}
