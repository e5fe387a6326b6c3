/**
 * Capability identifiers (docs/protocol.md 2): what an agent can do, as a name and as a URL, one to one.
 *
 *     mtls.v2.translate.text.nlp._cap.acme.example.
 *     |    |  |                       domain
 *     |    |  type, the most particular label first
 *     |    version: v<major>[-<minor>]
 *     security: open, tls, mtls, attested; left out it means open
 *
 *     agent://acme.example/nlp/text/translate/v2?security=mtls
 *
 * A registration names a version and a type. A query may stop at any ancestor, down to `_cap.<domain>`.
 * Labels are letters, digits and hyphens (RFC 952, RFC 1123 2.1), so that name and URL need no escapes.
 */
import { TextFault } from '../../dns/faults.ts'
import { MAX_LABEL_OCTETS } from '../../dns/limits.ts'
import { CAPABILITY_NAMES_AT_HAND } from '../../dns/limits-discovery.ts'
import { fold, Name } from '../../dns/name.ts'

/** What a capability demands of the connection, from least to most. */
export const SECURITY = ['open', 'tls', 'mtls', 'attested'] as const
/** One of `SECURITY`. */
export type Security = (typeof SECURITY)[number]

/** The mark below which capabilities stand. */
export const CAPABILITY_MARK = '_cap'

