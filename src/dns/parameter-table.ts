/**
 * The one table of parameters: SvcParamKeys of IANA (RFC 9460 14.3.2), private ones of DNS-AID, and those by which
 * agents are described, measured, asked for and offered. Each row has its key, its kind of value and the places
 * where it may occur; outside them a key is octets without meaning, as another may use it otherwise.
 *
 *     A AGENT   S SENSE   T TASK   D DEMAND   O OFFER   V SVCB and HTTPS
 */
import { WireFault } from './faults.ts'
import {
  address, anyOctets, BadValue, base64, counted, fraction, hint, instant, list, name, nothing, oneOf, opaque, quantity, tuple, whole, words,
  type ValueKind,
} from './parameter-values.ts'

/** Where a list of parameters stands. */
export type Place = 'AGENT' | 'SENSE' | 'TASK' | 'DEMAND' | 'OFFER' | 'SVCB'

/** One parameter; `Value` is what its octets mean. */
export interface Parameter<Value = unknown> {
  readonly key: number
  /** Its name in text, such as `latency`. */
  readonly name: string
  /** Its name in DEMAND where that is another: what describes an agent as `location` is asked for as `near`. */
  readonly demandName?: string
  readonly kind: ValueKind<Value>
  /** Letters of the places where it has this meaning. */
  readonly places: string
  readonly meaning: string
}

type Row<Value> = Omit<Parameter<Value>, 'name'>

function row<Value>(key: number, kind: ValueKind<Value>, places: string, meaning: string, demandName?: string): Row<Value> {
  return demandName === undefined ? { key, kind, places, meaning } : { key, kind, places, meaning, demandName }
}

/** How busy an agent is; the numbers are those of TASK. */
export const STATES = ['idle', 'transition', 'occupied', 'draining', 'failed'] as const
/** One of `STATES`. */
export type State = (typeof STATES)[number]

const micros = quantity({ us: 1, ms: 1_000, s: 1_000_000 })
const millis = quantity({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000 })
const bitRate = quantity({ kbit: 1, Mbit: 1_000, Gbit: 1_000_000 })
const ratio = fraction(2, 10_000, 1)
const multiple = fraction(2, 10_000)
const cost = fraction(4, 1_000_000)
const count = whole(4)
const token = words(/^[A-Za-z0-9._:+-]{1,63}$/, 'must be a word of letters, digits and . _ : + -')
const tokens = list(counted(token))
const names = list(name)
const uri = words(/^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i, 'must be an absolute URI')
const prose = words(/^[^\0]+$/, 'must be text in UTF-8')
const privateValue = opaque(1)

/** Latitude and longitude in millionths of a degree (protocol: `near=48.2,16.4`). */
export interface Coordinates {
  latitude: number
  longitude: number
}

const MICRO = 1_000_000

const coordinates: ValueKind<Coordinates> = {
  form: 'i32 + i32 in 1/1000000 degree: 48.2,16.4',
  parse(text) {
    const match = /^(-?\d{1,2}(?:\.\d{1,6})?),(-?\d{1,3}(?:\.\d{1,6})?)$/.exec(text)
    const value = { latitude: Math.round(Number(match?.[1]) * MICRO), longitude: Math.round(Number(match?.[2]) * MICRO) }
    if (!onEarth(value)) throw new BadValue('must be latitude and longitude in degrees, such as 48.2,16.4')
    return value
  },
  print: ({ latitude, longitude }) => `${latitude / MICRO},${longitude / MICRO}`,
  read(wire) {
    const value = { latitude: wire.u32() | 0, longitude: wire.u32() | 0 }
    if (!onEarth(value)) throw new WireFault('Cannot read location as it is beyond 90 or 180 degrees', wire.at - 8)
    return value
  },
  write({ latitude, longitude }, out) {
    out.u32(latitude)
    out.u32(longitude)
  },
}

function onEarth({ latitude, longitude }: Coordinates): boolean {
  return Math.abs(latitude) <= 90 * MICRO && Math.abs(longitude) <= 180 * MICRO
}

