/**
 * Valid messages to start from: questions of every type and class, every opcode, EDNS with every option, UPDATE with
 * records of every kind, NOTIFY, transfers, TSIG and SIG(0) tails, batches of questions; and what the server itself
 * answers, as responses and as queries that carry records.
 */
import type { Asker } from './asker.ts'
import { Chance } from './chance.ts'
import { nameOctets } from './names.ts'
import { encodeQuery } from './wire.ts'

const OPTIONS: readonly (readonly [number, string])[] = [
  [1, '00010002000300040005000600070008'], [2, '00000e10'], [2, '00000e1000015180'], [3, ''], [5, '0d0e0f'], [6, '0102'], [7, '01'], [8, '00011800c00002'], [8, '0002380020010db8000000'],
  [9, ''], [10, '0123456789abcdef'], [10, '0123456789abcdef00112233445566778899aabbccddeeff'], [11, ''], [11, '0064'], [12, '00'.repeat(64)], [13, '076578616d706c6500'], [14, '4f66'],
  [15, '0018'], [16, '0001'], [17, '01'], [18, '076578616d706c6500'], [19, ''], [26946, '01'], [65001, 'ff'], [65440, 'ff140004000030d4'], [65441, 'ffe80002c350'],
]

/** Questions, updates, notifications and the like about names of `zone`. */
export function craftedMessages(zone: string, seed: number): Buffer[] {
  const chance = new Chance(seed)
  const labels = ['', 'www.', 'missing.', '*.', 'a.b.c.', `${'x'.repeat(63)}.`, `${'y.'.repeat(60)}`, '\\000.']
  const names = labels.map((label) => `${label}${zone === '.' && label !== '' ? '' : zone}`)
  const question = (type: number, recordClass: number): Buffer => ask(chance.pick(names), type, recordClass, chance)
  const types = [...Array.from({ length: 110 }, (_, i) => i), 128, 249, 250, 251, 252, 253, 254, 255, 256, 257, 258, 259, 260, 261, 32768, 32769, 65280, 65440, 65441, 65442, 65535]
  return [
    ...types.flatMap((type) => [question(type, 1), question(type, 1)]),
    ...[0, 2, 3, 4, 254, 255, 65440].map((recordClass) => question(1, recordClass)),
    ...OPTIONS.map(([code, value]) => withOption(question(1, 1), code, value)),
    ...Array.from({ length: 16 }, (_, opcode) => withOpcode(question(6, 1), opcode)),
    ...updates(zone), ...batches(zone), ...signed(zone),
    encodeQuery({ name: 'version.bind.', type: 16, class: 3, flags: 0, edns: undefined, tcp: false }),
    encodeQuery({ name: 'id.server.', type: 16, class: 3, flags: 0, edns: undefined, tcp: false }),
  ]
}

/** What the server answers to some of these: each as the response it is, and again with QR cleared. */
export async function answeredMessages(asker: Asker, questions: readonly Buffer[]): Promise<Buffer[]> {
  const answers: Buffer[] = []
  for (const question of questions) {
    const answer = await asker.ask(Buffer.from(question), false)
    if (answer) answers.push(answer)
  }
  return answers.flatMap((answer) => {
    const query = Buffer.from(answer)
    query.writeUInt16BE(query.readUInt16BE(2) & 0x7fff, 2)
    return [answer, query]
  })
}

function ask(name: string, type: number, recordClass: number, chance: Chance): Buffer {
  const edns = chance.percent(60) ? { size: chance.pick([0, 512, 1232, 4096]), dnssecOk: chance.percent(50), version: chance.percent(5) ? 1 : 0 } : undefined
  return encodeQuery({ name, type, class: recordClass, flags: chance.percent(30) ? 0x0100 : 0, edns, tcp: false })
}

function withOption(query: Buffer, code: number, value: string): Buffer {
  const octets = Buffer.from(value, 'hex')
  const bare = query.readUInt16BE(10) === 1 ? query.subarray(0, query.length - 11) : query
  const head = Buffer.from(bare)
  head.writeUInt16BE(1, 10)
  return Buffer.concat([head, Buffer.from([0, 0, 41, 16, 0, 0, 0, 0, 0]), u16(octets.length + 4), u16(code), u16(octets.length), octets])
}

