/**
 * The worlds that the battery serves: each a set of zones that one process of each server holds at once. The
 * zones that RFCs call `example.` need a world each; so does the root, below which nothing is refused.
 */
import { randomZones, rootLikeZone, tldLikeZone } from './zones-random.ts'
import { madeZones, undefinedWildcards } from './zones-made.ts'
import { rfc4035, rfc4592, rfc5155, rfc6672, rfc9460 } from './zones-rfc.ts'
import type { BatteryZone, World } from './zone-text.ts'

/** Every world. `randomCount` zones by chance join the largest; the seed shapes them and the delegation zones. */
export function allWorlds(seed: number, randomCount: number): World[] {
  const nsec: BatteryZone = { ...rfc6672[0] as BatteryZone, name: 'dname-n.example.', signing: { denial: 'nsec' } }
  const svcb: BatteryZone = { ...rfc9460, name: 'svcb-3.example.', signing: { denial: 'nsec3' } }
  return [
    { title: 'mazes', zones: [...rfc6672, nsec, rfc9460, svcb, ...madeZones(), tldLikeZone(400, seed)] },
    { title: 'oddwild', zones: [undefinedWildcards, ...rfc6672] },
    { title: 'random', zones: randomZones(randomCount, seed) },
    { title: 'rfc4592', zones: [rfc4592] },
    { title: 'rfc4035', zones: [rfc4035] },
    { title: 'rfc5155', zones: [rfc5155] },
    { title: 'root', zones: [rootLikeZone(300, seed)] },
  ]
}