/** Whether an agent serves one task at a time; `seconds` is how long a hold lasts, where told. */
export interface Binding {
  exclusive: boolean
  seconds?: number
}

const binding: ValueKind<Binding> = {
  form: 'u8 (0 shared, 1 exclusive) + u32 seconds, which may be left out: exclusive/3600',
  parse(text) {
    const match = /^(shared|exclusive)(?:\/(\d{1,10}))?$/.exec(text)
    const seconds = Number(match?.[2] ?? 0)
    if (match === null || seconds > 0xffff_ffff) throw new BadValue('must be shared, exclusive or exclusive/seconds')
    return match[2] === undefined ? { exclusive: match[1] === 'exclusive' } : { exclusive: match[1] === 'exclusive', seconds }
  },
  print: ({ exclusive, seconds }) => (exclusive ? 'exclusive' : 'shared') + (seconds === undefined ? '' : `/${seconds}`),
  read(wire) {
    const octet = wire.u8()
    if (octet > 1) throw new WireFault('Cannot read binding as it must be 0 or 1', wire.at - 1)
    return wire.remaining > 0 ? { exclusive: octet === 1, seconds: wire.u32() } : { exclusive: octet === 1 }
  },
  write({ exclusive, seconds }, out) {
    out.u8(exclusive ? 1 : 0)
    if (seconds !== undefined) out.u32(seconds)
  },
}

const NO_AGE = 0xffff_ffff

/** The age of a reading in milliseconds; null where there is none. */
const age: ValueKind<number | null> = {
  form: 'u32 in ms, 4294967295 none: as max-age, or none',
  parse: (text) => (text === 'none' ? null : millis.parse(text)),
  print: (value) => (value === null ? 'none' : millis.print(value)),
  read(wire) {
    const value = wire.u32()
    return value === NO_AGE ? null : value
  },
  write: (value, out) => out.u32(value ?? NO_AGE),
}

/** A key by its name. Which names there are is known only below, so it is looked up when it is used. */
const keyName: ValueKind<number> = {
  form: 'u16 key: its name',
  parse(text) {
    const key = parseKey(text)
    if (key === undefined) throw new BadValue('must be names of keys')
    return key
  },
  print: (key) => byKey.get(key)?.name ?? `key${key}`,
  read: (wire) => wire.u16(),
  write: (value, out) => out.u16(value),
}

const keyList = list(keyName)

/** RFC 9460 8: ascending on the wire, in any order in text, never `mandatory` itself, no key twice. */
const mandatoryKeys: ValueKind<number[]> = {
  ...keyList,
  parse(text) {
    const keys = keyList.parse(text).sort((a, b) => a - b)
    if (!ascending(keys)) throw new BadValue('must not name mandatory itself, nor a key twice (RFC 9460 8)')
    return keys
  },
  read(wire) {
    const at = wire.at
    const keys = keyList.read(wire)
    if (!ascending(keys)) throw new WireFault('Cannot read mandatory as its keys must ascend from 1 (RFC 9460 8)', at)
    return keys
  },
}

function ascending(keys: readonly number[]): boolean {
  return keys.every((key, i) => key > (i === 0 ? 0 : keys[i - 1]))
}

/** What became of an earlier choice, and the load that the agent told its client. */
const outcome = tuple('/', name, oneOf(['done', 'busy', 'unreachable', 'wrong']), micros, count, instant)

