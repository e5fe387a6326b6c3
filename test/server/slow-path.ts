/**
 * The slow path as the server joins it, without sockets: the core over the true authenticator and the true engine
 * of updates, whose clocks stand until a test moves them and whose store is a map that a test holds up or breaks.
 */
import assert from 'node:assert/strict'
import { OPCODE, RCODE, TYPE } from '../../src/dns/codes.ts'
import { encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Authenticator, type AuthenticatorOptions } from '../../src/dnssec/authenticate.ts'
import { makeKeyring } from '../../src/dnssec/tsig.ts'
import { Core, type CoreOptions } from '../../src/server/core.ts'
import type { CoreHandler, CoreMessage } from '../../src/server/core-contract.ts'
import { Counters } from '../../src/server/counters.ts'
import { keyOf } from '../dnssec/signed.ts'
import { KEY, peerSign, type PeerKey, type PeerTsig } from '../dnssec/tsig-peer.ts'
import { bench, grant, type Bench, type BenchParts } from '../update/support.ts'
import { NOW, serverOf, udp } from './messages.ts'

export { KEY, NOW }

/** A key of nobody. */
export const STRANGER: PeerKey = { ...KEY, name: 'other.example' }
/** The key's name, the secret of another. */
export const FORGER: PeerKey = { ...KEY, secret: Buffer.from('some other secret, as long as that') }

/** Told to whoever asks for it (RFC 5001). */
const NSID = new Uint8Array(64).fill(7)

/** The update `add NAME 60 A 192.0.2.9` of zone example., unsigned. */
export function adding(id: number, name = `n${id}.example.`, parts: Partial<Message> = {}): Buffer {
  const zone = { name: Name.parse('example.'), type: TYPE.SOA, class: 1 }
  const record = { name: Name.parse(name), type: TYPE.A, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 9) }
  return Buffer.from(encodeMessage(makeMessage({ id, opcode: OPCODE.UPDATE, questions: [zone], authorities: [record], ...parts })))
}

/** The same as a compact update (docs/protocol.md 5). */
export function addingCompact(id: number, name = `n${id}.example.`, parts: Partial<Message> = {}): Buffer {
  const record = { name: Name.parse(name), type: TYPE.A, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 9) }
  return Buffer.from(encodeMessage(makeMessage({ id, opcode: OPCODE.AGENT, answers: [record], ...parts })))
}

/** The message as the key's holder signs it now. */
export const signedBy = (message: Buffer, key: PeerKey = KEY, tsig: Partial<PeerTsig> = {}): Buffer => peerSign(message, key, { time: NOW, ...tsig }).octets

/** The running path. */
export interface SlowPath {
  core: Core
  authenticator: Authenticator
  bench: Bench
  counters: Counters
  /** Milliseconds of both clocks since the start. */
  clock: { ms: number }
  /** Faults of ours that were reported. */
  faults: unknown[]
  /** Hands a message over; its one reply, or null for silence. */
  send(octets: Uint8Array, peer?: CoreMessage['peer']): Promise<Uint8Array | null>
  /** The zone's serial steps since the start. */
  steps(): number
}

/** What a test may say of it. */
export interface SlowPathParts {
  core?: Partial<CoreOptions>
  authenticator?: Partial<AuthenticatorOptions>
  update?: BenchParts
  keys?: readonly PeerKey[]
}

/** Starts a path whose zone example. may be changed by whoever is proven. */
export async function slowPath({ core: coreParts = {}, authenticator: proofParts = {}, update = {}, keys = [KEY] }: SlowPathParts = {}): Promise<SlowPath> {
  const clock = { ms: 0 }
  const faults: unknown[] = []
  const counters = new Counters()
  const running = await bench({ grants: [grant({ key: 'any' })], ...update })
  const authenticator = new Authenticator({ keys: makeKeyring(keys.map((key) => keyOf(key))), nowMs: () => NOW * 1_000 + clock.ms, ...proofParts })
  const server = serverOf((_, answer) => (answer.rcode = RCODE.NXDOMAIN), { isOfCore: true, nsid: NSID })
  const change: CoreHandler = async (message, requester) => {
    const { rcode, ede, lease } = await running.engine.submit(message, requester)
    return { rcode, agent: true, ...(ede === undefined ? {} : { ede }), ...(lease === undefined ? {} : { lease }) }
  }
  const core = new Core({
    handlers: { update: change, agent: change, query: (octets, length, peer, out, room) => server.answer(octets, length, peer, out, room) },
    authenticator, counters, nsid: NSID, nowSeconds: () => NOW + Math.floor(clock.ms / 1_000), nowMs: () => clock.ms,
    soon: (run) => setImmediate(run), after: (ms, run) => setTimeout(run, ms).unref(), onFault: (fault) => faults.push(fault), ...coreParts,
  })
  const first = running.serial()
  return { core, authenticator, bench: running, counters, clock, faults, steps: () => running.serial() - first, send: (octets, peer = udp) => sendTo(core, octets, peer) }
}

/** Hands a message to a core; its one reply, or null for silence. Fails where there is neither, or a second. */
export async function sendTo(core: Core, octets: Uint8Array, peer: CoreMessage['peer']): Promise<Uint8Array | null> {
  const fates: (Uint8Array | null)[] = []
  await core.handle({ octets, peer, reply: (response) => fates.push(response), drop: () => fates.push(null) })
  assert.equal(fates.length, 1, 'each message has one fate')
  return fates[0]
}
