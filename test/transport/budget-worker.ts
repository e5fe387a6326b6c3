/** A thread that takes of a budget, as one that reads sockets does; who started it gives back what it is told of. */
import { parentPort, workerData } from 'node:worker_threads'
import { DeferralBudget, type SharedBudget } from '../../src/transport/deferral-budget.ts'

/** What the thread is given. */
export interface BudgetWorkerData {
  budget: SharedBudget
  /** Messages to take in all. */
  count: number
}

if (parentPort) {
  const { budget, count } = workerData as BudgetWorkerData
  const own = new DeferralBudget(budget)
  let held: { network: number; octets: number }[] = []
  for (let taken = 0, tries = 0; taken < count; tries++) {
    const [network, octets] = [tries % 11, 1 + (tries % 1_200)]
    if (own.take(Uint8Array.of(10, network >> 8, network & 255, 1), octets)) {
      held.push({ network, octets })
      taken++
      if (held.length < 5 && taken < count) continue
    }
    if (held.length > 0) parentPort.postMessage(held)
    held = []
  }
}