const rows = {
  mandatory: row(0, mandatoryKeys, 'AV', 'keys that the reader must know (RFC 9460 8)'),
  alpn: row(1, list(counted(anyOctets)), 'AV', 'protocols spoken besides the default (RFC 9460 7.1)'),
  'no-default-alpn': row(2, nothing, 'AV', 'the default protocol is not spoken (RFC 9460 7.1)'),
  port: row(3, whole(2), 'AV', 'port (RFC 9460 7.2)'),
  ipv4hint: row(4, list(hint(4)), 'AV', 'IPv4 addresses of the target (RFC 9460 7.3)'),
  ech: row(5, base64, 'AV', 'encrypted ClientHello configuration (RFC 9848)'),
  ipv6hint: row(6, list(hint(16)), 'AV', 'IPv6 addresses of the target (RFC 9460 7.3)'),
  dohpath: row(7, words(/^\/[^{}]*\{[^{}]*\bdns\b[^{}]*\}/, 'must be a path template with the variable dns'), 'AV', 'where DNS over HTTPS is (RFC 9461 5)'),
  ohttp: row(8, nothing, 'AV', 'reached through oblivious HTTP (RFC 9540 4)'),
  'tls-supported-groups': row(9, list(whole(2)), 'AV', 'TLS groups, in order of preference'),

  latency: row(65300, micros, 'ASD', 'response delay; demand: at most'),
  accuracy: row(65301, ratio, 'ASD', 'accuracy; demand: at least'),
  concurrency: row(65302, count, 'ASD', 'most sessions at once; demand: free slots at least'),
  active: row(65303, count, 'S', 'sessions in flight now'),
  cost: row(65304, cost, 'ASD', 'currency units per call; demand: at most'),
  stability: row(65305, ratio, 'ASD', 'stability; demand: at least'),
  history: row(65306, ratio, 'ASD', 'historical level; demand: at least'),
  uplink: row(65307, bitRate, 'SD', 'rate towards the agent; demand: at least'),
  downlink: row(65308, bitRate, 'SD', 'rate from the agent; demand: at least'),
  state: row(65309, oneOf(STATES), 'SO', 'how busy the agent is'),
  time: row(65310, instant, 'ST', 'when it was measured'),
  errors: row(65311, ratio, 'SD', 'share of failed requests; demand: at most'),
  arrivals: row(65312, count, 'S', 'requests received so far'),
  rejects: row(65313, count, 'S', 'requests turned away so far'),
  queue: row(65314, count, 'AS', 'waiting room beyond concurrency'),
  service: row(65315, micros, 'S', 'estimated service time'),
  binding: row(65320, binding, 'AD', 'shared, or held by one task while bound'),
  depends: row(65321, names, 'A', 'capabilities it must cooperate with'),
  provider: row(65322, names, 'AD', 'provider domains; demand: preferred'),
  location: row(65323, coordinates, 'AD', 'latitude and longitude; demand: near', 'near'),
  region: row(65324, token, 'AD', 'region'),
  security: row(65325, tokens, 'AD', 'security properties; demand: all required'),
  modality: row(65326, tokens, 'AD', 'text, audio, image, video; demand: all required'),
  weight: row(65327, whole(2), 'A', 'static share among equals'),
  endpoint: row(65328, uri, 'A', 'where the agent is called'),
  profile: row(65329, oneOf(['ordinary', 'performance-sensitive', 'short-lived']), 'A', 'how often readings are reported'),
  successor: row(65330, name, 'AT', 'replaces, or is replaced by'),
  color: row(65331, tuple('/', count, address), 'AO', 'SRv6 policy: color and endpoint'),
  alias: row(65332, words(/^[^\0]{1,63}$/, 'must be a label of 1 to 63 octets'), 'A', 'human name below the provider domain'),
  'sense-port': row(65333, whole(2), 'A', 'UDP port where the agent answers for its readings'),
  count: row(65340, whole(1), 'D', 'answers wanted'),
  avoid: row(65341, names, 'D', 'agents never to be returned'),
  peer: row(65342, list(address), 'DT', 'addresses of agents it will work with: prefer near them'),
  group: row(65343, name, 'DS', 'task group'),
  'max-age': row(65344, millis, 'D', 'oldest reading acceptable; older ones are fetched where the server does that'),
  'only-provider': row(65345, names, 'D', 'provider domains, no other'),
  closure: row(65346, nothing, 'D', 'also return agents for everything it depends on'),
  prefer: row(65347, list(tuple(':', keyName, whole(1))), 'D', 'weights of the criteria'),
  intent: row(65348, prose, 'D', 'the need in words, to be translated into a capability'),
  candidates: row(65349, nothing, 'D', 'all candidates with their readings, unranked'),
  outcome: row(65350, list(outcome), 'D', 'how earlier choices went: agent/result/latency/active/time'),
  scores: row(65360, list(ratio), 'O', 'score of each answer, 1 is ideal'),
  ages: row(65361, list(age), 'O', 'age of the reading used for each answer'),
  states: row(65362, list(oneOf(STATES)), 'O', 'state of each answer'),
  unmet: row(65363, list(count), 'O', 'bitmap of the wishes not met by each answer, in the order of the keys in DEMAND'),
  scope: row(65364, keyList, 'O', 'demand keys that shaped this answer'),
  translated: row(65365, tuple('/', name, ratio), 'O', 'capability that the intent was translated into, and its score'),
  reporting: row(65366, tuple('/', millis, multiple), 'O', 'advice to who reports readings: period, and change of load in parts of the slots'),
  result: row(65367, tuple('/', whole(2), whole(2)), 'O', 'of one question of many: RCODE, and info-code of its Extended DNS Error, 65535 none'),
  wanted: row(65368, nothing, 'O', 'changes of load are worth a message: somebody chooses by them, or is told of each'),
  role: row(65370, token, 'T', 'part in the group'),

  // DNS-AID draws on private keys without registered names, so they keep the form keyNNNNN
  key65400: row(65400, privateValue, 'AV', 'DNS-AID: capability descriptor'),
  key65401: row(65401, privateValue, 'AV', 'DNS-AID: digest of the descriptor'),
  key65402: row(65402, privateValue, 'AV', 'DNS-AID: agent protocols'),
  key65403: row(65403, privateValue, 'AV', 'DNS-AID: policy'),
  key65404: row(65404, privateValue, 'AV', 'DNS-AID: realm'),
  key65405: row(65405, privateValue, 'AV', 'DNS-AID: signature'),
  key65406: row(65406, privateValue, 'AV', 'DNS-AID: class of connection'),
  key65407: row(65407, privateValue, 'AV', 'DNS-AID: connection details'),
  key65408: row(65408, privateValue, 'AV', 'DNS-AID: where to enrol'),
  key65409: row(65409, privateValue, 'AV', 'DNS-AID: well-known suffix'),
}

