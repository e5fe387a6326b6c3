/**
 * Asks zones written as text a question written as text, through the whole path without sockets, and gives the
 * response back as text: `ask(zones, 'www.example. A')` → `{ rcode: 'NOERROR', flags: 'aa', answer: ['…'], … }`.
 */
import assert from 'node:assert/strict'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { CLASS, parseClass, parseType, printRcode } from '../../src/dns/codes.ts'
import { decodeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { WireWriter } from '../../src/dns/octets.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { Server } from '../../src/server/server.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { parseZone } from '../../src/zone/parse.ts'

const SEED = 0x0bee_5eed

export interface Response {
  rcode: string
  /** `aa`, `tc`, `aa tc` or nothing. */
  flags: string
  answer: string[]
  authority: string[]
  additional: string[]
  octets: number
}

export interface Asking {
  dnssec?: boolean
  tcp?: boolean
  /** Octets offered by EDNS; none without EDNS. */
  size?: number
}

/** The image of the zone `origin` whose master file is `text`; a fault in the text fails the test. */
export function zoneOf(origin: string, text: string, rrClass: number = CLASS.IN): ZoneImage {
  const apex = Name.parse(origin).wire
  const builder = new ZoneBuilder({ apex, class: rrClass, seed: SEED })
  const faults = parseZone({ octets: Buffer.from(text), file: origin }, { origin: apex, class: rrClass }, builder)
  assert.equal(faults.reported.map(String).join('\n'), '')
  return builder.finish()
}

/** Something that answers questions as text from the zones given. */
export function asker(...zones: ZoneImage[]): (question: string, asking?: Asking) => Response {
  const server = new Server({ authority: new ZoneAuthority(new ZoneDirectory(zones, SEED), SEED), nowSeconds: () => 0, onFault: (fault) => { throw fault } })
  const out = new Uint8Array(65_535)
  return (question, asking = {}) => {
    const query = encodeQuery(question, asking)
    const peer = { transport: asking.tcp === true ? 'tcp' : 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 4096 } as const
    const length = server.answer(query, query.length, peer, out)
    const message = decodeMessage(out.slice(0, length))
    return {
      rcode: printRcode(message.rcode),
      flags: [message.authoritative ? 'aa' : '', message.truncated ? 'tc' : ''].filter(Boolean).join(' '),
      answer: message.answers.map(printRecord),
      authority: message.authorities.map(printRecord),
      additional: message.additionals.map(printRecord),
      octets: length,
    }
  }
}

function encodeQuery(question: string, asking: Asking): Uint8Array {
  const [name, type = 'A', rrClass = 'IN'] = question.split(' ')
  const out = new WireWriter()
  const edns = asking.dnssec === true || asking.size !== undefined
  for (const word of [0x1234, 0, 1, 0, 0, edns ? 1 : 0]) out.u16(word)
  out.bytes(Name.parse(name).wire)
  out.u16(parseType(type) ?? assert.fail(`no type ${type}`))
  out.u16(parseClass(rrClass) ?? assert.fail(`no class ${rrClass}`))
  if (edns) {
    out.u8(0)
    out.u16(41)
    out.u16(asking.size ?? 1232)
    out.u32(asking.dnssec === true ? 0x8000 : 0)
    out.u16(0)
  }
  return out.finish()
}
