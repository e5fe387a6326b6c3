/**
 * Our messages held against the tools that send and read them: what dig, kdig, drill and nsupdate send we decode
 * and encode to the same message, and what we answer, compressed, they print as the records that we meant.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { OPCODE, OPTION, TYPE, printType } from '../../src/dns/codes.ts'
import { findOption, readUpdateLease } from '../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, isTransactionSignature, makeMessage, type DnsRecord, type Message } from '../../src/dns/message.ts'
import { printMessage } from '../../src/dns/print-message.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { VECTORS } from './vectors.ts'

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }

/** What the last asker sent, and what it is answered with. */
let asked: { octets: Uint8Array; message: Message } | undefined
let answers: readonly DnsRecord[] = []
let server: Server
let port = 0

before(async () => {
  server = createServer(serve)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  port = (server.address() as { port: number }).port
})
after(() => server.close())

/** Reads one message behind its two octets of length and answers it (RFC 1035 4.2.2). */
function serve(socket: Socket): void {
  let held = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (octets) => {
    held = Buffer.concat([held, octets])
    if (held.length < 2 || held.length < held.readUInt16BE(0) + 2) return
    const query = Uint8Array.from(held.subarray(2, held.readUInt16BE(0) + 2))
    asked = { octets: query, message: decodeMessage(query) }
    const { id, opcode, questions } = asked.message
    const response = encodeMessage(makeMessage({ id, opcode, questions, response: true, authoritative: true, answers: opcode === OPCODE.QUERY ? [...answers] : [] }))
    socket.end(Buffer.concat([Buffer.of(response.length >> 8, response.length & 255), response]))
  })
}

function missing(program: string): string | false {
  return spawnSync('which', [program], { env }).status === 0 ? false : `needs ${program}`
}

function run(program: string, args: string[], input = ''): Promise<string> {
  return new Promise((done) => {
    const child = execFile(program, args, { env, timeout: 20_000 }, (_error, stdout, stderr) => done(stdout + stderr))
    child.stdin?.end(input)
  })
}

function theQuery(): { octets: Uint8Array; message: Message } {
  return asked ?? assert.fail('nothing was asked')
}

test('a query of dig with every common option decodes, and encodes to the same octets', { skip: missing('dig') }, async () => {
  const options = ['+tcp', '+dnssec', '+nsid', '+cookie=0102030405060708', '+subnet=192.0.2.0/24', '+expire', '+ednsopt=65440:ff14000400030d40', '+adflag', '+cdflag', '+zflag']
  await run('dig', ['@127.0.0.1', '-p', String(port), ...options, 'v2.Translate._cap.example', 'TYPE65440'])
  const { octets, message } = theQuery()
  assert.deepEqual(encodeMessage(message), octets)
  assert.equal(message.agent, true, '+zflag sets the AG bit')
  assert.deepEqual([message.recursionDesired, message.authenticData, message.checkingDisabled, message.edns?.dnssecOk], [true, true, true, true])
  assert.equal(message.questions[0].name.toString(), 'v2.Translate._cap.example.', 'case is kept')
  assert.equal(message.questions[0].type, TYPE.AGENT)
  assert.match(printMessage(message), /; DEMAND: latency=200ms\n/)
  assert.match(printMessage(message), /; COOKIE: 0102030405060708\n/)
  assert.ok(findOption(message.edns, OPTION.CLIENT_SUBNET))
})

test('queries of kdig and drill decode, and encode to the same octets', { skip: missing('kdig') || missing('drill') }, async () => {
  await run('kdig', ['@127.0.0.1', '-p', String(port), '+tcp', '+dnssec', '+nsid', '+padding=64', 'www.example.', 'HTTPS'])
  assert.deepEqual(encodeMessage(theQuery().message), theQuery().octets)
  await run('drill', ['-t', '-D', '-p', String(port), 'www.example.', '@127.0.0.1', 'MX'])
  assert.deepEqual(encodeMessage(theQuery().message), theQuery().octets)
})

