/**
 * Readings and outcomes as octets and values (docs/protocol.md 3): what a SENSE record says is what is read, whatever is
 * broken is a WireFault and nothing else, and what is believed has bounds.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { METRIC, METRICS } from '../../../src/discovery/ranking/metrics.ts'
import { AGENT_AT, bounded, forEachOutcome, type Outcome, type Reading, readingIn } from '../../../src/discovery/ranking/reading.ts'
import { isOutcomes, RESULT } from '../../../src/discovery/ranking/values.ts'
import { TYPE } from '../../../src/dns/codes.ts'
import { WireFault } from '../../../src/dns/faults.ts'
import { MAX_BELIEVED_SERVICE_MS, MAX_BELIEVED_SESSIONS, TIME_LIMIT } from '../../../src/dns/limits-discovery.ts'
import { Name } from '../../../src/dns/name.ts'
import { WireReader, WireWriter } from '../../../src/dns/octets.ts'
import { STATES } from '../../../src/dns/parameter-table.ts'
import { decodeParameters, PARAMETERS, parseParameters, valueOf } from '../../../src/dns/parameters.ts'
import { copyRdata, printRdata } from '../../../src/dns/rdata.ts'
import { parseRecord } from '../../../src/dns/record-text.ts'
import { anyParameterOctets, samplesAt, wordOf } from '../../dns/parameter-samples.ts'
import { Hive } from './hive.ts'

const AGENT = 'babel._sa.acme.example.'

function rdataOf(text: string): Uint8Array {
  return parseRecord(`x.example. 0 IN SENSE ${text}`).rdata
}

/** What is read of RDATA that a message brings: it is checked where the message is decoded. */
function decodeReading(octets: Uint8Array): { agent: Name; reading: Reading } {
  copyRdata(TYPE.SENSE, new WireReader(octets), new WireWriter())
  return { agent: Name.fromWire(octets, AGENT_AT), reading: readingIn(octets) }
}

/** What a reading says once nothing that is undefined stands in it. */
function told({ measured = [], ...reading }: Reading): object {
  const metrics = Object.fromEntries(METRICS.flatMap(({ name }, i) => (measured[i] === undefined ? [] : [[name, measured[i]]])))
  return { ...Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined)), ...metrics }
}

