/**
 * The recursive service in the config: its keys, and what they come to. Their form is checked by the schema; what no
 * schema can say (names of zones, what stands in the file of root hints) is told at its place.
 */
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { parseAddress } from '../dns/address.ts'
import { CLASS } from '../dns/codes.ts'
import { MAX_IMAGE_OCTETS } from '../dns/limits.ts'
import {
  DEFAULT_CACHE_OCTETS, MAX_CLIENT_NETWORKS, MAX_CONFIGURED_SERVERS, MAX_CONFIGURED_ZONES, MAX_STALE_SECONDS, MAX_TRACKED_KEYS, MIN_CACHE_OCTETS,
} from '../dns/limits-resolver.ts'
import type { DnsRecord } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { parsePrefix, type Prefix, PrefixList } from '../dns/prefix.ts'
import type { ConfiguredZone, Endpoint, Hint, Settings, TrustAnchor, ValidationSettings } from '../resolver/contract.ts'
import { hintsIn, ROOT_HINTS } from '../resolver/root-hints.ts'
import { anchorsIn, ROOT_ANCHORS } from '../resolver/trust-anchors.ts'
import { parseEndpoint } from '../transport/address.ts'
import { parseZone } from '../zone/parse.ts'
import { readRoot, type RootSource } from './local-root-file.ts'
import { readPolicy, type PolicySource } from './policy-file.ts'
import { reasonOf } from './reason.ts'
import type { KeyNotes } from './schema-notes.ts'
import { readSource } from './source-file.ts'
import type { YamlText } from './yaml-text.ts'

const PREFIX = 'must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix'
const SERVER = 'must be an address, such as 192.0.2.1, or address:port, such as 192.0.2.1:5300 or [2001:db8::1]:5300'
const PORT = 53

const flag = (about: string, fallback: boolean) => z.boolean().meta({ wanted: 'must be true or false', about } satisfies KeyNotes).default(fallback)

function networks(about: string, fallback: string[]) {
  const network = z.string().refine((text) => parsePrefix(text) !== undefined, PREFIX).meta({ wanted: PREFIX, about: 'A network.' })
  return z.array(network).max(MAX_CLIENT_NETWORKS).meta({ wanted: `must be a list of at most ${MAX_CLIENT_NETWORKS} networks`, about }).default(fallback)
}

function servers(about: string) {
  const server = z.string().refine((text) => parseServer(text) !== undefined, SERVER).meta({ wanted: SERVER, about: 'A server.' })
  const list = z.array(server).min(1).max(MAX_CONFIGURED_SERVERS).meta({ wanted: `must be a list of 1 to ${MAX_CONFIGURED_SERVERS} addresses`, about: 'Servers of a zone.' })
  return z.record(z.string(), list).meta({ wanted: 'must map names to lists of addresses', about } satisfies KeyNotes).default({})
}

function names(about: string, most?: number) {
  const list = z.array(z.string().meta({ wanted: 'must be a domain name', about: 'A name.' }))
  const [bounded, size] = most === undefined ? [list, ''] : [list.max(most), `at most ${most} `]
  return bounded.meta({ wanted: `must be a list of ${size}domain names`, about } satisfies KeyNotes).default([])
}

const path = (about: string) => z.string().min(1).meta({ wanted: 'must be the path of a file', about } satisfies KeyNotes)

