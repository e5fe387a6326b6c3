/**
 * What is usual among the agents of each node of the index: the geometric mean of what they cost, and the mean of their
 * weights. Kept as sums of whole numbers, so that what is added and taken away again leaves nothing, in whatever order.
 */
import type { CandidateTable, Slot } from './candidates.ts'
import { METRIC } from './metrics.ts'
import { HALF } from './table-layout.ts'

/** Parts of a logarithm that are counted: 22.2 × 2^24 × 2^20 agents is below 2^53. */
const LOG_PARTS = 2 ** 24
const SUM = { costLogs: 0, costs: 1, weights: 2, weighted: 3, doubles: 4 } as const
const FIRST_NODES = 64

/** Sums of all nodes of one table. */
export class Usual {
  private sums = new Float64Array(FIRST_NODES * SUM.doubles)
  /** What the slot read last claims. */
  private readonly claim = new Float64Array(SUM.doubles)

  /** Reads what a slot claims; false where it claims neither. */
  read({ i32, claims }: CandidateTable, slot: Slot): boolean {
    const { claim } = this
    const hasCost = (i32.claimed[slot] & (1 << METRIC.cost)) !== 0
    const hasWeight = i32.weight[slot] >= 0
    claim[SUM.costLogs] = hasCost ? Math.round(Math.log(Math.max(1, claims[METRIC.cost][slot] >>> 0)) * LOG_PARTS) : 0
    claim[SUM.costs] = hasCost ? 1 : 0
    claim[SUM.weights] = hasWeight ? i32.weight[slot] : 0
    claim[SUM.weighted] = hasWeight ? 1 : 0
    return hasCost || hasWeight
  }

  /** Adds what was read to the sums of a node, or takes it away (−1). */
  add(node: number, sign: number): void {
    for (let i = 0; i < SUM.doubles; i++) this.sums[node * SUM.doubles + i] += sign * this.claim[i]
  }

  /** A node that has nobody yet. */
  clear(node: number): void {
    if ((node + 1) * SUM.doubles > this.sums.length) {
      const more = new Float64Array(2 * (node + 1) * SUM.doubles)
      more.set(this.sums)
      this.sums = more
    }
    this.sums.fill(0, node * SUM.doubles, (node + 1) * SUM.doubles)
  }

  /** Writes what is usual at a node to one of its halves. */
  write({ nodeFloats }: CandidateTable, node: number, half: number): void {
    const at = node * SUM.doubles
    const [costs, weighted] = [this.sums[at + SUM.costs], this.sums[at + SUM.weighted]]
    nodeFloats[half + HALF.costReference] = costs > 0 ? Math.exp(this.sums[at + SUM.costLogs] / LOG_PARTS / costs) : 0
    nodeFloats[half + HALF.weightReference] = weighted > 0 ? this.sums[at + SUM.weights] / weighted : 0
  }
}
