/**
 * Which face a name belongs to: the forms under which today's software looks for services (docs/protocol.md 4), told from
 * the labels alone. Whether an agent stands there is seen by who asks for it (faces.ts).
 *
 *     _a2a._tcp.D                       service      RFC 6763 4, RFC 2782       also at a capability
 *     <subtype>._sub._a2a._tcp.D        subtype      RFC 6763 7.1
 *     <instance>._a2a._tcp.D            instance     RFC 6763 4.1
 *     _services._dns-sd._udp.D          types        RFC 6763 9
 *     b._dns-sd._udp.D                  domains      RFC 6763 11                also lb, db
 *     _index._agents.D                  index        DNS-AID                    _a2a._agents.D: those of one protocol
 *     <agent>._agents.D                 walk         DNS-AID; in its first drafts _<agent>._a2a._agents.D
 *     _tcp.D, _agents.D …               between      RFC 8020 2: what has names below it exists
 *     anything else                     own          a capability, an agent, or its human name
 */
import type { LookupName } from '../../dns/lookup-name.ts'
import { PROTOCOL } from '../ranking/protocols.ts'

/** Kinds of face. */
export const FACE = { own: 0, between: 1, service: 2, subtype: 3, instance: 4, types: 5, domains: 6, index: 7, walk: 8 } as const
/** A value of FACE. */
export type Face = (typeof FACE)[keyof typeof FACE]

/** Bits of what a zone shows, by their names in the config: addresses, SVCB and HTTPS, DNS-SD, DNS-AID. */
export const SHOWN = { address: 1, svcb: 2, 'dns-sd': 4, 'dns-aid': 8 } as const
/** All of them. */
export const ALL_SHOWN: number = SHOWN.address | SHOWN.svcb | SHOWN['dns-sd'] | SHOWN['dns-aid']

/** What a name asks for: `label` 0 is the particular one of subtype, instance and walk. */
export interface FaceName {
  kind: Face
  /** Bits of SHOWN of which the zone must show one. */
  shown: number
  /** Bits of PROTOCOL; 0 for any. */
  protocols: number
  /** The label with which the domain, or the capability, begins. */
  domain: number
}

const label = (text: string): Uint8Array => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])
const TCP = label('_tcp')
const UDP = label('_udp')
const SUB = label('_sub')
const DNS_SD = label('_dns-sd')
const SERVICES = label('_services')
const AGENTS = label('_agents')
const INDEX = label('_index')
const UNDERSCORE = 0x5f
const DOMAINS = ['b', 'lb', 'db'].map(label)
const SERVICE_LABELS = [{ octets: label('_a2a'), protocols: PROTOCOL.a2a }, { octets: label('_mcp'), protocols: PROTOCOL.mcp }]

/** The labels under which each protocol is browsed. */
export const SERVICE_TYPES: readonly { readonly octets: Uint8Array; readonly protocols: number }[] = SERVICE_LABELS
/** `_tcp`, as a label on the wire. */
export const TCP_LABEL: Uint8Array = TCP

/** Tells what `name` asks for, of a zone whose apex has `apexLabels` labels; `face` is filled. */
export function readFaceName(name: LookupName, apexLabels: number, face: FaceName): void {
  set(face, FACE.own, ALL_SHOWN, 0, 0)
  const last = name.labelCount - apexLabels // labels in front of the apex
  if (last < 1) return
  readServices(name, face)
  if (face.kind === FACE.own) readAgents(name, face)
  if (face.domain > last) set(face, FACE.own, ALL_SHOWN, 0, 0)
}

function readServices(name: LookupName, face: FaceName): void {
  const [first, second] = [protocolAt(name, 0), protocolAt(name, 1)]
  if (first !== 0 && is(name, 1, TCP)) set(face, FACE.service, SHOWN['dns-sd'], first, 2)
  else if (second !== 0 && is(name, 2, TCP)) set(face, is(name, 0, SUB) ? FACE.between : FACE.instance, SHOWN['dns-sd'], second, 3)
  else if (is(name, 1, SUB) && protocolAt(name, 2) !== 0 && is(name, 3, TCP)) set(face, FACE.subtype, SHOWN['dns-sd'], protocolAt(name, 2), 4)
  else if (is(name, 0, TCP) || is(name, 0, UDP)) set(face, FACE.between, SHOWN['dns-sd'], 0, 1)
  else if (is(name, 0, DNS_SD) && is(name, 1, UDP)) set(face, FACE.between, SHOWN['dns-sd'], 0, 2)
  else if (is(name, 1, DNS_SD) && is(name, 2, UDP)) readDomains(name, face)
}

function readDomains(name: LookupName, face: FaceName): void {
  if (is(name, 0, SERVICES)) set(face, FACE.types, SHOWN['dns-sd'], 0, 3)
  else if (DOMAINS.some((octets) => is(name, 0, octets))) set(face, FACE.domains, SHOWN['dns-sd'], 0, 3)
}

function readAgents(name: LookupName, face: FaceName): void {
  if (is(name, 0, AGENTS)) set(face, FACE.between, SHOWN['dns-aid'], 0, 1)
  if (protocolAt(name, 1) !== 0 && is(name, 2, AGENTS) && name.octets[1] === UNDERSCORE) set(face, FACE.walk, SHOWN['dns-aid'], protocolAt(name, 1), 3)
  if (!is(name, 1, AGENTS)) return
  const protocols = protocolAt(name, 0)
  set(face, is(name, 0, INDEX) || protocols !== 0 ? FACE.index : FACE.walk, SHOWN['dns-aid'], protocols, 2)
}

function protocolAt(name: LookupName, at: number): number {
  for (const { octets, protocols } of SERVICE_LABELS) if (is(name, at, octets)) return protocols
  return 0
}

/** Whether label `at` of the name, which is folded, is this one. */
function is(name: LookupName, at: number, octets: Uint8Array): boolean {
  if (at >= name.labelCount) return false
  const from = name.labelAt[at]
  for (let i = 0; i < octets.length; i++) if (name.octets[from + i] !== octets[i]) return false
  return true
}

function set(face: FaceName, kind: Face, shown: number, protocols: number, domain: number): void {
  face.kind = kind
  face.shown = shown
  face.protocols = protocols
  face.domain = domain
}
