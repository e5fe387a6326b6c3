/**
 * A thread that ranks and copies candidates as fast as it can while another thread changes them (torn.test.ts). Every
 * entry is written so that its parts tell each other's values: claimed cost, weight and the text in its RDATA carry one
 * number, and each capability's agents bear its letter. It counts what it sees and what does not fit together.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { CandidateTable, CapabilityMatch } from '../../../src/discovery/ranking/candidates.ts'
import { METRIC } from '../../../src/discovery/ranking/metrics.ts'
import { Ranker } from '../../../src/discovery/ranking/rank.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { chance, demandOf, SEED } from './hive.ts'
import { Name } from '../../../src/dns/name.ts'

const { buffer, stop, capabilities } = workerData as { buffer: SharedArrayBuffer; stop: Int32Array; capabilities: string[] }
const table = new CandidateTable(buffer)
const ranker = new Ranker(DEFAULT_RANKING, chance(7))
const match = new CapabilityMatch()
const name = new LookupName(SEED)
const demand = demandOf('')
const wires = capabilities.map((capability) => Name.parse(capability).wire)
const seen = { answers: 0, rounds: 0, discarded: 0, torn: [] as string[] }

/** Copies one answer as an answering thread does, and judges the copy if the entry is still what was scored. */
function judge(i: number, letter: string): void {
  const slot = ranker.slots[i]
  const { i32, claims, heap } = table
  const weight = i32.weight[slot]
  const cost = claims[METRIC.cost][slot]
  const at = i32.rdataAt[slot]
  const text = Buffer.from(heap.slice(at, at + i32.rdataLength[slot])).toString('latin1')
  if (Atomics.load(i32.version, slot) !== ranker.versions[i]) {
    seen.discarded++
    return
  }
  seen.answers++
  const agent = text.slice(3, 3 + text.charCodeAt(2))
  const told = /x(\d+)y/.exec(text)?.[1]
  if (!agent.startsWith(letter) || Number(told) !== weight || cost !== weight * 1_000) seen.torn.push(`${letter}: ${agent} weight ${weight} cost ${cost} text ${told}`)
}

while (Atomics.load(stop, 0) === 0) {
  Atomics.store(stop, 1, seen.answers)
  const which = seen.rounds++ % wires.length
  name.load(wires[which], 0)
  if (!table.lookup(name, match)) continue
  ranker.rank(table, match, demand, 1_800_000_000_000 + seen.rounds, 8)
  if (!table.isCurrent(match)) continue
  for (let i = 0; i < ranker.count; i++) judge(i, String.fromCharCode(97 + which))
  if (ranker.count > 0) ranker.hand(table, ranker.slots[0], 1_800_000_000_000 + seen.rounds)
  if (seen.torn.length > 20) break
}
parentPort?.postMessage(seen)
