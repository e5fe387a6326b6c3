/** Readings that are fetched, in the config: whether agents of a zone are asked for them, how many at once, and where nobody is asked. */
import { z } from 'zod'
import type { PullRules } from '../discovery/sense/puller.ts'
import { Askers, type AskerValues } from '../discovery/ranking/askers.ts'
import { MAX_PROBE_NETWORKS, MAX_PULL_FAN_OUT, MAX_PULLS_PER_SECOND } from '../dns/limits-discovery.ts'
import { parsePrefix, type Prefix, PrefixList } from '../dns/prefix.ts'
import type { KeyNotes } from './schema-notes.ts'

const PREFIX = 'must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix'

function whole(from: number, to: number, unit: string, about: string) {
  return z.int().min(from).max(to).meta({ wanted: `must be a number from ${from} to ${to}${unit && ` (${unit})`}`, about } satisfies KeyNotes)
}

/** Key `pull` of a zone. */
export const pullSchema = z
  .strictObject({
    agents: whole(1, MAX_PULL_FAN_OUT, '', 'Agents asked for one question, at most.').default(4),
    deadline: whole(10, 1_000, 'milliseconds', 'Time that an asker waits at most.').default(150),
    share: whole(1, 10_000, 'a second', 'Questions of one network (a /24 of IPv4, a /56 of IPv6) that fetch readings; more are answered as it is.').default(10),
    budget: whole(1, MAX_PULLS_PER_SECOND, 'a second', 'Messages to all agents of the zone; above that they are not asked.').default(500),
    networks: z
      .array(z.string().refine((text) => parsePrefix(text) !== undefined, PREFIX).meta({ wanted: PREFIX, about: 'A network.' }))
      .max(MAX_PROBE_NETWORKS)
      .meta({ wanted: `must be a list of at most ${MAX_PROBE_NETWORKS} networks`, about: 'Special networks (private, loopback, link-local and the like) in which agents are asked all the same.' })
      .default([]),
  })
  .meta({ wanted: 'must be a map', about: 'A demand for fresher readings than there are (`max-age`) has the server ask agents that say where (`sense-port`) before it answers. Off unless it is there; `{}` is enough.' })

/** How readings of a zone are fetched, where, and for whom; without `askers` for everybody. */
export type PullConfig = PullRules & { readonly networks: PrefixList; readonly askers: Askers | undefined }

/** What the values come to, in a zone whose agents `askers` may see. */
export function settlePull(values: z.infer<typeof pullSchema>, askers: AskerValues | undefined): PullConfig {
  const { agents, deadline, share, budget, networks } = values
  const special = new PrefixList(networks.map((text) => parsePrefix(text) as Prefix)) // the schema has tried them
  return { fanOut: agents, deadlineMs: deadline, share, budget, networks: special, askers: askers && new Askers(askers) }
}
