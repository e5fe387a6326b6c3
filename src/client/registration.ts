/**
 * What an agent says of itself when it registers (docs/protocol.md 6), and the messages that say so: DNS UPDATEs
 * (RFC 2136) with a lease (RFC 9664), which any server with a grant for the key can take.
 *
 *     zone      acme.example. SOA
 *     update    <id>._sa.acme.example.        KEY, A, AAAA, TXT
 *               <capability>._cap.acme.example.  AGENT 1 <id>._sa.acme.example. latency=180ms …
 *     OPT       UPDATE-LEASE 7200, 604800
 *
 * A renewal is the same message once more; a withdrawal the same with both leases 0.
 */
import { nameOrUrl } from '../discovery/identifier/capability.ts'
import { CLASS, OPCODE, TYPE } from '../dns/codes.ts'
import { makeUpdateLease, type UpdateLease } from '../dns/edns.ts'
import { CLIENT_TTL_SECONDS, DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { makeMessage, type DnsRecord, type Message } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { parseRecord } from '../dns/record-text.ts'

/** A capability that is offered. */
export interface OfferedCapability {
  /** Below `_cap` of the provider's zone: `v2.translate.text.nlp`; absolute, with the final dot; or its URL, `agent://acme.example/nlp/text/translate/v2`. */
  name: string
  /** Parameters of AGENT in their text form: `latency=180ms accuracy=0.97`; default none. */
  parameters?: string
  /** Order among the agents of zone files; the server ranks by more. Default 1. */
  priority?: number
}

/** A registration. */
export interface Registration {
  /** The zone of the provider (service agent) or operator (user agent): `acme.example`. */
  provider: string
  /** Default `service`. */
  kind?: 'service' | 'user'
  /** The identifier's label: `babel`. */
  id: string
  /** RDATA of the agent's KEY, where it has one: the identifier belongs to it (RFC 9665 3.2.5.2). */
  key?: Uint8Array
  /** IPv4 and IPv6. */
  addresses?: readonly string[]
  /** TXT at the identifier, one text each. */
  texts?: readonly string[]
  capabilities: readonly OfferedCapability[]
  /** `LOCAL` where it is offered to the local area only; default IN. */
  class?: 'IN' | 'LOCAL'
  /** Seconds that answers may be remembered; the lease bounds it. Default 60. */
  ttl?: number
}

/** The agent's identifier, `<id>._sa.<provider>` or `<id>._ua.<provider>` (docs/protocol.md 2). TextFault where a part is no name. */
export function agentName({ id, kind = 'service', provider }: Pick<Registration, 'id' | 'kind' | 'provider'>): Name {
  return Name.parse(`${id}.${kind === 'service' ? '_sa' : '_ua'}`, Name.parse(provider))
}

/** The records of a registration, in the order in which they are sent. TextFault where a part cannot be read; its message says which. */
export function registrationRecords(registration: Registration): DnsRecord[] {
  const { addresses = [], texts = [], capabilities, key, ttl = CLIENT_TTL_SECONDS } = registration
  const rrClass = CLASS[registration.class ?? 'IN']
  const agent = agentName(registration)
  const record = (name: Name, type: number, rdata: Uint8Array): DnsRecord => ({ name, type, class: rrClass, ttl, rdata })
  const parsed = (owner: Name, rest: string): DnsRecord => {
    const { name, type, rdata } = parseRecord(`${owner} ${rest}`)
    return record(name, type, rdata)
  }
  const origin = Name.parse('_cap', Name.parse(registration.provider))
  return [
    ...(key === undefined ? [] : [record(agent, TYPE.KEY, key)]),
    ...addresses.map((address) => parsed(agent, `${address.includes(':') ? 'AAAA' : 'A'} ${address}`)),
    ...texts.map((text) => parsed(agent, `TXT ${quoted(text)}`)),
    ...capabilities.map(({ name, parameters = '', priority = 1 }) => parsed(nameOrUrl(name, origin), `AGENT ${priority} ${agent} ${parameters}`)),
  ]
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** The UPDATE that registers or renews. `id` is the message's, 0 to 65,535, not to be guessed (RFC 5452 9.2). */
export function registerMessage(registration: Registration, lease: UpdateLease, id: number): Message {
  return updateMessage(registration, registrationRecords(registration), lease, id)
}

/** The UPDATE that withdraws everything that points at the agent; with `keyLease` above 0 its name stays reserved (RFC 9664 4.2). */
export function withdrawMessage(registration: Registration, id: number, keyLease = 0): Message {
  return updateMessage(registration, registrationRecords(registration), { lease: 0, keyLease }, id)
}

/** The UPDATE that deletes the records one by one (RFC 2136 2.5.4), for a server that knows no leases; `keepKey` leaves the KEY, which reserves the name. */
export function deleteMessage(registration: Registration, id: number, keepKey = false): Message {
  const records = registrationRecords(registration).filter(({ type }) => !(keepKey && type === TYPE.KEY))
  return updateMessage(registration, records.map(deletionOf), undefined, id)
}

function deletionOf(record: DnsRecord): DnsRecord {
  return { ...record, class: CLASS.NONE, ttl: 0 }
}

/** The UPDATE that replaces what was said before by what is said now: records no longer said are deleted, one by one (RFC 2136 2.5.4). */
export function changeMessage(before: Registration, now: Registration, lease: UpdateLease, id: number): Message {
  const records = registrationRecords(now)
  const kept = new Set(records.map(keyOf))
  const gone = registrationRecords(before).filter((record) => !kept.has(keyOf(record)))
  return updateMessage(now, [...gone.map(deletionOf), ...records], lease, id)
}

function keyOf({ name, type, rdata }: DnsRecord): string {
  return `${name.key} ${type} ${Buffer.from(rdata).toString('latin1')}`
}

function updateMessage(registration: Registration, authorities: DnsRecord[], lease: UpdateLease | undefined, id: number): Message {
  return makeMessage({
    id,
    opcode: OPCODE.UPDATE,
    agent: true,
    questions: [{ name: Name.parse(registration.provider), type: TYPE.SOA, class: CLASS[registration.class ?? 'IN'] }],
    authorities,
    edns: { udpSize: DEFAULT_UDP_OCTETS, version: 0, dnssecOk: false, compactOk: false, options: lease === undefined ? [] : [makeUpdateLease(lease)] },
  })
}
