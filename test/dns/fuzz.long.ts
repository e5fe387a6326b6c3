/**
 * A million mutated messages and half a million mutated records in text, from a corpus that holds every type:
 * nothing but WireFault and TextFault may come out. The seed is printed; WAGGLE_SEED repeats a run, WAGGLE_RUNS sets its length.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPCODE, OPTION } from '../../src/dns/codes.ts'
import { TextFault, WireFault } from '../../src/dns/faults.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseParameters } from '../../src/dns/parameters.ts'
import { printMessage } from '../../src/dns/print-message.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { VECTORS } from './vectors.ts'

const seed = Number(process.env.WAGGLE_SEED ?? Date.now() % 1_000_000_007)
const runs = Number(process.env.WAGGLE_RUNS ?? 1_000_000)
let state = seed | 1

/** A number from 0 to below `bound` (xorshift, so that a seed gives one run). */
function below(bound: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % bound
}

const edns = { udpSize: 1232, version: 0, dnssecOk: true, compactOk: false, options: [{ code: OPTION.DEMAND, octets: parseParameters('latency=200ms near=48.2,16.4 avoid=a.example', 'DEMAND') }, { code: OPTION.COOKIE, octets: new Uint8Array(8) }] }
const lines = VECTORS.map(([text], i) => `r${i}.example. 60 IN ${text}`)
const question = { name: Name.parse('www.example.'), type: 65440, class: 1 }

/** Messages of one record each, and some of many, with every opcode. */
const corpus: Uint8Array[] = [
  ...lines.map((line) => encodeMessage(makeMessage({ response: true, questions: [question], answers: [parseRecord(line)], edns }))),
  encodeMessage(makeMessage({ response: true, questions: [question], answers: lines.slice(0, 12).map((line) => parseRecord(line)) })),
  encodeMessage(makeMessage({ opcode: OPCODE.UPDATE, questions: [question], answers: [parseRecord('a.example. 0 NONE A')], authorities: [parseRecord('a.example. 0 ANY ANY'), parseRecord('b.example. 60 IN AGENT 1 a.b. cost=1')] })),
  encodeMessage(makeMessage({ opcode: OPCODE.AGENT, questions: [question, question, question], edns })),
]
const INTERESTING = [0, 1, 2, 0x0f, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff]

function mutate(octets: Uint8Array): Uint8Array {
  let changed = octets.slice()
  for (let times = 1 + below(4); times > 0; times--) {
    const at = below(changed.length || 1)
    switch (below(8)) {
      case 0:
        changed = changed.slice(0, at)
        break
      case 1: {
        const from = corpus[below(corpus.length)]
        changed = Uint8Array.from([...changed.subarray(0, at), ...from.subarray(below(from.length))])
        break
      }
      case 2:
        changed = Uint8Array.from([...changed.subarray(0, at), ...changed.subarray(at + 1 + below(4))])
        break
      case 3:
        changed = Uint8Array.from([...changed.subarray(0, at), below(256), ...changed.subarray(at)])
        break
      default:
        changed[at] = below(2) === 0 ? INTERESTING[below(INTERESTING.length)] : below(256)
    }
  }
  return changed
}

test(`${runs} mutated messages are messages or WireFaults (seed ${seed})`, () => {
  let legal = 0
  for (let i = 0; i < runs; i++) {
    const octets = mutate(corpus[below(corpus.length)])
    try {
      const message = decodeMessage(octets)
      legal++
      if (i % 16 === 0) {
        assert.deepEqual(decodeMessage(encodeMessage(message)), message)
        assert.ok(printMessage(message).length > 0)
      }
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw new Error(`run ${i}: ${Buffer.from(octets).toString('hex')}`, { cause: fault })
    }
  }
  assert.ok(legal > runs / 50, `${legal} were legal`)
})

test(`${runs / 2} mutated records in text are records or TextFaults (seed ${seed})`, () => {
  let legal = 0
  for (let i = 0; i < runs / 2; i++) {
    const text = Buffer.from(mutate(Buffer.from(lines[below(lines.length)]))).toString('latin1')
    try {
      const record = parseRecord(text)
      legal++
      if (i % 16 === 0) assert.equal(printRecord(parseRecord(printRecord(record))), printRecord(record))
    } catch (fault) {
      if (!(fault instanceof TextFault)) throw new Error(`run ${i}: ${JSON.stringify(text)}`, { cause: fault })
    }
  }
  assert.ok(legal > runs / 200, `${legal} were legal`)
})
