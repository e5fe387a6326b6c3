/**
 * The config file's keys: the one place where a key's name, shape, default and meaning stand. The reader
 * (config.ts) checks files against it, `docs/config.md` is compared with it by a test, and the TypeScript
 * type follows from it. Each value carries what it must be, in the words of an error message.
 */
import { z } from 'zod'
import { parseType, TYPE } from '../dns/codes.ts'
import {
  COOKIE_ROTATION_HOURS, DEFAULT_UDP_OCTETS, MAX_CHAOS_TEXT_OCTETS, MAX_CONFIG_ZONES, MAX_GRANTS, MAX_LISTEN_ADDRESSES, MAX_NSID_OCTETS, MAX_RATE_LIMIT_ALLOW,
  MAX_REGISTER_NETWORKS, MAX_TCP_CONNECTIONS, MAX_TCP_CONNECTIONS_PER_CLIENT, MAX_TSIG_KEYS, MAX_WORKERS, MIN_UDP_OCTETS, RATE_LIMIT_RESPONSES, RATE_LIMIT_SLIP,
  RATE_LIMIT_WINDOW_SECONDS, TCP_IDLE_MS,
} from '../dns/limits.ts'
import { MAX_ASKERS } from '../dns/limits-discovery.ts'
import { SHOWN } from '../discovery/faces/names.ts'
import { Name } from '../dns/name.ts'
import { parsePrefix } from '../dns/prefix.ts'
import { parseEndpoint } from '../transport/address.ts'
import { OPERATIONS, parseScope, SCOPE_FORMS } from '../update/grants.ts'
import { isMetaType, isProofType } from '../update/records.ts'
import { intentSchema } from './config-intent.ts'
import { probeSchema } from './config-probe.ts'
import { pullSchema } from './config-pull.ts'
import { recursionSchema } from './config-recursion.ts'
import { keysOf, type KeyLine, type KeyNotes } from './schema-notes.ts'

const text = (wanted: string, about: string) => z.string().meta({ wanted, about } satisfies KeyNotes)
const flag = (about: string) => z.boolean().meta({ wanted: 'must be true or false', about } satisfies KeyNotes)

function whole(from: number, to: number, unit: string, about: string) {
  return z.int().min(from).max(to).meta({ wanted: `must be a number from ${from} to ${to}${unit && ` (${unit})`}`, about } satisfies KeyNotes)
}

function shortText(maxOctets: number, about: string) {
  const wanted = `must be text of at most ${maxOctets} octets`
  return z.string().refine((value) => Buffer.byteLength(value) <= maxOctets, wanted).meta({ wanted, about } satisfies KeyNotes)
}

/** Adds an issue that says what is wrong with a name; its message completes `… as it`. */
function checkName(value: string, context: z.RefinementCtx): void {
  try {
    Name.parse(value)
  } catch (error) {
    const wanted = / as it (.*)$/.exec((error as Error).message)?.[1] ?? 'must be a domain name'
    context.addIssue({ code: 'custom', message: wanted })
  }
}

const LISTEN = 'must be address:port, such as 127.0.0.1:5300 or [::1]:5300 (tls:// and https:// are not served yet)'

const listen = z
  .array(z.string().refine((value) => parseEndpoint(value) !== undefined, LISTEN).meta({ wanted: LISTEN, about: 'One address, for UDP and TCP; 0.0.0.0 and [::] stand for every address of the machine.' }))
  .min(1)
  .max(MAX_LISTEN_ADDRESSES)
  .meta({ wanted: `must be a list of 1 to ${MAX_LISTEN_ADDRESSES} addresses`, about: 'Addresses to answer on, each over UDP and TCP.' })

const PREFIX = 'must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix'
const isPrefix = (text: string): boolean => parsePrefix(text) !== undefined
const network = (about: string) => z.string().refine(isPrefix, PREFIX).meta({ wanted: PREFIX, about })

const SCOPE = `must be ${SCOPE_FORMS}`
const GRANT_TYPE = 'must be a type that a zone can hold and an update can change, or ANY for every one'

/** Adds an issue that says what is wrong with a scope. */
function checkScope(value: string, context: z.RefinementCtx): void {
  let isScope = false
  try {
    isScope = parseScope(value) !== undefined
  } catch {
    // its name is none
  }
  if (!isScope) context.addIssue({ code: 'custom', message: SCOPE })
}