describe('a SENSE record', () => {
  const CASES: [words: string, reading: object][] = [
    ['', {}],
    ['active=0', { active: 0 }],
    ['active=4294967295', { active: 4_294_967_295 }],
    ['queue=16', { room: 16 }],
    ['service=1us', { serviceMs: 0.001 }],
    ['service=60s', { serviceMs: 60_000 }],
    ...STATES.map((state, i): [string, object] => [`state=${state}`, { state: i }]),
    ['arrivals=4294967295', { arrivals: 4_294_967_295 }],
    ['time=1970-01-01T00:00:00.001Z', { atMs: 1 }],
    ['concurrency=8', { slots: 8, concurrency: 8 }],
    ['latency=200ms accuracy=0.97', { latency: 200_000, accuracy: 9_700 }],
    ['uplink=10Mbit downlink=1kbit errors=0.5', { uplink: 10_000, downlink: 1, errors: 5_000 }],
  ]
  for (const [words, reading] of CASES) {
    test(`with ${words || 'nothing but its number'} tells that and no more`, () => {
      const read = decodeReading(rdataOf(`7 ${AGENT} ${words}`))
      assert.equal(read.agent.toString(), AGENT)
      assert.deepEqual(told(read.reading), { sequence: 7, ...reading })
    })
  }

  test('has every number of 16 bits as its own', () => {
    fc.assert(fc.property(fc.nat(0xffff), (sequence) => assert.equal(decodeReading(rdataOf(`${sequence} ${AGENT}`)).reading.sequence, sequence)))
  })

  test('is the same after it was printed and parsed', () => {
    const words = samplesAt('SENSE').flatMap(([parameter, samples]) => samples.map((sample) => wordOf(parameter, sample, 'SENSE')))
    assert.ok(words.length > 10)
    for (const word of words) {
      const rdata = rdataOf(`9 ${AGENT} ${word}`)
      assert.deepEqual(decodeReading(rdataOf(printRdata(TYPE.SENSE, rdata))), decodeReading(rdata), word)
    }
  })

  const BROKEN: [what: string, octets: Uint8Array][] = [
    ['nothing', Uint8Array.of()],
    ['half a number', Uint8Array.of(0)],
    ['no name', Uint8Array.of(0, 7)],
    ['a name cut short', Uint8Array.of(0, 7, 3, 0x61)],
    ['a compressed name (RFC 3597 4)', Uint8Array.of(0, 7, 0xc0, 0)],
    ['a label of 64 octets', Uint8Array.of(0, 7, 64, ...new Uint8Array(64), 0)],
    ['half a key', Uint8Array.of(0, 7, 0, 0xff)],
    ['a key without a length', Uint8Array.of(0, 7, 0, 0xff, 0x14)],
    ['a value cut short', rdataOf(`7 ${AGENT} active=3`).slice(0, -1)],
    ['a value too long', Uint8Array.of(...rdataOf(`7 ${AGENT} active=3`), 0)],
    ['keys twice', Uint8Array.of(...rdataOf(`7 ${AGENT} active=3`), ...rdataOf('7 . active=3').slice(3))],
  ]
  for (const [what, octets] of BROKEN) test(`of ${what} is a WireFault`, () => assert.throws(() => decodeReading(octets), WireFault))

  test('of any list of parameters that SENSE may have is read', () => {
    const head = rdataOf(`7 ${AGENT}`)
    fc.assert(fc.property(anyParameterOctets('SENSE'), (list) => {
      assert.equal(decodeReading(Uint8Array.of(...head, ...list)).reading.sequence, 7)
    }), { numRuns: 300 })
  })

  test('with octets changed, cut or added is read within its types or is a WireFault, and nothing else is thrown', () => {
    const head = rdataOf(`7 ${AGENT}`)
    const change = fc.tuple(fc.nat(200), fc.nat(255))
    fc.assert(fc.property(anyParameterOctets('SENSE'), fc.array(change, { maxLength: 4 }), fc.nat(40), fc.uint8Array({ maxLength: 4 }), (list, changes, cut, more) => {
      const whole = Uint8Array.of(...head, ...list)
      for (const [at, octet] of changes) whole[at % whole.length] = octet
      const octets = Uint8Array.of(...whole.slice(0, Math.max(0, whole.length - cut)), ...more)
      try {
        const { reading } = decodeReading(octets)
        for (const value of [reading.active, reading.room, reading.slots, reading.arrivals]) assert.ok(value === undefined || (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff))
        assert.ok(reading.state === undefined || (reading.state >= 0 && reading.state < STATES.length))
        assert.ok(reading.atMs === undefined || (reading.atMs >= 0 && reading.atMs < TIME_LIMIT))
        assert.ok(reading.measured === undefined || reading.measured.length === METRICS.length)
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault
        assert.ok(fault.offset >= 0 && fault.offset <= octets.length, String(fault.offset))
      }
    }), { numRuns: 1_500 })
  })

  test('is read in place as the list of parameters has it, whatever it holds', () => {
    const head = rdataOf(`7 ${AGENT}`)
    fc.assert(fc.property(anyParameterOctets('SENSE'), (octets) => {
      const list = decodeParameters(octets, 'SENSE')
      const state = valueOf(list, PARAMETERS.state)
      const [serviceUs, slots] = [valueOf(list, PARAMETERS.service), valueOf(list, PARAMETERS.concurrency)]
      const wanted: Reading = {
        sequence: 7, atMs: valueOf(list, PARAMETERS.time), active: valueOf(list, PARAMETERS.active), slots, room: valueOf(list, PARAMETERS.queue), serviceMs: serviceUs && serviceUs / 1_000,
        state: state && STATES.indexOf(state), arrivals: valueOf(list, PARAMETERS.arrivals), measured: METRICS.map(({ name }) => valueOf(list, PARAMETERS[name])),
      }
      assert.deepEqual(told(decodeReading(Uint8Array.of(...head, ...octets)).reading), told(wanted))
    }), { numRuns: 500 })
  })
})