/** Every parameter by its name: `PARAMETERS.latency.key` is 65300. */
export const PARAMETERS = Object.fromEntries(Object.entries(rows).map(([text, rest]) => [text, { name: text, ...rest }])) as {
  readonly [Name in keyof typeof rows]: (typeof rows)[Name] extends Row<infer Value> ? Parameter<Value> : never
}

const all: Parameter[] = Object.values<unknown>(PARAMETERS) as Parameter[]
const byKey = new Map(all.map((parameter) => [parameter.key, parameter]))
const byName = new Map(all.flatMap((parameter) => [parameter.name, ...(parameter.demandName ? [parameter.demandName] : [])].map((text) => [text, parameter])))
const LETTERS: Readonly<Record<Place, string>> = { AGENT: 'A', SENSE: 'S', TASK: 'T', DEMAND: 'D', OFFER: 'O', SVCB: 'V' }

/** The parameter that `key` is at `place`; undefined where it has no meaning there. */
export function parameterAt(key: number, place: Place): Parameter | undefined {
  const parameter = byKey.get(key)
  return parameter?.places.includes(LETTERS[place]) === true ? parameter : undefined
}

/** What `key` is called at `place`: its name, or keyNNNNN (RFC 9460 2.1). */
export function printKey(key: number, place: Place): string {
  const parameter = parameterAt(key, place)
  if (parameter === undefined) return `key${key}`
  return place === 'DEMAND' ? (parameter.demandName ?? parameter.name) : parameter.name
}

/** The key that `text` names, as keyNNNNN too (RFC 9460 2.1: no leading zeros; 14.3.2: never 65535); undefined if none. */
export function parseKey(text: string): number | undefined {
  const known = byName.get(text.toLowerCase())
  if (known !== undefined) return known.key
  const key = /^key(0|[1-9]\d{0,4})$/i.exec(text)
  return key !== null && Number(key[1]) < 0xffff ? Number(key[1]) : undefined
}

/** All parameters in ascending order of their keys, for documents and help. */
export function listParameters(): readonly Parameter[] {
  return all.toSorted((a, b) => a.key - b.key)
}