function isGrantType(text: string): boolean {
  const type = parseType(text)
  return type !== undefined && (type === TYPE.ANY || !(isMetaType(type) || isProofType(type)))
}

const grant = z
  .strictObject({
    key: z.string().superRefine((value, context) => (value === '*' ? undefined : checkName(value, context))).meta({ wanted: 'must be the name of a key, or "*"', about: 'Key that must have signed; `"*"` is any that is proven.' }).optional(),
    kind: z.enum(['tsig', 'sig0']).meta({ wanted: 'must be tsig or sig0', about: 'Kind of the key; either by default.' }).optional(),
    network: z.array(network('A network.')).min(1).meta({ wanted: 'must be a list of networks', about: 'Networks that the update must come from; any by default.' }).optional(),
    unsigned: flag('Whether an update from `network` is carried out though nobody has signed it. Addresses are easily forged over UDP.').default(false),
    scope: z.string().superRefine(checkScope).meta({ wanted: SCOPE, about: 'Names that may be changed: all of the zone (`zone`), one (`name N`), one and all below it (`subdomain N`), all below one (`wildcard *.N`), the name of the key itself (`self`), or that and all below it (`selfsub`).' }).default('zone'),
    types: z.array(z.string().refine(isGrantType, GRANT_TYPE).meta({ wanted: GRANT_TYPE, about: 'A type.' })).min(1).meta({ wanted: 'must be a list of types', about: 'Types that may be changed; `ANY` is every one. By default every one but SOA and NS.' }).optional(),
    operations: z.array(z.enum(OPERATIONS).meta({ wanted: `must be one of ${OPERATIONS.join(', ')}`, about: 'An operation.' })).min(1).meta({ wanted: `must be a list of ${OPERATIONS.join(', ')}`, about: 'What may be done; all three by default.' }).optional(),
    deny: flag('Whether what matches is refused instead.').default(false),
  })
  .meta({ wanted: 'must be { key, scope, types }', about: 'One grant.' })

const grants = (about: string) => z.array(grant).max(MAX_GRANTS).meta({ wanted: `must be a list of at most ${MAX_GRANTS} grants`, about }).default([])

const FACES = Object.keys(SHOWN) as (keyof typeof SHOWN)[]

const ASKING_KEY = 'must be the name of a key, "*" for any that is proven, or "*.acme.example" for all below a name'

function isAskingKey(text: string): boolean {
  try {
    return text === '*' || !Name.parse(text.replace(/^\*\./, '')).wire.includes(0x2a)
  } catch {
    return false
  }
}

const askers = z
  .strictObject({
    networks: z.array(network('A network.')).max(MAX_ASKERS).meta({ wanted: `must be a list of at most ${MAX_ASKERS} networks`, about: 'Networks from which agents may be looked for. Addresses are easily forged over UDP, where the answer then goes to the forged one.' }).default([]),
    keys: z.array(z.string().refine(isAskingKey, ASKING_KEY).meta({ wanted: ASKING_KEY, about: 'A key.' })).max(MAX_ASKERS).meta({ wanted: `must be a list of at most ${MAX_ASKERS} keys`, about: 'Keys, of TSIG or SIG(0), that may look for agents from anywhere by signing the query; `"*"` is any that is proven, `"*.acme.example"` every one whose name lies below that.' }).default([]),
  })
  .meta({ wanted: 'must be { networks, keys }', about: 'Who may look for the agents of the zone; everybody by default. Others are REFUSED with Extended DNS Error 49156 for AGENT, SENSE and TASK and for all names of capabilities, and find nothing that is derived of agents.' })

/** The local area unless configured: loopback, and what no router of the Internet forwards (RFC 1918 3, RFC 3927 7, RFC 4193 3.1, RFC 4291 2.5.6). */
const LOCAL_NETWORKS = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '::1/128', 'fc00::/7', 'fe80::/10']