describe('what is believed', () => {
  const FIELDS: [field: 'active' | 'slots' | 'room' | 'serviceMs', least: number, most: number][] = [
    ['active', 0, MAX_BELIEVED_SESSIONS], ['slots', 1, MAX_BELIEVED_SESSIONS], ['room', 0, MAX_BELIEVED_SESSIONS], ['serviceMs', 0.001, MAX_BELIEVED_SERVICE_MS],
  ]
  for (const [field, least, most] of FIELDS) {
    test(`of ${field} is from ${least} to ${most}, or nothing`, () => {
      const values: [number | undefined, number | undefined][] = [
        [undefined, undefined], [NaN, undefined], [-1, undefined], [-Infinity, undefined], [0, least], [least, least], [most, most], [most + 1, most], [Infinity, most],
      ]
      for (const [value, wanted] of values) assert.equal(bounded({ [field]: value })[field], wanted, String(value))
    })
  }

  test('once is believed twice, and nothing else is touched', () => {
    const number = fc.option(fc.double(), { nil: undefined })
    fc.assert(fc.property(number, number, number, number, fc.nat(4), (active, slots, room, serviceMs, state) => {
      const reading: Reading = { sequence: 3, atMs: 9, arrivals: 5, active, slots, room, serviceMs, state, measured: [1] }
      const once = bounded(reading)
      assert.deepEqual(bounded(once), once)
      assert.deepEqual([once.sequence, once.atMs, once.arrivals, once.state, once.measured], [3, 9, 5, state, [1]])
    }))
  })

  test('leaves the table finite, whatever is reported and observed in whatever order', () => {
    const number = fc.option(fc.oneof(fc.double(), fc.nat(0xffff_ffff)), { nil: undefined })
    const report = fc.record({ active: number, slots: number, room: number, serviceMs: number, arrivals: fc.option(fc.nat(0xffff_ffff), { nil: undefined }), state: fc.option(fc.nat(2), { nil: undefined }), latency: fc.option(fc.nat(0xffff_ffff), { nil: undefined }) })
    const outcome = fc.record({ result: fc.nat(3), latencyMs: fc.double({ min: 0, max: 4_294_968, noNaN: true }), active: fc.nat(0xffff_ffff) })
    const step = fc.record({ report: fc.option(report), outcome: fc.option(outcome), passMs: fc.nat(20_000) })
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const hive = new Hive({}, 1, 16)
      hive.put('babel', 'latency=1s concurrency=4')
      for (const { report: reported, outcome: met, passMs } of steps) {
        if (reported !== null) hive.report('babel', { ...reported, measured: METRICS.map((_, i) => (i === METRIC.latency ? reported.latency : undefined)) })
        if (met !== null) hive.observe('babel', met)
        hive.nowMs += passMs
        hive.choose()
        const [score] = hive.ranker.scores
        assert.ok(score >= 0 && score <= 1, String(score))
      }
      const slot = hive.slot('babel')
      for (const [name, column] of Object.entries(hive.registrar.table.f64)) assert.ok(name === 'leaseEndMs' || Number.isFinite(column[slot]), `${name} is ${column[slot]}`)
    }), { numRuns: 150 })
  })
})

describe('outcomes of a demand', () => {
  const WORDS = ['done', 'busy', 'unreachable', 'wrong'] as const
  const one = fc.record({ label: fc.constantFrom('a', 'b7', 'x-y'), result: fc.constantFrom(...WORDS), us: fc.nat(4_000_000), active: fc.nat(0xffff_ffff), atMs: fc.nat(2_000_000_000) })

  test('are handed on one by one, in order, with their names', () => {
    fc.assert(fc.property(fc.array(one, { minLength: 1, maxLength: 8 }), (all) => {
      const text = all.map(({ label, result, us, active, atMs }) => `${label}.example/${result}/${us}us/${active}/${atMs}`).join(',')
      const value = parseParameters(`outcome=${text}`, 'DEMAND').slice(4)
      assert.ok(isOutcomes(value, 0, value.length))
      const seen: [string, Outcome][] = []
      forEachOutcome(value, 0, value.length, (nameAt, outcome) => void seen.push([Name.fromWire(value, nameAt).toString(), outcome]))
      assert.deepEqual(seen, all.map(({ label, result, us, active, atMs }) => [`${label}.example.`, { result: RESULT[result], latencyMs: us / 1_000, active, atMs }]))
    }), { numRuns: 150 })
  })

  test('that do not begin where they should are none, wherever one is cut', () => {
    const value = parseParameters('outcome=a.example/done/1s/2/3,b.example/wrong/1s/2/3', 'DEMAND').slice(4)
    const whole = [value.length / 2, value.length]
    for (let end = 0; end <= value.length; end++) assert.equal(isOutcomes(value, 0, end), whole.includes(end), String(end))
  })
})