function withOpcode(query: Buffer, opcode: number): Buffer {
  const copy = Buffer.from(query)
  copy.writeUInt8((copy.readUInt8(2) & 0x87) | (opcode << 3), 2)
  return copy
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255])
}

/** A message of these counts; `records` follow the questions. */
function message(opcode: number, counts: readonly [number, number, number, number], ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([0, 0, opcode << 3, 0]), ...counts.map(u16), ...parts])
}

function entry(name: string, type: number, recordClass: number): Buffer {
  return Buffer.concat([Buffer.from(nameOctets(name)), u16(type), u16(recordClass)])
}

function record(name: string, type: number, recordClass: number, rdata: Buffer): Buffer {
  return Buffer.concat([entry(name, type, recordClass), Buffer.from([0, 0, 1, 44]), u16(rdata.length), rdata])
}

function rdataOf(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(nameOctets(part)) : part)))
}

/** RFC 2136: prerequisites, additions, deletions; RFC 1996: NOTIFY with the new SOA. */
function updates(zone: string): Buffer[] {
  const host = `host.${zone === '.' ? '' : zone}`
  const soa = record(zone, 6, 1, rdataOf(host, host, Buffer.alloc(20, 1)))
  const add = [
    record(host, 1, 1, Buffer.from([192, 0, 2, 1])), record(host, 15, 1, rdataOf(u16(10), host)), record(host, 33, 1, rdataOf(Buffer.alloc(6, 1), host)),
    record(host, 16, 1, Buffer.from('0461626364', 'hex')), record(host, 65, 1, rdataOf(u16(1), '.', Buffer.from('0001000302683200030002035b', 'hex'))),
    record(host, 65440, 1, rdataOf(u16(0), host, Buffer.from('ff140004000030d4', 'hex'))), record(host, 25, 1, Buffer.alloc(68, 7)),
  ]
  return [
    message(5, [1, 0, 1, 0], entry(zone, 6, 1), add[0] as Buffer),
    message(5, [1, 2, 3, 0], entry(zone, 6, 1), record(host, 255, 255, Buffer.alloc(0)), record(host, 1, 254, Buffer.alloc(0)), record(host, 255, 255, Buffer.alloc(0)), record(host, 1, 254, Buffer.from([192, 0, 2, 1])), add[1] as Buffer),
    message(5, [1, 0, add.length, 0], entry(zone, 6, 1), ...add),
    message(4, [1, 1, 0, 0], entry(zone, 6, 1), soa),
    message(0, [1, 0, 1, 0], entry(zone, 251, 1), soa),
  ]
}

/** Several questions in one message, and opcode 14 with answers. */
function batches(zone: string): Buffer[] {
  const questions = Array.from({ length: 32 }, (_, i) => entry(`n${i}.${zone === '.' ? '' : zone}`, 65440, 1))
  return [0, 14].flatMap((opcode) => [
    message(opcode, [2, 0, 0, 0], ...questions.slice(0, 2)), message(opcode, [32, 0, 0, 0], ...questions),
    message(opcode, [0, 1, 0, 0], record(zone, 65440, 1, rdataOf(u16(0), zone))), message(opcode, [0, 0, 0, 0]),
  ])
}

/** TSIG and SIG(0) records at the end of a query, their signatures being noise. */
function signed(zone: string): Buffer[] {
  const tsig = rdataOf('hmac-sha256.', Buffer.from('0000696000000000012c0020', 'hex'), Buffer.alloc(32, 9), Buffer.from('000000000000', 'hex'))
  const sig = rdataOf(Buffer.from('0000', 'hex'), Buffer.from([15, 0]), Buffer.alloc(12, 1), u16(4711), zone, Buffer.alloc(64, 5))
  return [message(0, [1, 0, 0, 1], entry(zone, 6, 1), record('key.', 250, 255, tsig)), message(5, [1, 0, 0, 1], entry(zone, 6, 1), record('.', 24, 255, sig))]
}