const UPDATE = `
server 127.0.0.1 PORT
zone example.
key hmac-sha256:key.example. MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
prereq nxdomain new.example.
prereq yxrrset www.example. A
prereq yxrrset www.example. A 192.0.2.1
update add new.example. 300 MX 10 Mail.example.
update add new.example. 300 TYPE65440 \\# 21 0001 05616c696365 035f7361 00 ff14 0004 00000001
update delete old.example.
update delete www.example. A
update delete www.example. AAAA 2001:db8::1
send
`

test('an UPDATE of nsupdate with prerequisites, all kinds of change and TSIG decodes as what was asked (RFC 2136)', { skip: missing('nsupdate') }, async () => {
  await run('nsupdate', ['-v'], UPDATE.replace('PORT', String(port)))
  const { message } = theQuery()
  assert.equal(message.opcode, OPCODE.UPDATE)
  assert.deepEqual(message.answers.map(printRecord), ['new.example. 0 NONE ANY', 'www.example. 0 ANY A', 'www.example. 0 IN A 192.0.2.1'])
  assert.deepEqual(message.authorities.map(printRecord), [
    'new.example. 300 IN MX 10 Mail.example.', 'new.example. 300 IN AGENT 1 alice._sa. latency=1us',
    'old.example. 0 ANY ANY', 'www.example. 0 ANY A', 'www.example. 0 NONE AAAA 2001:db8::1',
  ])
  assert.equal(isTransactionSignature(message.additionals.at(-1)), true)
  assert.match(printRecord(message.additionals[0]), /^key\.example\. 0 ANY TSIG hmac-sha256\. \d+ 300 32 \S{44} \d+ NOERROR 0$/)
  assert.deepEqual(decodeMessage(encodeMessage(message)), message)
})

test('an Update Lease sent by dig is read (RFC 9664 4)', { skip: missing('dig') }, async () => {
  await run('dig', ['@127.0.0.1', '-p', String(port), '+tcp', '+ednsopt=2:00000e1000093a80', 'example', 'SOA'])
  const lease = findOption(theQuery().message.edns, OPTION.UPDATE_LEASE)
  assert.deepEqual(lease && readUpdateLease(lease), { lease: 3600, keyLease: 604800 })
})

/** One record of each vector at an owner of its own, as sent; TSIG and TKEY live outside zones. */
function recordsWithout(...leftOut: string[]): DnsRecord[] {
  return VECTORS.filter(([text]) => !['TSIG', 'TKEY', ...leftOut].includes(text.split(' ')[0])).map(([text], i) => parseRecord(`r${i}.example. 60 IN ${text}`))
}

/** The records that a tool printed, by owner; its comments and headers are left out. */
function printed(out: string): Map<string, string> {
  const lines = out.split('\n').filter((line) => /^r\d+\.example\./.test(line))
  return new Map(lines.map((line) => [line.split(/\s/, 1)[0], line]))
}

const READERS: [program: string, args: (at: number) => string[], leftOut: string[]][] = [
  // dig wants a hash as owner of NSEC3, and no SIG(0) outside the additional section
  ['dig', (at) => ['@127.0.0.1', '-p', String(at), '+tcp', '+noedns', '+nosplit', 'example', 'A'], ['NSEC3', 'SIG']],
  ['kdig', (at) => ['@127.0.0.1', '-p', String(at), '+tcp', '+noedns', 'example', 'A'], []],
  ['drill', (at) => ['-t', '-p', String(at), 'example', '@127.0.0.1', 'A'], ['AMTRELAY', 'AVC', 'RESINFO']],
]

for (const [program, args, leftOut] of READERS) {
  test(`${program} reads every type from one compressed answer of ours, and prints it so that we read the same`, { skip: missing(program) }, async () => {
    answers = recordsWithout(...leftOut)
    const lines = printed(await run(program, args(port)))
    for (const record of answers) {
      const line = lines.get(record.name.toString()) ?? assert.fail(`${program} did not print ${printRecord(record)}`)
      assert.deepEqual(parseRecord(line), record, `${printType(record.type)}: ${line}`)
    }
  })
}
