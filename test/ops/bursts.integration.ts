/**
 * A burst of questions whose answers nobody remembers, against servers that limit the rate of their responses as NSD does
 * unless told otherwise (200 a second to one network, every second one beyond that slips with TC): every one is answered (RFC 9520 3.1).
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { missing, PrivateInternet } from './private-internet.ts'
import { makeFolder, Served } from './process.ts'

const absent = missing('nsd')
const skip = absent.length > 0 ? `needs ${absent.join(', ')}` : false
const NAMES = 500
const PATIENCE_MS = 20_000

const hosts = (of: string): string => Array.from({ length: NAMES }, (_, i) => `${of}${i} A 192.0.2.${i % 250}`).join('\n')

/** The RCODE of each, where all are asked by one socket within some 20 ms; what was not answered is sent again every two seconds, as a packet may have been lost to us. */
async function burst(names: readonly string[], port: number): Promise<number[]> {
  const socket = createSocket('udp4')
  const rcodes = new Map<number, number>()
  const all = names.map((name, id) => encodeMessage(makeMessage({ id, recursionDesired: true, questions: [{ name: Name.parse(name), type: TYPE.A, class: CLASS.IN }] })))
  socket.on('message', (octets) => rcodes.set(octets.readUInt16BE(0), octets[3] & 0xf))
  try {
    for (const end = performance.now() + PATIENCE_MS; rcodes.size < all.length; ) {
      assert.ok(performance.now() < end, `${all.length - rcodes.size} were not answered`)
      for (const [id, octets] of all.entries()) {
        if (!rcodes.has(id)) socket.send(octets, port, '127.0.0.1')
        if (id % 50 === 49) await sleep(2)
      }
      for (let turn = 0; turn < 40 && rcodes.size < all.length; turn++) await sleep(50)
    }
  } finally {
    socket.close()
  }
  return [...rcodes.values()]
}

function countsOf(rcodes: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const rcode of rcodes) counts[rcode] = (counts[rcode] ?? 0) + 1
  return counts
}

/** Where the names are, and what stands between them and the root: one server each, so that there is nobody else to ask. */
const ROWS: [title: string, zone: string][] = [
  ['a top-level domain', 'crowd.'],
  ['a zone below one', 'crowd.example.'],
  ['names that do not exist', 'none.example.'],
]

describe('a burst of questions against servers that limit their responses', { skip }, () => {
  let net: PrivateInternet
  let served: Served
  let folder: ReturnType<typeof makeFolder>

  before(async () => {
    net = new PrivateInternet()
    net.nsd(1, { '.': '@ NS a.root.\na.root. A @1\nexample. NS ns.example.\nns.example. A @2\ncrowd. NS ns.crowd.\nns.crowd. A @3' })
    net.nsd(2, { 'example.': '@ NS ns\nns A @2\ncrowd NS ns.crowd\nns.crowd A @4\nnone NS ns.none\nns.none A @5' })
    net.nsd(3, { 'crowd.': `@ NS ns\nns A @3\n${hosts('h')}` })
    net.nsd(4, { 'crowd.example.': `@ NS ns\nns A @4\n${hosts('h')}` })
    net.nsd(5, { 'none.example.': '@ NS ns\nns A @5' })
    await Promise.all([[1, '.'], [2, 'example.'], [3, 'crowd.'], [4, 'crowd.example.'], [5, 'none.example.']].map(([host, zone]) => net.ready(String(zone), net.at(Number(host)))))
    folder = makeFolder({ 'w.yaml': `listen: ["127.0.0.1:0"]\nworkers: 1\nrecursion: { hints: ${net.hints}, validate: false, never-ask: [], ipv6: false }\n` })
    served = await Served.start(join(folder.path, 'w.yaml'))
  })

  after(async () => {
    await served.stop()
    await net.stop()
    folder.remove()
  })

  for (const [title, zone] of ROWS) {
    it(`${NAMES} at once in ${title} are all answered`, async () => {
      const wanted = zone.startsWith('none') ? RCODE.NXDOMAIN : RCODE.NOERROR
      const rcodes = await burst(Array.from({ length: NAMES }, (_, i) => `h${i}.${zone}`), served.endpoints[0].port)
      assert.deepEqual(countsOf(rcodes), { [wanted]: NAMES })
    })
  }
})
