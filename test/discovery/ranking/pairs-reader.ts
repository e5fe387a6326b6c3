/**
 * A thread that looks names up as fast as it can while another one changes them (pairs.test.ts): agents come and go in pairs,
 * so that whoever finds one of a pair without the other has seen half of a change, and so has who finds one twice, or one
 * of another capability.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { CandidateTable, CapabilityMatch } from '../../../src/discovery/ranking/candidates.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { SEED } from './hive.ts'

const { buffer, state, names } = workerData as { buffer: SharedArrayBuffer; state: Int32Array; names: { name: string; letters: string }[] }
const table = new CandidateTable(buffer)
const match = new CapabilityMatch()
const looked = new LookupName(SEED)
const wires = names.map(({ name }) => Name.parse(name).wire)
const seen = { whole: 0, discarded: 0, torn: [] as string[] }

/** First labels of the agents found, as they are read: `a7l` and `a7r` are a pair at capability `a`. */
function labels(): string[] {
  const { heap, i32 } = table
  const found: string[] = []
  for (let i = 0; i < match.count; i++) {
    const at = i32.rdataAt[match.order[match.from + i]] + 2
    found.push(Buffer.from(heap.subarray(at + 1, at + 1 + (heap[at] & 63))).toString('latin1'))
  }
  return found
}

function faultIn(found: readonly string[], letters: string): string | undefined {
  const all = new Set(found)
  if (all.size !== found.length) return 'one twice'
  const other = found.find((label) => !letters.includes(label[0]))
  if (other !== undefined) return `${other} is of another capability`
  const half = found.find((label) => !all.has(label.endsWith('l') ? `${label.slice(0, -1)}r` : `${label.slice(0, -1)}l`))
  return half && `${half} alone`
}

for (let round = 0; Atomics.load(state, 0) === 0 && seen.torn.length < 10; round++) {
  const which = round % names.length
  looked.load(wires[which], 0)
  if (!table.lookup(looked, match)) continue
  const found = labels()
  if (!table.isCurrent(match)) {
    seen.discarded++
    continue
  }
  const fault = faultIn(found, names[which].letters)
  if (fault !== undefined) seen.torn.push(`${names[which].name}: ${fault} (${found.join(' ')})`)
  if (found.length > 0) Atomics.store(state, 1, ++seen.whole)
}
parentPort?.postMessage(seen)
