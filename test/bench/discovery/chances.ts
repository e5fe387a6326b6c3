/**
 * Draws of the simulator. Each agent and each region has streams of its own, so that all policies meet the same arrivals,
 * the same work and the same troubles (common random numbers): what differs between two runs is the policy alone.
 */
import { chance } from '../../discovery/ranking/hive.ts'

/** A number from 0 up to 1, 1 excluded. */
export type Even = () => number

/** The stream `part` of number `index` in the world with that seed. */
export function streamOf(seed: number, part: number, index: number): Even {
  return chance(Math.imul(seed, 2_654_435_761) ^ Math.imul(part + 1, 40_503) ^ Math.imul(index + 1, 1_664_525))
}

/** A draw from the exponential distribution. */
export function exponential(even: Even, mean: number): number {
  return -Math.log(1 - even()) * mean
}

/** A draw from the standard normal distribution (Box and Muller). */
export function gaussian(even: Even): number {
  const radius = Math.sqrt(-2 * Math.log(1 - even()))
  return radius * Math.cos(2 * Math.PI * even())
}

/** One of `items`, each as likely as its weight says; all alike where no weight is above 0. */
export function drawByWeight<Item>(even: Even, items: readonly Item[], weightOf: (item: Item) => number): Item {
  let total = 0
  for (const item of items) total += weightOf(item)
  if (!(total > 0)) return items[Math.floor(even() * items.length)]
  let left = even() * total
  for (const item of items) {
    left -= weightOf(item)
    if (left <= 0) return item
  }
  return items[items.length - 1]
}