const zone = z
  .strictObject({
    name: z.string().superRefine(checkName).meta({ wanted: 'must be a domain name', about: 'Name of the zone; the final dot may be left out.' }),
    file: text('must be the path of a zone file', 'Zone file, relative to the config file.').min(1),
    class: z.enum(['IN', 'LOCAL']).meta({ wanted: 'must be IN or LOCAL', about: 'Class of the zone: IN for the Internet, LOCAL for the local area.' }).default('IN'),
    grants: grants('Who may change the zone by update; the first grant that matches a record decides, and none refuses.'),
    register: z
      .array(network('A network.'))
      .max(MAX_REGISTER_NETWORKS)
      .meta({ wanted: `must be a list of at most ${MAX_REGISTER_NETWORKS} networks`, about: 'Networks from which whoever proves a KEY of its own may register itself, first come, first served (RFC 9665); none by default. Everybody else needs a grant.' })
      .default([]),
    'default-service': flag('Whether registrations in `default.service.arpa.` are taken into this zone (RFC 9665 3.2.2).').default(false),
    faces: z
      .array(z.enum(FACES).meta({ wanted: `must be one of ${FACES.join(', ')}`, about: 'A form.' }))
      .meta({ wanted: `must be a list of ${FACES.join(', ')}`, about: 'Forms, besides AGENT, in which agents are answered to software that does not know it: `address` (A and AAAA at capabilities and human names), `svcb` (SVCB and HTTPS), `dns-sd` (RFC 6763), `dns-aid`.' })
      .default([...FACES]),
    askers: askers.optional(),
    probe: probeSchema.optional(),
    pull: pullSchema.optional(),
  })
  .meta({ wanted: 'must be { name, file }', about: 'One zone.' })

const SECRET = 'must be 32 hexadecimal digits'
const secret = (about: string) => text(SECRET, about).regex(/^[0-9a-fA-F]{32}$/)

const identity = z
  .strictObject({
    version: shortText(MAX_CHAOS_TEXT_OCTETS, 'Answer to `version.bind. CH TXT` and `version.server.`; empty refuses (RFC 4892).').default('waggle'),
    id: shortText(MAX_CHAOS_TEXT_OCTETS, 'Answer to `id.server. CH TXT` and `hostname.bind.`; empty refuses (RFC 4892).').default(''),
    nsid: shortText(MAX_NSID_OCTETS, 'Name Server Identifier, given to who asks for it; empty gives none (RFC 5001).').default(''),
  })
  .meta({ wanted: 'must be a map', about: 'Who this server says it is.' })

const cookies = z
  .strictObject({
    enabled: flag('Whether DNS Cookies are given and checked (RFC 7873).').default(true),
    require: flag('Whether a UDP query with a cookie, but not one of ours, is sent back for a new one (BADCOOKIE, RFC 7873 5.2.3).').default(false),
    secret: secret('Secret of the cookies, shared by servers behind one address (RFC 9018); by default random at each start.').optional(),
    previous: secret('The secret before this one, still accepted while clients move on (RFC 9018 5).').optional(),
    rotate: whole(0, 168, 'hours; 0 never', 'After this time a random secret gives way to a new one, and is accepted as the previous one; a `secret` of the config stays (RFC 9018 5).').default(COOKIE_ROTATION_HOURS),
  })
  .meta({ wanted: 'must be a map', about: 'DNS Cookies.' })

const rateLimit = z
  .strictObject({
    responses: whole(0, 100_000, 'a second; 0 limits nothing', 'Responses over UDP a second to one network (a /24 of IPv4, a /56 of IPv6) about one thing; the threads share it evenly.').default(RATE_LIMIT_RESPONSES),
    slip: whole(0, 100, '', 'One in so many limited responses is sent without records and with TC, so that a true asker turns to TCP; 0 sends none, 1 each.').default(RATE_LIMIT_SLIP),
    window: whole(1, 3_600, 'seconds', 'How long after its end a flood can keep itself shut out.').default(RATE_LIMIT_WINDOW_SECONDS),
    allow: z
      .array(network('A network.'))
      .max(MAX_RATE_LIMIT_ALLOW)
      .meta({ wanted: `must be a list of at most ${MAX_RATE_LIMIT_ALLOW} networks`, about: 'Networks that are never limited.' })
      .default(['127.0.0.0/8', '::1/128']),
  })
  .meta({ wanted: 'must be a map', about: 'Response rate limiting.' })

const METRICS = 'must be address:port, such as 127.0.0.1:9153'

const tcp = z
  .strictObject({
    connections: whole(1, 65_536, '', 'Connections held at once; a new one above that takes the place of the longest idle.').default(MAX_TCP_CONNECTIONS),
    'per-client': whole(1, 65_536, '', 'Connections held at once from one client: an IPv4 address, or a /64 of IPv6.').default(MAX_TCP_CONNECTIONS_PER_CLIENT),
    idle: whole(1, 3_600, 'seconds', 'Time without a query after which a connection is closed (RFC 7766 6.2.3).').default(TCP_IDLE_MS / 1_000),
  })
  .meta({ wanted: 'must be a map', about: 'Bounds of TCP.' })

