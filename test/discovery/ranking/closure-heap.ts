/** Worker of closure-allocation.test.ts: octets that the heap grows by for each answer with a closure, in rounds. */
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { OPTION } from '../../../src/dns/codes.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import { encodeQuery, SEED, serverOf, zoneOf } from '../../authority/ask.ts'
import { BEGIN_MS, chance, demandOctets } from './hive.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const ANSWERS = 10_000
/** As compiling in the background allocates too. */
const ROUNDS = 3

const ZONE = `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
v1.top._cap AGENT 1 a._sa depends=v1.ocr._cap.acme.example,v1.speak._cap.acme.example
${Array.from({ length: 10 }, (_, i) => `v1.ocr._cap AGENT 1 b${i}._sa latency=${i + 1}s\nv1.speak._cap AGENT 1 c${i}._sa\n`).join('')}`

const image = zoneOf('acme.example.', ZONE)
const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
chooser.useTables([registerZone(image).registrar.table.buffer])
const server = serverOf([], { authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser) })
const query = encodeQuery('v1.top._cap.acme.example. AGENT', { size: 1_232, options: [[OPTION.DEMAND, Buffer.from(demandOctets('closure')).toString('hex')]] })
const out = new Uint8Array(65_535)
const peer = { transport: 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 4096 } as const

function answerAll(): void {
  for (let i = 0; i < ANSWERS; i++) server.answer(query, query.length, peer, out)
}

answerAll() // until all of it is compiled
assert.ok(out[11] >= 7, 'six agents and OPT in the additional section')
parentPort?.postMessage(Array.from({ length: ROUNDS }, () => {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  answerAll()
  return (process.memoryUsage().heapUsed - before) / ANSWERS
}))
