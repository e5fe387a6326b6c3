/** Who is recursed for, and which questions that makes the core's: RD, RA, and what refusals say (RFC 1034 4.3.1, RFC 8914 4.19, 4.21). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { RCODE } from '../../src/dns/codes.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../src/dns/prefix.ts'
import { NO_DEFERRALS } from '../../src/server/defers.ts'
import { DEFERRED, Server, type ServerOptions } from '../../src/server/server.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { encodeQuery, SEED, zoneOf, type Asking } from '../authority/ask.ts'
import { decode } from './messages.ts'

const HOME = zoneOf('home.', '$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nalias CNAME ns\nout CNAME www.example.\nvia CNAME out\nsub NS ns.sub\nns.sub A 192.0.2.9\n')
const ALLOWED = Uint8Array.of(192, 0, 2, 77)
const OTHER = Uint8Array.of(198, 51, 100, 1)
const recursion = new PrefixList([parsePrefix('192.0.2.0/24') as Prefix])
const missing = { ...NO_DEFERRALS, missing: true }

function serverOf(options: Partial<ServerOptions> = { recursion, defers: missing }): Server {
  const authority = new ZoneAuthority(new ZoneDirectory([HOME], SEED), SEED)
  authority.isBesideResolver = options.recursion !== undefined
  return new Server({ authority, nowSeconds: () => 0, onFault: (fault) => { throw fault }, ...options })
}

/** What became of a question: `deferred`, or RCODE, header bits of AA, RD and RA, and the INFO-CODE. */
function fateOf(server: Server, question: string, { from = ALLOWED, ...asking }: Asking = {}): string {
  const octets = encodeQuery(question, { size: 1232, ...asking })
  const out = new Uint8Array(1232)
  const size = server.answer(octets, octets.length, { transport: 'udp', address: from, port: 4096 }, out)
  if (size === DEFERRED) return 'deferred'
  const { rcode, opt } = decode(out.slice(0, size))
  const bits = [(out[2] & 4) !== 0 ? ' aa' : '', (out[2] & 1) !== 0 ? ' rd' : '', (out[3] & 0x80) !== 0 ? ' ra' : ''].join('')
  const ede = opt?.options.find(([code]) => code === 15)
  return `${rcode}${bits}${ede === undefined ? '' : ` ${parseInt(ede[1].slice(0, 4), 16)}`}`
}

/** A question with its header bits, and what becomes of it: for who is allowed, for others, and where recursion is off. */
const ROWS: [question: string, header: string, allowed: string, other: string, off: string][] = [
  ['www.example. A', 'rd', 'deferred', `${RCODE.REFUSED} rd 18`, `${RCODE.REFUSED} rd 20`],
  ['www.example. A', '', `${RCODE.REFUSED} ra 20`, `${RCODE.REFUSED} 20`, `${RCODE.REFUSED} 20`],
  ['www.example. A', 'rd cd', 'deferred', `${RCODE.REFUSED} rd 18`, `${RCODE.REFUSED} rd 20`],
  ['ns.home. A', 'rd', '0 aa rd ra', '0 aa rd', '0 aa rd'],
  ['ns.home. A', '', '0 aa ra', '0 aa', '0 aa'],
  ['alias.home. A', 'rd', '0 aa rd ra', '0 aa rd', '0 aa rd'],
  ['none.home. A', 'rd', `${RCODE.NXDOMAIN} aa rd ra`, `${RCODE.NXDOMAIN} aa rd`, `${RCODE.NXDOMAIN} aa rd`],
  ['out.home. A', 'rd', 'deferred', '0 aa rd', '0 aa rd'],
  ['out.home. A', '', '0 aa ra', '0 aa', '0 aa'],
  ['out.home. CNAME', 'rd', '0 aa rd ra', '0 aa rd', '0 aa rd'],
  ['via.home. A', 'rd', 'deferred', '0 aa rd', '0 aa rd'],
  ['www.sub.home. A', 'rd', 'deferred', '0 rd', '0 rd'],
  ['www.sub.home. A', '', '0 ra', '0', '0'],
  ['www.example. AXFR', 'rd', `${RCODE.FORMERR} rd ra 18`, `${RCODE.FORMERR} rd 18`, `${RCODE.FORMERR} rd 18`],
  ['www.example. A LOCAL', 'rd', `${RCODE.REFUSED} rd ra 20`, `${RCODE.REFUSED} rd 20`, `${RCODE.REFUSED} rd 20`],
  ['www.example. A ANY', 'rd', `${RCODE.REFUSED} rd ra 20`, `${RCODE.REFUSED} rd 20`, `${RCODE.REFUSED} rd 20`],
  ['version.bind. TXT CH', 'rd', `${RCODE.REFUSED} rd ra 20`, `${RCODE.REFUSED} rd 20`, `${RCODE.REFUSED} rd 20`],
]

for (const [question, header, allowed, other, off] of ROWS) {
  test(`${question} with ${header || 'no bit'}: ${allowed} for who is allowed, ${other} for others`, () => {
    for (let round = 0; round < 3; round++) { // what is known from the round before must not change it
      const server = serverOf()
      for (const again of [1, 2]) {
        assert.equal(fateOf(server, question, { header }), allowed, `time ${again}`)
        assert.equal(fateOf(server, question, { header, from: OTHER }), other, `time ${again}`)
      }
      assert.equal(fateOf(serverOf({ defers: missing }), question, { header }), off)
    }
  })
}

test('what is deferred is counted once, by who got it, and not again in the core', () => {
  const [outside, core] = [serverOf(), serverOf({ recursion, defers: missing, isOfCore: true })]
  for (const server of [outside, core]) assert.equal(fateOf(server, 'www.example. A', { header: 'rd' }), 'deferred')
  assert.deepEqual([outside, core].map((server) => server.counters.get('deferred.missing')), [1, 0])
})

test('where the core has no resolver, nothing is left to it', () => {
  assert.equal(fateOf(serverOf({ recursion }), 'www.example. A', { header: 'rd' }), `${RCODE.REFUSED} rd ra 20`)
})
