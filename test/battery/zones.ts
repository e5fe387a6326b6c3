/**
 * The worlds that the battery serves: each a set of zones that one process of each server holds at once. The
 * zones that RFCs call `example.` need a world each; so does the root, below which nothing is refused.
 */
import { randomZones, rootLikeZone, tldLikeZone } from './zones-random.ts'
import { madeZones, undefinedWildcards } from './zones-made.ts'
import { apexDname, rfc4035, rfc4592, rfc5155, rfc6672, rfc9460 } from './zones-rfc.ts'
import type { World } from './zone-text.ts'

/** Part of all questions that each world is asked; the large ones get most. */
export const SHARE: Readonly<Record<string, number>> = { mazes: 0.42, random: 0.42, oddwild: 0.01, rfc4592: 0.03, rfc4035: 0.03, rfc5155: 0.03, root: 0.06 }

/** Every world. `randomCount` zones by chance join the largest; the seed shapes them and the delegation zones. */
export function allWorlds(seed: number, randomCount: number): World[] {
  const redirections = [rfc6672(), rfc6672('dname-n.example.', { denial: 'nsec' }), rfc6672('dname-3.example.', { denial: 'nsec3' }), apexDname]
  const services = [rfc9460(), rfc9460('svcb-n.example.', { denial: 'nsec' }), rfc9460('svcb-3.example.', { denial: 'nsec3' })]
  return [
    { title: 'mazes', zones: [...redirections, ...services, ...madeZones(), tldLikeZone(400, seed)] },
    { title: 'oddwild', zones: [undefinedWildcards, rfc6672()] },
    { title: 'random', zones: randomZones(randomCount, seed) },
    { title: 'rfc4592', zones: [rfc4592] },
    { title: 'rfc4035', zones: [rfc4035] },
    { title: 'rfc5155', zones: [rfc5155] },
    { title: 'root', zones: [rootLikeZone(300, seed)] },
  ]
}
