/** Probes in the config: whether the agents of a zone are asked if they live, how, how often, and where nobody is asked. */
import { z } from 'zod'
import { PROBE_KINDS, type ProbeRules } from '../discovery/probe/target.ts'
import type { HealthRules } from '../discovery/probe/health.ts'
import { MAX_PROBE_NETWORKS, MAX_PROBES_PER_SECOND } from '../dns/limits-discovery.ts'
import { parsePrefix, type Prefix, PrefixList } from '../dns/prefix.ts'
import type { ProbeBounds } from './probe-checks.ts'
import type { KeyNotes } from './schema-notes.ts'

const PREFIX = 'must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix'

function whole(from: number, to: number, unit: string, about: string) {
  return z.int().min(from).max(to).meta({ wanted: `must be a number from ${from} to ${to}${unit && ` (${unit})`}`, about } satisfies KeyNotes)
}

/** Key `probe` of a zone. */
export const probeSchema = z
  .strictObject({
    kind: z.enum(PROBE_KINDS).meta({ wanted: `must be one of ${PROBE_KINDS.join(', ')}`, about: 'How agents are asked: by what the offer says they speak (`auto`), by their A2A card and a call, by MCP `initialize`, by GET of the endpoint, or by a TCP connection.' }).default('auto'),
    period: whole(1, 86_400, 'seconds', 'Time from one probe of an agent to the next.').default(10),
    timeout: whole(10, 60_000, 'milliseconds', 'Time after which a probe has failed, all its messages together.').default(2_000),
    rise: whole(1, 100, '', 'Probes in a row that a failed agent passes before it is answered again.').default(2),
    fall: whole(1, 100, '', 'Probes in a row that an agent fails before it is not answered any more.').default(3),
    budget: whole(1, MAX_PROBES_PER_SECOND, 'a second', 'Probes of the zone a second; where more are due, they come later.').default(20),
    networks: z
      .array(z.string().refine((text) => parsePrefix(text) !== undefined, PREFIX).meta({ wanted: PREFIX, about: 'A network.' }))
      .max(MAX_PROBE_NETWORKS)
      .meta({ wanted: `must be a list of at most ${MAX_PROBE_NETWORKS} networks`, about: 'Special networks (private, loopback, link-local and the like) in which agents are probed all the same; elsewhere in them nobody is.' })
      .default([]),
    ports: z.array(whole(1, 1_023, '', 'A port.')).max(64).meta({ wanted: 'must be a list of at most 64 ports below 1024', about: 'Ports below 1024 that are probed besides 80 and 443.' }).default([]),
    verify: z.boolean().meta({ wanted: 'must be true or false', about: 'Whether an agent whose TLS certificate this machine does not trust has failed.' }).default(false),
  })
  .meta({ wanted: 'must be a map', about: 'Agents with a KEY at their identifier are asked whether they live, at the addresses that stand there; who fails is not answered until it lives again. Off unless it is there; `{}` is enough.' })

/** Values of the key. */
export type ProbeValues = z.infer<typeof probeSchema>

/** How the agents of a zone are probed. */
export type ProbeConfig = ProbeRules & HealthRules & ProbeBounds & { readonly budget: number }

/** What the values come to. */
export function settleProbe({ period, timeout, networks, ports, ...rest }: ProbeValues): ProbeConfig {
  return { ...rest, periodMs: period * 1_000, timeoutMs: timeout, networks: new PrefixList(networks.map((text) => parsePrefix(text) as Prefix)), ports: new Set(ports) }
}
