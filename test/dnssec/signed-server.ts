/**
 * A server for tools that sign: it asks the authenticator who sent a message, answers NOERROR or what the refusal
 * says, signed, and keeps a list of what it saw. On UDP and TCP of one loopback port, without a zone behind it.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net'
import { TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import type { Authenticator, Source } from '../../src/dnssec/authenticate.ts'
import { shown } from './signed.ts'

export interface SignedServer {
  port: number
  /** `UPDATE: proven tsig key.example.`, one for each message that came. */
  seen: string[]
  close(): void
}

const SOA: DnsRecord = parseRecord('example. 60 IN SOA ns.example. admin.example. 1 3600 600 86400 60')

/** Starts a server on a free loopback port. `corrupt` changes a signed response before it leaves. */
export async function startSignedServer(authenticator: Authenticator, corrupt: (octets: Uint8Array) => Uint8Array = (octets) => octets): Promise<SignedServer> {
  const seen: string[] = []
  const answer = async (octets: Uint8Array, source: Source): Promise<Uint8Array | undefined> => {
    const message = decodeMessage(octets)
    const result = await authenticator.verify(octets, message, source)
    seen.push(`${message.opcode === 5 ? 'UPDATE' : 'QUERY'}: ${shown(result)}`)
    if (result.outcome === 'repeated') return result.response
    if (result.outcome === 'pending') return undefined
    const { id, opcode, questions } = message
    const rcode = result.outcome === 'refused' ? result.rcode : 0
    const isSoa = opcode === 0 && rcode === 0 && questions[0].type === TYPE.SOA
    const name = questions[0]?.name.isWithin(Name.parse('example.')) === true ? SOA.name : Name.root
    const isApex = questions[0]?.name.equals(name)
    const sections = isSoa ? { [isApex ? 'answers' : 'authorities']: [SOA] } : {}
    const response = encodeMessage(makeMessage({ id, opcode, questions, response: true, authoritative: true, rcode: isSoa && !isApex ? 3 : rcode, ...sections }))
    const seal = result.outcome === 'unsigned' ? undefined : result.seal
    return seal === undefined ? response : corrupt(authenticator.sign(response, seal))
  }
  const tcp = createServer((socket) => serveTcp(socket, answer))
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  const udp = createSocket('udp4')
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  udp.on('message', (octets, from) => {
    const source: Source = { address: Uint8Array.from(from.address.split('.').map(Number)), port: from.port, transport: 'udp' }
    void answer(octets, source).then((response) => response && udp.send(response, from.port, from.address))
  })
  return { port, seen, close: () => closeAll(udp, tcp) }
}

function serveTcp(socket: TcpSocket, answer: (octets: Uint8Array, source: Source) => Promise<Uint8Array | undefined>): void {
  let held = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const octets = Buffer.from(held.subarray(2, 2 + held.readUInt16BE(0)))
      held = held.subarray(2 + octets.length)
      const source: Source = { address: Uint8Array.of(127, 0, 0, 1), port: socket.remotePort ?? 0, transport: 'tcp' }
      void answer(octets, source).then((response) => response && socket.write(Buffer.concat([Buffer.of(response.length >>> 8, response.length), response])))
    }
  })
}

function closeAll(udp: Socket, tcp: Server): void {
  udp.close()
  tcp.close()
}
