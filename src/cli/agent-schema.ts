/**
 * What an agent registers, as keys of a YAML file: the one place where a key's name, shape and meaning stand, from which
 * messages and the table of docs/cli.md are made. Flags say the same and are checked by the same schema.
 *
 *     provider: acme.example
 *     addresses: [192.0.2.10]
 *     capabilities:
 *       - { name: v2.translate.text.nlp, parameters: latency=180ms accuracy=0.97 }
 */
import { z } from 'zod'
import { serverOf } from '../client/server-address.ts'
import { isComplete, nameOrUrl, readCapability } from '../discovery/identifier/capability.ts'
import { CLIENT_KEY_LEASE_SECONDS, CLIENT_LEASE_SECONDS, CLIENT_TTL_SECONDS } from '../dns/limits.ts'
import { Name } from '../dns/name.ts'
import { parseParameters } from '../dns/parameters.ts'
import { keysOf, type KeyLine, type KeyNotes } from '../ops/schema-notes.ts'
import { parseAddress } from '../transport/address.ts'

const SERVER = 'must be address[:port], such as 127.0.0.1:5300 or [::1]:5300'
const ADDRESS = 'must be an IPv4 or IPv6 address, such as 192.0.2.10 or 2001:db8::10'
const ID = 'must be one label of letters, digits and hyphens, such as babel'
const CAPABILITY = 'must be a version and a type, such as v2.translate.text.nlp'
const MAX_SECONDS = 0x7fff_ffff

/** A text that `fault` finds nothing wrong with; what it finds completes `Cannot use … as it`. */
function checked(wanted: string, about: string, fault: (value: string) => string | undefined) {
  const check = (value: string, context: z.RefinementCtx) => {
    const message = fault(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  }
  return z.string().superRefine(check).meta({ wanted, about } satisfies KeyNotes)
}

function whole(from: number, to: number, about: string) {
  return z.int().min(from).max(to).meta({ wanted: `must be a number from ${from} to ${to}`, about } satisfies KeyNotes)
}

function path(about: string) {
  return z.string().min(1).meta({ wanted: 'must be the path of a file', about } satisfies KeyNotes)
}

function isLabel(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i.test(text)
}

/** What the work says is wrong, without what its message starts with. */
function faultOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return / as it (.*)$/.exec((error as Error).message)?.[1] ?? (error as Error).message
  }
}

function capabilityFault(text: string): string | undefined {
  const unreadable = faultOf(() => nameOrUrl(text))
  if (unreadable !== undefined) return unreadable
  const capability = readCapability(nameOrUrl(text, Name.parse('_cap.example')))
  return capability !== undefined && isComplete(capability) ? undefined : CAPABILITY
}

function parametersFault(text: string): string | undefined {
  try {
    parseParameters(text, 'AGENT')
    return undefined
  } catch (error) {
    return `holds a fault: ${(error as Error).message}`
  }
}

const capability = z
  .strictObject({
    name: checked(CAPABILITY, 'Name of the capability below `_cap` of the provider, absolute with its final dot, or its URL: `agent://acme.example/nlp/text/translate/v2`.', capabilityFault),
    parameters: checked('must be parameters as key=value', 'Its [parameters](protocol.md), as `key=value …`.', parametersFault).optional(),
    priority: whole(0, 65_535, 'Order among the agents; 0 makes an alias. 1 by default.').optional(),
  })
  .meta({ wanted: 'must be { name, parameters }', about: 'One capability.' })

/** The keys of an agent file. Every one may be left out, as a flag or a card may say it. */
export const agentSchema = z
  .strictObject({
    server: checked(SERVER, 'Who is asked; without a port, 53.', (text) => (serverOf(text) === undefined ? SERVER : undefined)).optional(),
    key: path('Key file that signs: of TSIG, or either of the two for SIG(0); relative to this file.').optional(),
    provider: checked('must be a domain name', 'Zone of the provider of a service agent, or of the operator of a user agent.', (text) => faultOf(() => Name.parse(text))).optional(),
    kind: z.enum(['service', 'user']).meta({ wanted: 'must be service or user', about: 'Whose agent it is: a provider\'s (`service`), or a person\'s (`user`).' }).optional(),
    id: checked(ID, 'Label of the agent\'s identifier; by default made from the KEY, or else from the name on the card.', (text) => (isLabel(text) ? faultOf(() => Name.parse(text)) : ID)).optional(),
    card: path('A2A agent card (JSON) that says what is not said here; relative to this file.').optional(),
    addresses: z
      .array(checked(ADDRESS, 'One address.', (text) => (parseAddress(text, new Uint8Array(16)) === 0 || text.includes('%') ? ADDRESS : undefined)))
      .meta({ wanted: 'must be a list of addresses', about: 'IPv4 and IPv6 addresses of the agent.' })
      .optional(),
    texts: z.array(z.string().meta({ wanted: 'must be text', about: 'One text.' })).meta({ wanted: 'must be a list of texts', about: 'TXT records at the agent\'s identifier.' }).optional(),
    capabilities: z.array(capability).meta({ wanted: 'must be a list of { name, parameters }', about: 'What it offers.' }).optional(),
    class: z.enum(['IN', 'LOCAL']).meta({ wanted: 'must be IN or LOCAL', about: 'LOCAL where it is offered to the local area only.' }).optional(),
    ttl: whole(0, MAX_SECONDS, `Seconds that answers may be remembered; the lease bounds it. ${CLIENT_TTL_SECONDS} by default.`).optional(),
    lease: whole(1, MAX_SECONDS, `Seconds of the lease that is asked for; ${CLIENT_LEASE_SECONDS} by default.`).optional(),
    'key-lease': whole(1, MAX_SECONDS, `Seconds that the identifier stays reserved for its key; ${CLIENT_KEY_LEASE_SECONDS} by default, and not less than the lease.`).optional(),
  })
  .meta({ wanted: 'must be a map of keys', about: 'What an agent registers.' })

/** What a file, a card and flags say, in the shape of the file. */
export type AgentValues = z.infer<typeof agentSchema>

/** Every key of an agent file, for the page that lists them. */
export function agentKeys(): KeyLine[] {
  return keysOf(agentSchema)
}