/** A capability, or an ancestor of some. */
export interface Capability {
  /** Whose tree it is: `acme.example.` */
  domain: Name
  /** Labels from the general to the particular, in lower case: `['nlp', 'text', 'translate']`. */
  type: string[]
  version?: { major: number; minor?: number }
  /** Left out where the name leaves it out. */
  security?: Security
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/
const DOMAIN_LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/
const VERSION = /^v(0|[1-9]\d{0,4})(?:-(0|[1-9]\d{0,4}))?$/

/** The capability that `name` writes; undefined where it is none. A version is there only where the name has one. */
export function readCapability(name: Name): Capability | undefined {
  const labels = labelsOf(name)
  const mark = labels.indexOf(CAPABILITY_MARK)
  const domainLabels = labels.slice(mark + 1)
  if (mark < 0 || domainLabels.length === 0 || !domainLabels.every((label) => DOMAIN_LABEL.test(label))) return undefined
  const head = labels.slice(0, mark)
  const security = VERSION.test(head[1] ?? '') ? SECURITY.find((word) => word === head[0]) : undefined
  if (security !== undefined) head.shift()
  const version = readVersion(head[0])
  if (version !== undefined) head.shift()
  if (!isType(head) || (version !== undefined && head.length === 0)) return undefined
  return made(Name.parse(`${domainLabels.join('.')}.`), head.reverse(), version, security)
}

/** The security that stands before the version in the wire name of a capability; undefined where none does. */
export function securityLabelOf(wire: Uint8Array): Security | undefined {
  const versionAt = 1 + wire[0]
  if (wire[0] === 0 || fold(wire[versionAt + 1]) !== 0x76) return undefined // no v: most names have no such label
  const word = labelAt(wire, 0)
  return SECURITY.find((known) => known === word && VERSION.test(labelAt(wire, versionAt)))
}

/** Whether a registration may stand at the capability: it names a type and a version. */
export function isComplete(capability: Capability): boolean {
  return capability.version !== undefined && capability.type.length > 0
}

/** Whether a registration may stand at the name: it writes a capability with type and version. Names that were asked about lately are known, as many agents offer the same. */
export function isCompleteName(name: Name): boolean {
  const known = judged.get(name.key)
  if (known !== undefined) return known
  const capability = readCapability(name)
  const isOne = capability !== undefined && isComplete(capability)
  if (judged.size >= CAPABILITY_NAMES_AT_HAND) judged.clear()
  judged.set(name.key, isOne)
  return isOne
}

const judged = new Map<string, boolean>()

/** The name of a capability: `v2.translate.text.nlp._cap.acme.example.` TextFault where it would be longer than a name may be. */
export function capabilityName({ domain, type, version, security }: Capability): Name {
  const labels = [...type].reverse()
  if (version !== undefined) labels.unshift(printVersion(version))
  if (security !== undefined) labels.unshift(security)
  return Name.parse([...labels, CAPABILITY_MARK].join('.'), domain)
}

/** The URL of a capability: `agent://acme.example/nlp/text/translate/v2?security=mtls`. */
export function printCapabilityUrl({ domain, type, version, security }: Capability): string {
  const path = version === undefined ? type : [...type, printVersion(version)]
  const host = domain.toString().slice(0, -1).toLowerCase()
  return `agent://${host}${path.map((label) => `/${label}`).join('')}${security === undefined ? '' : `?security=${security}`}`
}

/** The capability that a URL names. TextFault where it names none. */
export function parseCapabilityUrl(url: string): Capability {
  const match = /^agent:\/\/([^/?#]+)((?:\/[^/?#]+)*)\/?(?:\?security=([a-z]+))?$/i.exec(url)
  if (match === null) throw refused(url, 'must be agent://domain/general/particular/v1?security=open')
  const [host, path, word] = [match[1].toLowerCase().replace(/\.$/, ''), match[2].toLowerCase().split('/').slice(1), match[3]?.toLowerCase()]
  if (!host.split('.').every((label) => DOMAIN_LABEL.test(label) && label.length <= MAX_LABEL_OCTETS)) throw refused(url, 'must name a domain of letters, digits and hyphens')
  const version = readVersion(path.at(-1))
  if (version !== undefined) path.pop()
  if (!isType(path)) throw refused(url, 'must have a path of letters, digits and hyphens with the version last')
  if (version !== undefined && path.length === 0) throw refused(url, 'must name what has the version')
  const security = SECURITY.find((known) => known === word)
  if (word !== undefined && security === undefined) throw refused(url, `must have a security of ${SECURITY.join(' ')}`)
  if (security !== undefined && version === undefined) throw refused(url, 'must name a version where it names a security')
  return made(Name.parse(`${host}.`), path, version, security)
}

/** Whether a text is, or means to be, the URL of a capability rather than a name. */
export function isCapabilityUrl(text: string): boolean {
  return /^agent:/i.test(text)
}

/** The name that `agent://…`, or a name as in zone files, stands for; a name without its final dot is below `origin`. TextFault where it cannot be read. */
export function nameOrUrl(text: string, origin?: Name): Name {
  return isCapabilityUrl(text) ? capabilityName(parseCapabilityUrl(text)) : Name.parse(text, origin)
}

/** The URL of the capability that `name` writes; undefined where it is none. */
export function urlOfName(name: Name): string | undefined {
  const capability = readCapability(name)
  return capability && printCapabilityUrl(capability)
}

/** The security that the capability asks for, `open` where it says none. */
export function securityOf(capability: Capability): Security {
  return capability.security ?? 'open'
}

function made(domain: Name, type: string[], version: Capability['version'], security: Security | undefined): Capability {
  return { domain, type, ...(version && { version }), ...(security && { security }) }
}

function isType(labels: readonly string[]): boolean {
  return labels.every((label) => LABEL.test(label) && label.length <= MAX_LABEL_OCTETS && !VERSION.test(label))
}

function readVersion(label: string | undefined): Capability['version'] {
  const match = VERSION.exec(label ?? '')
  if (match === null) return undefined
  return match[2] === undefined ? { major: Number(match[1]) } : { major: Number(match[1]), minor: Number(match[2]) }
}

function printVersion({ major, minor }: { major: number; minor?: number }): string {
  return minor === undefined ? `v${major}` : `v${major}-${minor}`
}

function refused(url: string, wanted: string): TextFault {
  return new TextFault(`Cannot parse capability "${url}" as it ${wanted}`, { file: '<capability>', line: 1, column: 1 })
}

/** The label at `at` of a wire name, in lower case, one character for each octet. */
export function labelAt(wire: Uint8Array, at: number): string {
  let label = ''
  for (let i = at + 1; i <= at + wire[at]; i++) label += String.fromCharCode(fold(wire[i]))
  return label
}

/** The labels of a name from the left, in lower case, one character for each octet. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = []
  const { wire } = name
  const text = Buffer.from(wire.buffer, wire.byteOffset, wire.length).toString('latin1').toLowerCase()
  for (let at = 0; wire[at] !== 0; at += wire[at] + 1) labels.push(text.slice(at + 1, at + 1 + wire[at]))
  return labels
}
