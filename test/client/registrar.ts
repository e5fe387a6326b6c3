/**
 * A small server that takes registrations, for tests of clients: on UDP and TCP of one loopback port it proves who signs, keeps
 * records as text, grants leases where it is told to, and can refuse, lie or fall silent. It knows nothing of zones.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { CLASS, EDE, OPTION, printRcode, RCODE, TYPE } from '../../src/dns/codes.ts'
import { findOption, makeExtendedError, makeUpdateLease, readUpdateLease, type EdnsOption, type UpdateLease } from '../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord, type Message } from '../../src/dns/message.ts'
import type { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { Authenticator, type Source } from '../../src/dnssec/authenticate.ts'
import type { Sig0Key } from '../../src/dnssec/sig0.ts'
import { makeKeyring, makeTsigKey } from '../../src/dnssec/tsig.ts'
import type { TsigKeyText } from '../../src/dnssec/tsig-text.ts'
import { shown } from '../dnssec/signed.ts'

/** How it behaves; each part may be changed while it runs. */
export interface Behaviour {
  /** What it grants at most; undefined where it knows no leases. */
  grant: UpdateLease | undefined
  /** Who is refused, with these words; undefined nobody. */
  refusal: string | undefined
  /** What waits for what, which is told beside a registration; undefined nothing. */
  waits: string | undefined
  rcode: number
  isSilent: boolean
  isSilentOnUdp: boolean
  /** How many responses over UDP get lost on their way. */
  lost: number
  /** Changes a response before it leaves. */
  corrupt: (octets: Uint8Array) => Uint8Array
}

export interface Registrar extends Behaviour {
  readonly port: number
  /** `127.0.0.1:5300`. */
  readonly server: string
  /** What it keeps, as text. */
  readonly records: Set<string>
  /** `proven sig0 babel._sa.acme.example. NOERROR`, one for each message. */
  readonly seen: string[]
  readonly leases: (UpdateLease | undefined)[]
  close(): void
}

export interface RegistrarOptions extends Partial<Behaviour> {
  keys?: readonly TsigKeyText[]
  /** RDATA of KEY records that it knows beforehand, by owner in lower case. */
  known?: ReadonlyMap<string, Uint8Array>
  ownKey?: Sig0Key
  /** Milliseconds that its clock is ahead. */
  aheadMs?: number
}

/** Starts one on a free port. */
export async function startRegistrar(options: RegistrarOptions = {}): Promise<Registrar> {
  const { keys = [], known, ownKey, aheadMs = 0, ...behaviour } = options
  const keysOf = (signer: Name): Uint8Array[] => [known?.get(signer.toString().toLowerCase())].filter((one) => one !== undefined)
  const introducedKeysOf = (signer: Name, message: Message): Uint8Array[] => message.authorities.filter(({ type, name }) => type === TYPE.KEY && name.equals(signer)).map(({ rdata }) => rdata)
  const ring = makeKeyring(keys.map(({ name, algorithm, secret }) => makeTsigKey(name, algorithm, secret)))
  const authenticator = new Authenticator({ keys: ring, nowMs: () => Date.now() + aheadMs, sig0: { keysOf, introducedKeysOf, ...(ownKey && { ownKey }) } })
  const tcp = createServer((socket) => serveTcp(socket, (octets, source) => answer(octets, source)))
  const { port, udp } = await listenOnOnePort(tcp)
  const registrar: Registrar = {
    grant: undefined, refusal: undefined, waits: undefined, rcode: RCODE.NOERROR, isSilent: false, isSilentOnUdp: false, lost: 0, corrupt: (octets) => octets, ...behaviour,
    port, server: `127.0.0.1:${port}`, records: new Set(), seen: [], leases: [], close: () => void [udp.close(), tcp.close()],
  }
  const answer = (octets: Uint8Array, source: Source): Promise<Uint8Array | undefined> => handle(registrar, authenticator, octets, source)
  udp.on('message', (octets, from) => {
    if (registrar.isSilentOnUdp) return
    void answer(octets, { address: Uint8Array.of(127, 0, 0, 1), port: from.port, transport: 'udp' }).then((response) => {
      if (response !== undefined && registrar.lost-- <= 0) udp.send(response, from.port, from.address)
    })
  })
  return registrar
}

