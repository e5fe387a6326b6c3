/**
 * A private server of one private zone, for the rehearsal of updates (rehearsal.ts): the code that carries out signed
 * updates in earnest (the core, the proof by TSIG, the flows, RFC 2136, leases, candidates, what is framed for the disk, the signed response), with
 * counters, keys, leases and a zone of its own. Nothing of it is served, kept or logged.
 *
 *     template ── patched, signed ──▶ Core ──▶ Authenticator ──▶ UpdateEngine, the flows ──▶ frame of writes, dropped
 *
 * The zone is `rehearsal.invalid.`, a name that nobody can have (RFC 6761 6.4).
 */
import { CLASS, OPCODE, TYPE } from '../dns/codes.ts'
import { makeUpdateLease, type UpdateLease } from '../dns/edns.ts'
import { DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { encodeMessage, makeMessage } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { octetKey } from '../dns/octets.ts'
import { parseRecord } from '../dns/record-text.ts'
import { discoveryFlows } from '../discovery/flows.ts'
import { Authenticator } from '../dnssec/authenticate.ts'
import { makeKeyring, makeTsigKey, signTsigRequest, type TsigKey } from '../dnssec/tsig.ts'
import { TSIG_ALGORITHMS, type TsigAlgorithm } from '../dnssec/tsig-algorithms.ts'
import { Core } from '../server/core.ts'
import { Counters } from '../server/counters.ts'
import { encodeWrites } from '../store/frame.ts'
import { diskWrite } from '../store/store.ts'
import type { Keeper } from '../update/contract.ts'
import { UpdateEngine } from '../update/engine.ts'
import { Grants, OPERATIONS } from '../update/grants.ts'
import { ZoneBuilder } from '../zone/builder.ts'
import type { ZoneImage } from '../zone/image.ts'
import { parseZone } from '../zone/parse.ts'
import { rebuildImage } from '../zone/rebuild.ts'
import { replyTo } from './updating.ts'

const APEX = Name.parse('rehearsal.invalid.')
const ZONE = '@ 3600 SOA ns hostmaster 1 3600 600 86400 300\n@ 3600 NS ns\nns 3600 A 192.0.2.53\n'
const KEY = Name.parse('rehearsal-key.invalid.')
/** Octets of the block: pages are touched only as they fill, and one that is full moves to a larger one. */
const BLOCK_OCTETS = 2_097_152
/** What stands in a template where each message has a number of its own. */
const NUMBER = 'number'
/** RFC 5737 3: a client that cannot be one. */
const PEER = { transport: 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 53 } as const

/** One message to be: records, and the lease that an agent asks for. */
interface Script {
  records: readonly string[]
  lease?: UpdateLease
}

const OFFERS: readonly string[] = [
  `v1.${NUMBER}.text._cap.rehearsal.invalid. 60 IN AGENT 1 ${NUMBER}._sa.rehearsal.invalid. latency=180ms accuracy=0.97`,
  `v1.chat.text._cap.rehearsal.invalid. 60 IN AGENT 1 ${NUMBER}._sa.rehearsal.invalid. latency=90ms cost=3`,
]
const AT = `${NUMBER}._sa.rehearsal.invalid. 60 IN`
const LEASE: UpdateLease = { lease: 7_200, keyLease: 86_400 }

/** What most updates do, each with records of its own: an address and a text, an agent that registers, changes and renews, another that withdraws, and addresses changed back again. */
const SCRIPTS: readonly Script[] = [
  { records: [`${NUMBER}.rehearsal.invalid. 300 IN A 192.0.2.1`] },
  { records: [`${AT} A 192.0.2.7`, OFFERS[0]], lease: LEASE },
  { records: [`a.${NUMBER}.rehearsal.invalid. 300 IN AAAA 2001:db8::1`, `a.${NUMBER}.rehearsal.invalid. 300 IN TXT "${NUMBER}"`] },
  { records: [`${AT} A 192.0.2.8`, ...OFFERS], lease: LEASE },
  { records: [`${NUMBER}.rehearsal.invalid. 300 IN A 192.0.2.2`] },
  { records: [`b.${AT} A 192.0.2.9`], lease: LEASE },
  { records: [`${NUMBER}.rehearsal.invalid. 0 NONE A 192.0.2.1`] },
  { records: [`b.${AT} A 192.0.2.9`], lease: { lease: 0, keyLease: 0 } },
  { records: [`${AT} A 192.0.2.8`, ...OFFERS], lease: LEASE },
]

/** What the stage needs of the server around it. */
export interface StageOptions {
  /** Octets of a secret that nobody else has. */
  secret: Uint8Array
  onFault: (fault: unknown) => void
}

/** The private server. `open` before anything is played. */
export class RehearsalStage {
  /** Responses by RCODE; −1 counts messages without one. */
  readonly responses = new Map<number, number>()
  private readonly key: TsigKey
  private readonly engine: UpdateEngine
  private readonly core: Core
  private readonly templates: readonly Uint8Array[]
  private played = 0

  constructor({ secret, onFault }: StageOptions) {
    this.key = makeTsigKey(KEY, TSIG_ALGORITHMS.find(({ mnemonic }) => mnemonic === 'hmac-sha256') as TsigAlgorithm, secret)
    this.engine = this.makeEngine(onFault)
    this.core = new Core({
      handlers: { update: (message, requester) => this.engine.submit(message, requester).then((verdict) => replyTo(message, verdict)) },
      authenticator: new Authenticator({ keys: makeKeyring([this.key]), nowMs: () => Date.now() }),
      counters: new Counters(), nowSeconds: unixSeconds, nowMs, soon, after: (delayMs, run) => void setTimeout(run, delayMs).unref(), onFault,
    })
    this.templates = SCRIPTS.map(templateOf)
  }

  /** Opens the zone. */
  async open(): Promise<void> {
    const grant = { deny: false, key: KEY, kind: undefined, networks: undefined, scope: { kind: 'zone' }, types: 'every', operations: new Set(OPERATIONS) } as const
    await this.engine.open(makeZone(), { serial: 1, fingerprint: new Uint8Array(8) }, new Grants([grant]))
  }

  /** Plays so many updates at once; resolves when each has its response. */
  async play(count: number): Promise<void> {
    const now = unixSeconds()
    await Promise.all(Array.from({ length: count }, () => {
      const { octets } = signTsigRequest(this.next(), this.key, now)
      return this.core.handle({ octets, peer: PEER, reply: (response) => this.count(response[3] & 0x0f), drop: () => this.count(-1) })
    }))
  }

  /** SERIAL as the zone has it: one step for each update that changed something (RFC 2136 3.6), which is all but the last of the scripts. */
  get serial(): number {
    return this.engine.find(APEX, CLASS.IN)?.serial ?? 0
  }

  private count(rcode: number): void {
    this.responses.set(rcode, (this.responses.get(rcode) ?? 0) + 1)
  }

  /** The next message: each round of scripts has a number, each message an ID of its own. */
  private next(): Uint8Array {
    const number = this.played++
    const message = Uint8Array.from(this.templates[number % this.templates.length])
    message[0] = number >>> 8
    message[1] = number
    const digits = String(Math.floor(number / this.templates.length)).padStart(NUMBER.length, '0')
    for (let at = seek(message, 0); at !== -1; at = seek(message, at)) for (let i = 0; i < digits.length; i++) message[at + i] = digits.charCodeAt(i)
    return message
  }

  private makeEngine(onFault: StageOptions['onFault']): UpdateEngine {
    const keeper = makeKeeper()
    const discovery = discoveryFlows({ keeper, clock: { wallMs: () => Date.now(), monotonicMs: nowMs }, every: () => () => undefined, onFault })
    const engine = new UpdateEngine({
      keeper,
      flows: discovery.flows,
      zoneOf: (name, rrClass) => (rrClass === CLASS.IN && name.isWithin(APEX) ? APEX : undefined),
      nowMs: discovery.nowMs, clockMs: nowMs, soon,
      rebuild: (image, leastOctets) => Promise.resolve(rebuildImage(image, Math.max(BLOCK_OCTETS, leastOctets))),
      serve: () => Promise.resolve(),
      audit: () => undefined,
      onFault,
    })
    discovery.start(engine)
    return engine
  }
}

const nowMs = (): number => performance.now()
const unixSeconds = (): number => Math.floor(Date.now() / 1_000)
const soon = (run: () => void): void => void setImmediate(run)

/** Frames what would be kept, drops that, and remembers what agents will ask for again. */
function makeKeeper(): Keeper {
  const kept = new Map<string, Uint8Array>()
  return {
    keep: async (writes) => {
      encodeWrites(writes.map(diskWrite))
      for (const { space, key, value } of writes) {
        if (value === undefined) kept.delete(space + octetKey(key))
        else kept.set(space + octetKey(key), value)
      }
    },
    get: (space, key) => kept.get(space + octetKey(key)),
    scan: () => [],
  }
}

function makeZone(): ZoneImage {
  const builder = new ZoneBuilder({ apex: APEX.wire, class: CLASS.IN, seed: 0, expectedOctets: BLOCK_OCTETS })
  parseZone({ octets: Buffer.from(ZONE), file: APEX.toString() }, { origin: APEX.wire, class: CLASS.IN }, builder)
  return builder.finish()
}

function templateOf({ records, lease }: Script): Uint8Array {
  const questions = [{ name: APEX, type: TYPE.SOA, class: CLASS.IN }]
  const agent = lease && { agent: true, edns: { udpSize: DEFAULT_UDP_OCTETS, version: 0, dnssecOk: false, compactOk: false, options: [makeUpdateLease(lease)] } }
  return encodeMessage(makeMessage({ opcode: OPCODE.UPDATE, questions, authorities: records.map((text) => parseRecord(text)), ...agent }))
}

/** Where the next NUMBER stands; −1 for nowhere. */
function seek(message: Uint8Array, from: number): number {
  return Buffer.from(message.buffer, message.byteOffset, message.length).indexOf(NUMBER, from, 'latin1')
}