const push = z
  .strictObject({
    networks: z
      .array(network('A network.'))
      .max(MAX_ASKERS)
      .meta({ wanted: `must be a list of at most ${MAX_ASKERS} networks`, about: 'Networks from which changes may be subscribed to; nobody else is told that it can be done. TCP is not encrypted: the RFC wants TLS, so networks beyond this host should be those that are trusted to carry it.' })
      .default(['127.0.0.0/8', '::1/128']),
  })
  .meta({ wanted: 'must be { networks }', about: 'Changes that are told over TCP to those who subscribe (RFC 8765).' })

const key = z
  .strictObject({
    name: z.string().superRefine(checkName).meta({ wanted: 'must be a domain name', about: 'Name of the key; the final dot may be left out.' }),
    algorithm: text('must be the name of an HMAC', 'Algorithm, such as hmac-sha256.').default('hmac-sha256'),
    secret: text('must be base64', 'The secret, in base64.'),
  })
  .meta({ wanted: 'must be { name, algorithm, secret }', about: 'One TSIG key.' })

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/** The whole config file. */
export const configSchema = z
  .strictObject({
    listen: listen.default(['127.0.0.1:5300']),
    workers: whole(1, MAX_WORKERS, '', 'Threads that answer UDP in batches (mmsg); for each two of them one more answers TCP, and has its share of `tcp`. By default as many as there are processors.').optional(),
    transport: z
      .enum(['auto', 'mmsg', 'dgram'])
      .meta({ wanted: 'must be auto, mmsg or dgram', about: 'How sockets are read: by threads that call the system directly (mmsg, Linux), through Node (dgram), or the better that works here (auto). With dgram other servers are asked through Node too.' })
      .default('auto'),
    data: text('must be the path of a directory', 'Directory for what the server keeps, and for its control socket; made where it is missing.').min(1).default('./data'),
    'udp-size': whole(MIN_UDP_OCTETS, 4_096, 'octets', 'Largest answer over UDP; a longer one is truncated (RFC 6891 6.2.5).').default(DEFAULT_UDP_OCTETS),
    server: identity.prefault({}),
    cookies: cookies.prefault({}),
    'rate-limit': rateLimit.prefault({}),
    tcp: tcp.prefault({}),
    push: push.prefault({}),
    metrics: z
      .string()
      .refine((value) => parseEndpoint(value) !== undefined, METRICS)
      .meta({ wanted: METRICS, about: 'Where Prometheus may fetch the metrics: `/metrics` over HTTP, without a password; off by default.' })
      .optional(),
    log: z.enum(LEVELS).meta({ wanted: `must be one of ${LEVELS.join(', ')}`, about: 'Least level that is logged.' }).default('info'),
    rehearse: flag('Whether updates are played to a zone of nobody after the start, where any can come, so that the first in earnest are as quick as the others; at most two seconds of processor time.').default(true),
    local: z.array(network('A network.')).max(MAX_ASKERS).meta({ wanted: `must be a list of at most ${MAX_ASKERS} networks`, about: 'Networks of the local area: questions in class LOCAL from elsewhere are REFUSED.' }).default(LOCAL_NETWORKS),
    zones: z.array(zone).max(MAX_CONFIG_ZONES).meta({ wanted: `must be a list of at most ${MAX_CONFIG_ZONES} zones`, about: 'Zones to serve.' }).default([]),
    keys: z.array(key).max(MAX_TSIG_KEYS).meta({ wanted: 'must be a list of keys', about: 'TSIG keys (RFC 8945): who signs with one is who it says, and gets signed responses.' }).default([]),
    grants: grants('Grants for every zone, behind its own.'),
    intent: intentSchema.optional(),
    recursion: recursionSchema.optional(),
  })
  .meta({ wanted: 'must be a map of keys', about: 'The config file.' })

/** The config file's values with every default filled in. */
export type ConfigValues = z.infer<typeof configSchema>

/** Keys whose change a reload puts into use; all others take effect at the next start. */
export const RELOADED_KEYS: ReadonlySet<string> = new Set<keyof ConfigValues>(['udp-size', 'server', 'cookies', 'rate-limit', 'push', 'metrics', 'local', 'zones', 'keys', 'grants', 'recursion'])

/** Every key in the order of the schema, groups before their members. */
export function configKeys(): KeyLine[] {
  return keysOf(configSchema)
}