async function handle(registrar: Registrar, authenticator: Authenticator, octets: Uint8Array, source: Source): Promise<Uint8Array | undefined> {
  if (registrar.isSilent) return undefined
  const message = decodeMessage(octets)
  const result = await authenticator.verify(octets, message, source)
  if (result.outcome === 'pending') return undefined
  if (result.outcome === 'repeated') return result.response
  const rcode = result.outcome === 'refused' ? result.rcode : registrar.refusal === undefined ? registrar.rcode : RCODE.REFUSED
  registrar.seen.push(`${shown(result)} ${printRcode(rcode)}`)
  const asked = findOption(message.edns, OPTION.UPDATE_LEASE)
  const wished = asked && readUpdateLease(asked)
  registrar.leases.push(wished)
  if (rcode === RCODE.NOERROR) apply(registrar, message.authorities, wished)
  const response = encodeMessage(responseTo(registrar, message, rcode, wished))
  const seal = result.outcome === 'unsigned' ? undefined : result.seal
  return registrar.corrupt(seal === undefined ? response : authenticator.sign(response, seal))
}

function responseTo({ grant, refusal, waits }: Registrar, { id, opcode, questions }: Message, rcode: number, wished: UpdateLease | undefined): Message {
  const options: EdnsOption[] = []
  if (rcode === RCODE.NOERROR && grant !== undefined && wished !== undefined) options.push(makeUpdateLease(least(grant, wished)))
  if (rcode === RCODE.NOERROR && waits !== undefined) options.push(makeExtendedError({ infoCode: EDE.DEPENDENCY_MISSING, text: waits }))
  if (rcode === RCODE.REFUSED && refusal !== undefined) options.push(makeExtendedError({ infoCode: EDE.PROHIBITED, text: refusal }))
  return makeMessage({ id, opcode, questions, response: true, rcode, edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options } })
}

function least(grant: UpdateLease, wished: UpdateLease): UpdateLease {
  const lease = Math.min(grant.lease, wished.lease)
  return wished.keyLease === undefined ? { lease } : { lease, keyLease: Math.min(grant.keyLease ?? 0, wished.keyLease) }
}

function apply({ records, grant }: Registrar, changes: readonly DnsRecord[], wished: UpdateLease | undefined): void {
  const isWithdrawal = grant !== undefined && wished?.lease === 0
  for (const record of changes) {
    const text = printRecord({ ...record, class: CLASS.IN, ttl: 60 })
    const isKept = isWithdrawal && record.type === TYPE.KEY && (wished?.keyLease ?? 0) > 0
    if (record.class === CLASS.NONE || (isWithdrawal && !isKept)) records.delete(text)
    else records.add(text)
  }
}

/** Listens for TCP and UDP on one port: what is free for the one may be taken for the other. */
async function listenOnOnePort(tcp: Server): Promise<{ port: number; udp: UdpSocket }> {
  for (let tries = 0; ; tries++) {
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as { port: number }
    const udp = createSocket('udp4').bind(port, '127.0.0.1')
    try {
      await once(udp, 'listening')
      return { port, udp }
    } catch (fault) {
      udp.close()
      tcp.close()
      if (tries === 9) throw fault
    }
  }
}

function serveTcp(socket: Socket, answer: (octets: Uint8Array, source: Source) => Promise<Uint8Array | undefined>): void {
  let held = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return
    const source: Source = { address: Uint8Array.of(127, 0, 0, 1), port: socket.remotePort ?? 0, transport: 'tcp' }
    void answer(Buffer.from(held.subarray(2, 2 + held.readUInt16BE(0))), source).then((response) => {
      if (response !== undefined) socket.write(Buffer.concat([Buffer.of(response.length >>> 8, response.length & 255), response]))
    })
    held = Buffer.alloc(0)
  })
}
