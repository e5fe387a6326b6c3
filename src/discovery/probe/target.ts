/**
 * Whom a probe goes to, and whether it may: an agent that has a KEY at its identifier is asked at an address that stands
 * there, by what its offer says it speaks. Whoever registers writes these records, so that a server which follows them blindly
 * is a stone to be thrown at others: special networks and ports of other services are left alone unless the operator says otherwise.
 *
 *     offer: endpoint, port, alpn, security ─► kind, port, path      identifier: KEY, A, AAAA ─► address
 */
import { PARAMETERS } from '../../dns/parameters.ts'
import { parsePrefix, type Prefix, PrefixList } from '../../dns/prefix.ts'
import { latin1, portOf, valueAt, valueEnd } from '../faces/offer-fields.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { PROTOCOL } from '../ranking/protocols.ts'

/** How an agent is asked whether it lives; `auto`: by what its offer says. */
export const PROBE_KINDS = ['auto', 'a2a', 'mcp', 'http', 'tcp'] as const
/** One of them. */
export type ProbeKind = (typeof PROBE_KINDS)[number]

/** What may be probed, and how. */
export interface ProbeRules {
  readonly kind: ProbeKind
  /** Special networks that may be probed all the same. */
  readonly networks: PrefixList
  /** Ports below 1024, besides 80 and 443, that may be. */
  readonly ports: ReadonlySet<number>
}

/** Where an agent is asked, and for what. */
export interface ProbeTarget {
  readonly kind: Exclude<ProbeKind, 'auto'>
  /** 4 or 16 octets. */
  readonly address: Uint8Array
  readonly port: number
  readonly tls: boolean
  /** Whom the agent is asked as: the host of its endpoint, else its name. */
  readonly host: string
  /** Path of the endpoint; undefined where the offer names none. */
  readonly path: string | undefined
  /** Path of the agent card. */
  readonly card: string
}

/** Why an agent is not probed. */
export type NotProbed = 'keyless' | 'addressless' | 'address' | 'port'

/** What stands at an agent's identifier: whether a KEY does, and addresses. */
export interface Identified {
  readonly hasKey: boolean
  readonly addresses: readonly Uint8Array[]
}

/** Networks in which others' machines are not reached, or not by the Internet's rules (RFC 6890 2.2, RFC 4291 2.7, RFC 6052 2.1). */
const SPECIAL = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24',
  '224.0.0.0/3', '::/128', '::1/128', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16', 'fc00::/7', 'fe80::/10', 'ff00::/8',
]
const special = new PrefixList(SPECIAL.map((text) => parsePrefix(text) as Prefix))
/** First port that belongs to no service of the system (RFC 6335 6). */
export const FIRST_USER_PORT = 1_024
const [HTTP_PORT, HTTPS_PORT] = [80, 443]
/** Where A2A keeps an agent's card (RFC 8615). */
const CARD_PATH = '/.well-known/agent-card.json'
const CARD_SUFFIX = /^[\w-][\w.-]{0,62}$/

/** Whether an address may be probed. */
export function isProbeable(address: Uint8Array, networks: PrefixList): boolean {
  return !special.holds(address) || networks.holds(address)
}

/** Whether a port may be. */
export function isProbeablePort(port: number, ports: ReadonlySet<number>): boolean {
  return port >= FIRST_USER_PORT || port === HTTP_PORT || port === HTTPS_PORT || ports.has(port)
}

/** Where to probe the agent of a slot, `agent` in text without the last dot; or why it is not probed. */
export function targetOf(table: CandidateTable, slot: Slot, agent: string, { hasKey, addresses }: Identified, rules: ProbeRules): ProbeTarget | NotProbed {
  if (!hasKey) return 'keyless'
  if (addresses.length === 0) return 'addressless'
  const address = addresses.find((one) => isProbeable(one, rules.networks))
  if (address === undefined) return 'address'
  const url = endpointOf(table, slot)
  const port = url === undefined ? portOf(table, slot) : Number(url.port) || (url.protocol === 'http:' ? HTTP_PORT : HTTPS_PORT)
  if (port === 0 || !isProbeablePort(port, rules.ports)) return 'port'
  const tls = url === undefined ? port !== HTTP_PORT : url.protocol === 'https:'
  const kind = rules.kind === 'auto' ? kindOf(table, slot, url, tls) : rules.kind
  return { kind, address, port, tls, host: url?.host ?? agent, path: url && url.pathname + url.search, card: cardOf(table, slot) }
}

/** A TLS that asks for our certificate (`mtls`) lets nobody else speak: that somebody listens is all that can be seen. */
function kindOf(table: CandidateTable, slot: Slot, url: URL | undefined, tls: boolean): ProbeTarget['kind'] {
  const protocols = table.i32.protocols[slot]
  if (tls && securityOf(table, slot).includes('mtls')) return 'tcp'
  if ((protocols & PROTOCOL.a2a) !== 0) return 'a2a'
  if ((protocols & PROTOCOL.mcp) !== 0) return 'mcp'
  return url === undefined ? 'tcp' : 'http'
}

/** Its words as they stand behind each other, those of the capability's label among them. */
function securityOf({ heap, i32 }: CandidateTable, slot: Slot): string {
  const at = i32.valueAt[i32.security[slot]]
  return latin1(heap, at, at + i32.valueLength[i32.security[slot]])
}

function endpointOf(table: CandidateTable, slot: Slot): URL | undefined {
  const text = textOf(table, slot, PARAMETERS.endpoint.key)
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

/** DNS-AID names the card's place in its own way (key65409). */
function cardOf(table: CandidateTable, slot: Slot): string {
  const suffix = textOf(table, slot, PARAMETERS.key65409.key)
  return CARD_SUFFIX.test(suffix) ? `/.well-known/${suffix}` : CARD_PATH
}

function textOf(table: CandidateTable, slot: Slot, key: number): string {
  const at = valueAt(table, slot, key)
  return at === 0 ? '' : latin1(table.heap, at, valueEnd(table, at))
}
