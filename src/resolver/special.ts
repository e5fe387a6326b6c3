/**
 * Names that are answered here and never asked of the world: special-use names (RFC 6761 and later) and zones of private
 * and unroutable addresses (RFC 6303), which leak what is inside and burden the roots. A zone configured at or below
 * such a name comes first. They are nobody's to sign, and so never validated.
 */
import { CLASS, TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { parseRecord } from '../dns/record-text.ts'
import type { Finding } from './classify.ts'
import { SECURITY, TRUST, type RRset, type Settings } from './contract.ts'
import { configuredFor } from './cuts.ts'

/** How names are answered: as loopback, as names that do not exist, or from a zone that holds its apex alone. */
type Manner = 'loopback' | 'denied' | 'empty'

/** Names with what defines them. */
const SPECIAL: readonly (readonly [name: string, manner: Manner, text: string])[] = [
  ['localhost.', 'loopback', 'RFC 6761 6.3'],
  ['invalid.', 'denied', 'RFC 6761 6.4'],
  ['test.', 'denied', 'RFC 6761 6.2'],
  ['local.', 'denied', 'RFC 6762 22.1'],
  ['onion.', 'denied', 'RFC 7686 2'],
  ['alt.', 'denied', 'RFC 9476 2'],
  ['home.arpa.', 'empty', 'RFC 8375 4'],
  ['resolver.arpa.', 'empty', 'RFC 9462 8.2'],
  ['0.in-addr.arpa.', 'empty', 'RFC 6303 4.2'],
  ['10.in-addr.arpa.', 'empty', 'RFC 6303 4.1'],
  ...range(16, 31).map((octet) => [`${octet}.172.in-addr.arpa.`, 'empty', 'RFC 6303 4.1'] as const),
  ['168.192.in-addr.arpa.', 'empty', 'RFC 6303 4.1'],
  ...range(64, 127).map((octet) => [`${octet}.100.in-addr.arpa.`, 'empty', 'RFC 7793 3'] as const),
  ['127.in-addr.arpa.', 'empty', 'RFC 6303 4.2'],
  ['254.169.in-addr.arpa.', 'empty', 'RFC 6303 4.2'],
  ['2.0.192.in-addr.arpa.', 'empty', 'RFC 6303 4.2'],
  ['100.51.198.in-addr.arpa.', 'empty', 'RFC 6303 4.2'],
  ['113.0.203.in-addr.arpa.', 'empty', 'RFC 6303 4.2'],
  ['255.255.255.255.in-addr.arpa.', 'empty', 'RFC 6303 4.2'],
  [`${'0.'.repeat(32)}ip6.arpa.`, 'empty', 'RFC 6303 4.3'],
  [`1.${'0.'.repeat(31)}ip6.arpa.`, 'empty', 'RFC 6303 4.3'],
  ['d.f.ip6.arpa.', 'empty', 'RFC 6303 4.4'],
  ...['8', '9', 'a', 'b'].map((digit) => [`${digit}.e.f.ip6.arpa.`, 'empty', 'RFC 6303 4.5'] as const),
  ['8.b.d.0.1.0.0.2.ip6.arpa.', 'empty', 'RFC 6303 4.6'],
]

const byKey = new Map(SPECIAL.map(([text, manner]) => [Name.parse(text).key, manner]))

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** The answer to a special name, or undefined where the world is to be asked. */
export function answerSpecial(settings: Settings, name: Name, type: number): Exclude<Finding, { kind: 'lame' | 'error' | 'referral' | 'alias' }> | undefined {
  if (!settings.specialNames) return undefined
  for (let apex = name; apex.labelCount > 0; apex = apex.parent()) {
    const manner = byKey.get(apex.key)
    if (manner === undefined) continue
    const configured = configuredFor(settings, name)
    return configured?.name.isWithin(apex) === true ? undefined : answerAs(manner, apex, name, type)
  }
  return undefined
}

function answerAs(manner: Manner, apex: Name, name: Name, type: number): ReturnType<typeof answerSpecial> {
  if (manner === 'loopback') {
    const sets = LOOPBACK.filter(([own]) => own === type || type === TYPE.ANY).map(([own, rdata]) => ownSet(name, own, rdata))
    return sets.length > 0 ? { kind: 'answer', chain: [], sets, glue: [] } : denied('nodata', apex, name, type)
  }
  if (manner === 'denied' || !name.equals(apex)) return denied('nxdomain', apex, name, type)
  // RFC 6303 3: an empty zone has its SOA and NS, and nothing else
  if (type === TYPE.SOA) return { kind: 'answer', chain: [], sets: [soaOf(apex)], glue: [] }
  if (type === TYPE.NS) return { kind: 'answer', chain: [], sets: [ownSet(apex, TYPE.NS, apex.wire)], glue: [] }
  return denied('nodata', apex, name, type)
}

/** RFC 6761 6.3: the addresses of localhost and all names below. */
const LOOPBACK: readonly (readonly [type: number, rdata: Uint8Array])[] = [
  [TYPE.A, Uint8Array.of(127, 0, 0, 1)],
  [TYPE.AAAA, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
]

function denied(kind: 'nodata' | 'nxdomain', apex: Name, name: Name, type: number): ReturnType<typeof answerSpecial> {
  return { kind: 'absence', chain: [], absence: { kind, name, type, soa: soaOf(apex), proof: [], security: SECURITY.insecure } }
}

/** RFC 6303 3: the SOA of an empty zone. */
function soaOf(apex: Name): RRset {
  const record: DnsRecord = parseRecord(`@ 10800 IN SOA @ nobody.invalid. 1 3600 1200 604800 10800`, apex)
  return { name: apex, type: TYPE.SOA, records: [record], signatures: [], trust: TRUST.authoritative, security: SECURITY.insecure }
}

function ownSet(name: Name, type: number, rdata: Uint8Array): RRset {
  return { name, type, records: [{ name, type, class: CLASS.IN, ttl: 10_800, rdata }], signatures: [], trust: TRUST.authoritative, security: SECURITY.insecure }
}