/** The keys under `recursion`. */
export const recursionSchema = z
  .strictObject({
    allow: networks('Networks whose questions for names outside our zones are answered; all others are refused.', ['127.0.0.0/8', '::1/128']),
    cache: z.int().min(MIN_CACHE_OCTETS).max(MAX_IMAGE_OCTETS).meta({ wanted: `must be a number from ${MIN_CACHE_OCTETS} to ${MAX_IMAGE_OCTETS} (octets)`, about: 'Octets of the cache, all that it ever takes; another size takes effect at the next start.' } satisfies KeyNotes).default(DEFAULT_CACHE_OCTETS),
    stale: z.int().min(0).max(MAX_STALE_SECONDS).meta({ wanted: `must be a number from 0 to ${MAX_STALE_SECONDS} (seconds; 0 never)`, about: 'How long after its end a record is given where nobody can be asked, or not soon enough (RFC 8767); another time takes effect at the next start.' } satisfies KeyNotes).default(MAX_STALE_SECONDS),
    persist: flag('Whether the cache outlives the server: written to `data` when it stops, read when it starts.', false),
    hints: path('File with the root servers to begin with, as `named.root`; by default those of the Internet.').optional(),
    validate: flag('Whether answers are validated (RFC 4035 5): what should be proven and is not is SERVFAIL, unless the asker sets CD.', true),
    anchors: path('File of DS and DNSKEY records that are believed from the start; by default those of the root of the Internet.').optional(),
    'follow-anchors': flag('Whether trust anchors follow the roll-overs of their zones (RFC 5011): a key that is seen for thirty days beside those in use becomes one, and one that is revoked is none any more. What is tracked is kept in `data`; those of `anchors` are the beginning.', true),
    'negative-anchors': names('Names that count as unsigned, with all below, whatever is said above them (RFC 7646): for zones of one\'s own that the world does not know.', MAX_CONFIGURED_ZONES),
    policy: path('File of rules that come before what the world says, in the form of response policy zones; read again by each reload.').optional(),
    'local-root': path('Zone file of the root, as it is published: what root servers would be asked for is taken from it instead (RFC 8806), until it expires; read again by each reload.').optional(),
    stub: servers('Zones whose servers are given here: they are asked as any zone\'s, and what they delegate is followed, as in `{ corp.example.: ["192.0.2.1"] }`.'),
    forward: servers('Zones for which other recursive servers are asked, with all that lies below; `.` is everything.'),
    ipv4: flag('Whether servers are asked over IPv4.', true),
    ipv6: flag('Whether servers are asked over IPv6.', true),
    port: z.int().min(1).max(65_535).meta({ wanted: 'must be a number from 1 to 65535', about: 'Port of servers that are found by name; anything but 53 is for private trees.' } satisfies KeyNotes).default(PORT),
    minimise: flag('Whether servers on the way are told no more of a name than they need to send us on (RFC 9156).', true),
    'random-case': flag('Whether letters are sent in random case, as a further secret that a forger would have to guess.', true),
    'special-names': flag('Whether special-use names and private reverse zones are answered here and never asked of the world (RFC 6761, RFC 6303).', true),
    'never-ask': networks('Networks in which no server is asked, whatever the world says of its name servers; servers of `stub`, `forward` and `hints` are.', ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8']),
    'private-addresses': networks('Addresses that no name of the world may have, as they are inside (DNS rebinding); records with them are left out.', []),
    'private-names': names('Names that may have them, with all below.'),
  })
  .meta({ wanted: 'must be a map', about: 'Recursive service: names outside our zones are looked up for those allowed. Off unless it is there; `{}` is enough.' })

/** The values under `recursion`. */
export type RecursionValues = z.infer<typeof recursionSchema>

/** A recursive service as the config has it. */
export interface RecursionConfig {
  /** Who is served. */
  clients: Prefix[]
  cacheOctets: number
  /** Seconds for which what has expired may still be given. */
  staleSeconds: number
  /** The cache is kept over a restart. */
  persists: boolean
  /** Trust anchors follow the roll-overs of their zones. */
  followsAnchors: boolean
  /** The clock of validation is the server's to give. */
  settings: Omit<Settings, 'validation'> & { validation?: Omit<ValidationSettings, 'unixSeconds'> }
  policy?: PolicySource
  localRoot?: RootSource
}

/** What `values` come to; faults are told at their places. `base` is where relative paths start. */
export function settleRecursion(values: RecursionValues, yaml: YamlText, base: string): RecursionConfig {
  const settings: RecursionConfig['settings'] = {
    hints: settleHints(values.hints, yaml, base),
    zones: [...settleZones('stub', values.stub, yaml), ...settleZones('forward', values.forward, yaml)],
    ipv4: values.ipv4,
    ipv6: values.ipv6,
    dnssec: true,
    ...(values.validate && { validation: settleValidation(values, yaml, base) }),
    minimise: values.minimise,
    randomCase: values['random-case'],
    specialNames: values['special-names'],
    neverAsk: listOf(values['never-ask']),
    ...(values['private-addresses'].length === 0 ? {} : { privateAddresses: listOf(values['private-addresses']) }),
    privateNames: values['private-names'].flatMap((text, i) => settleName(text, ['private-names', i], yaml) ?? []),
    port: values.port,
  }
  if (!values.ipv4 && !values.ipv6) yaml.error(['recursion', 'ipv6'], 'Cannot use recursion.ipv6 false as recursion.ipv4 is false too: nobody could be asked')
  const root = values['local-root']
  const localRoot = root === undefined ? undefined : settleFile('local-root', root, yaml, base, readRoot)
  const policy = settlePolicy(values.policy, yaml, base)
  return { clients: prefixesOf(values.allow), cacheOctets: values.cache, staleSeconds: values.stale, persists: values.persist, followsAnchors: values['follow-anchors'], settings, ...policy, ...(localRoot && { localRoot }) }
}

function prefixesOf(texts: readonly string[]): Prefix[] {
  return texts.map((text) => parsePrefix(text) as Prefix) // the schema has tried it
}

function listOf(texts: readonly string[]): PrefixList {
  return new PrefixList(prefixesOf(texts))
}

function settleName(text: string, at: readonly PropertyKey[], yaml: YamlText): Name | undefined {
  try {
    return Name.parse(text)
  } catch (error) {
    yaml.error(['recursion', ...at], `Cannot use recursion.${at[0] as string} "${text}": ${reasonOf(error)}`)
    return undefined
  }
}

function settleZones(kind: ConfiguredZone['kind'], values: Readonly<Record<string, readonly string[]>>, yaml: YamlText): ConfiguredZone[] {
  const entries = Object.entries(values)
  if (entries.length > MAX_CONFIGURED_ZONES) yaml.error(['recursion', kind], `Cannot use recursion.${kind} as it must have at most ${MAX_CONFIGURED_ZONES} zones`)
  return entries.flatMap(([text, addresses]) => {
    const name = settleName(text, [kind, text], yaml)
    return name === undefined ? [] : [{ name, kind, servers: addresses.map((address) => parseServer(address) as Endpoint) }]
  })
}

/** The server that `text` writes: an address, or an address and a port. */
export function parseServer(text: string): Endpoint | undefined {
  const alone = parseAddress(text)
  if (alone !== undefined) return { address: alone, port: PORT }
  const endpoint = parseEndpoint(text)
  const address = endpoint && parseAddress(endpoint.host)
  return endpoint !== undefined && endpoint.port > 0 && address !== undefined ? { address, port: endpoint.port } : undefined
}

function settlePolicy(file: string | undefined, yaml: YamlText, base: string): { policy?: PolicySource } {
  const policy = file === undefined ? undefined : settleFile('policy', file, yaml, base, readPolicy)
  if (policy === undefined) return {}
  if (policy.ignored > 0) yaml.warn(['recursion', 'policy'], `Cannot act on ${policy.ignored} rules of recursion.policy "${file}" as they are not about names that are asked for, or want what is not done here`)
  return { policy }
}

function settleHints(file: string | undefined, yaml: YamlText, base: string): readonly Hint[] {
  const read = (path: string): Hint[] => oneAtLeast(hintsIn(recordsOf(path)), 'it names no root server with an address')
  return (file === undefined ? undefined : settleFile('hints', file, yaml, base, read)) ?? ROOT_HINTS
}

function settleValidation(values: RecursionValues, yaml: YamlText, base: string): { anchors: readonly TrustAnchor[]; negativeAnchors: Name[] } {
  const { anchors: file } = values
  const read = (path: string): TrustAnchor[] => trackable(oneAtLeast(anchorsIn(recordsOf(path)), 'it holds neither DS nor DNSKEY records'))
  const anchors = (file === undefined ? undefined : settleFile('anchors', file, yaml, base, read)) ?? ROOT_ANCHORS
  return { anchors, negativeAnchors: values['negative-anchors'].flatMap((text, i) => settleName(text, ['negative-anchors', i], yaml) ?? []) }
}

/** What `read` makes of a file; what it throws is told at `recursion.key`. */
function settleFile<Read>(key: 'hints' | 'anchors' | 'policy' | 'local-root', file: string, yaml: YamlText, base: string, read: (path: string) => Read): Read | undefined {
  try {
    return read(isAbsolute(file) ? file : join(base, file))
  } catch (error) {
    yaml.error(['recursion', key], `Cannot use recursion.${key} "${file}": ${reasonOf(error)}`)
    return undefined
  }
}

/** No more keys of a zone than can be tracked when they roll over. */
function trackable(anchors: TrustAnchor[]): TrustAnchor[] {
  const large = anchors.find(({ digests, keys }) => digests.length + keys.length > MAX_TRACKED_KEYS)
  if (large !== undefined) throw new Error(`it holds more than ${MAX_TRACKED_KEYS} keys of ${large.zone}`)
  return anchors
}

function oneAtLeast<Item>(items: Item[], reason: string): Item[] {
  if (items.length === 0) throw new Error(reason)
  return items
}

/** The records of a file in zone file form, names in it being whole; as tools print keys they have no TTL, which nobody asks for here. Throws at the first fault. */
function recordsOf(path: string): DnsRecord[] {
  const records: DnsRecord[] = []
  const add = (owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array, length: number): void => {
    records.push({ name: Name.fromWire(owner), type, class: CLASS.IN, ttl, rdata: rdata.slice(0, length) })
  }
  const [fault] = parseZone(readSource(path), { origin: Name.root.wire, class: CLASS.IN, defaultTtl: 0 }, { add }).reported
  if (fault !== undefined) throw new Error(String(fault))
  return records
}
