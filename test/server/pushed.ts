/** Changes that are pushed (RFC 8765), as text; and a connection that keeps what it is sent. */
import assert from 'node:assert/strict'
import type { Peer } from '../../src/authority/query.ts'
import { printClass, printRcode, printType } from '../../src/dns/codes.ts'
import { decodeDso, DSO, encodeDso, type DsoTlv, type PushChange, readKeepalive, readPush, readRetryDelay } from '../../src/dns/dso.ts'
import { printRdata } from '../../src/dns/rdata.ts'
import type { CoreMessage, Lasting } from '../../src/server/core-contract.ts'

/** `+ www.example. 60 IN A 192.0.2.1`, `- www.example. IN A 192.0.2.1`, `-- www.example. IN A`. */
export function changeText(change: PushChange): string {
  if (change.kind === 'clear') return `-- ${change.name} ${printClass(change.class)} ${printType(change.type)}`
  const { name, type, class: rrClass, rdata } = change.record
  const ttl = change.kind === 'add' ? ` ${change.record.ttl}` : ''
  return `${change.kind === 'add' ? '+' : '-'} ${name}${ttl} ${printClass(rrClass)} ${printType(type)} ${printRdata(type, rdata)}`
}

/** What a message of a session says, a line for each change of a PUSH. */
export function messageText(octets: Uint8Array): string[] {
  const { id, response, rcode, tlvs } = decodeDso(octets)
  const [primary] = tlvs
  if (!response && primary?.type === DSO.PUSH) return readPush(octets, primary).map(changeText)
  const said = tlvs.map((tlv) => (tlv.type === DSO.KEEPALIVE ? `keepalive ${JSON.stringify(readKeepalive(tlv))}` : tlv.type === DSO.RETRY_DELAY ? `retry ${readRetryDelay(tlv)}` : `tlv ${tlv.type}`))
  return [`${response ? 're' : 'un'} ${id} ${printRcode(rcode)}${said.map((text) => ` ${text}`).join('')}`]
}

/** A connection; `lines` is what was sent by it and what was done with it, in order. */
export class FakeConnection implements Lasting {
  readonly lines: string[] = []
  readonly octets: Uint8Array[] = []
  readonly peer: Peer
  onEnd: (() => void) | undefined
  private id = 0

  constructor(address = Uint8Array.of(192, 0, 2, 1)) {
    this.peer = { transport: 'tcp', address, port: 5_353 }
  }

  keep(onEnd: () => void): void {
    this.onEnd = onEnd
  }

  send(octets: Uint8Array): void {
    this.octets.push(octets)
    this.lines.push(...messageText(octets))
  }

  release(): void {
    this.onEnd = undefined
    this.lines.push('released')
  }

  cut(): void {
    this.lines.push('cut')
    this.end()
  }

  /** Its client has gone. */
  end(): void {
    const { onEnd } = this
    this.onEnd = undefined
    onEnd?.()
  }

  /** What came since the last call. */
  take(): string[] {
    return this.lines.splice(0)
  }

  /** A message of these octets, by it. */
  message(octets: Uint8Array): CoreMessage {
    return {
      octets, peer: this.peer, connection: this,
      reply: (answer) => {
        this.octets.push(answer)
        this.lines.push(...messageText(answer))
      },
      drop: () => assert.fail('whoever takes a message of a session leaves its end to the core'),
    }
  }

  /** A request with the next ID; the ID. */
  request(take: (message: CoreMessage) => number | undefined, ...tlvs: DsoTlv[]): number {
    take(this.message(encodeDso({ id: ++this.id, response: false, rcode: 0, tlvs })))
    return this.id
  }

  /** A message that wants no response. */
  note(take: (message: CoreMessage) => number | undefined, ...tlvs: DsoTlv[]): void {
    take(this.message(encodeDso({ id: 0, response: false, rcode: 0, tlvs })))
  }
}
