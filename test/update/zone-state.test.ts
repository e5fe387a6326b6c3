/**
 * What is kept of a zone as a whole: which serial is served after a start, whatever became of the file meanwhile (RFC 1982
 * decides what is newer), and whether the SOA that an update gave still stands.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { WireFault } from '../../src/dns/faults.ts'
import { isNewerSerial, MAX_SERIAL_STEP } from '../../src/dns/serial.ts'
import { EditorDraft } from '../../src/update/draft.ts'
import { keepState, readState, settleState, soaOf, type ZoneState } from '../../src/update/zone-state.ts'
import { bench, fileOf, imageOf, MapKeeper } from './support.ts'

const KEY = Uint8Array.of(1, 2, 3)
const print = (octet: number): Uint8Array => new Uint8Array(8).fill(octet)
const zone = (serial: number, more = ''): string => `@ 60 SOA ns admin ${serial} 1 2 3 4\n@ 60 NS ns\nns 60 A 192.0.2.53\n${more}`
const draftOf = (serial: number): EditorDraft => new EditorDraft(imageOf(zone(serial)))

/** The serial that is served where the file says `file` and `served` was served of the file with serial `of`. */
function served({ file, kept, of = file, isEdited = false, isChanged = false }: { file: number; kept: number; of?: number; isEdited?: boolean; isChanged?: boolean }): number {
  const state: ZoneState = { serial: kept, file: { serial: of, fingerprint: print(1) }, soa: undefined }
  const draft = draftOf(file)
  const settled = settleState(draft, { serial: file, fingerprint: print(isEdited ? 2 : 1) }, state, isChanged)
  assert.equal(draft.serial, settled.serial, 'the draft says what the state says')
  return settled.serial
}

describe('the serial after a start', () => {
  const cases: [what: string, parts: Parameters<typeof served>[0], serial: number][] = [
    ['of the same file goes on from what was served', { file: 7, kept: 12 }, 12],
    ['of the same file steps where what lies over it is another', { file: 7, kept: 12, isChanged: true }, 13],
    ['of a file with a newer serial is the file’s', { file: 20, kept: 12, of: 7, isEdited: true }, 20],
    ['of a file whose serial was raised alone is the file’s', { file: 20, kept: 12, of: 7 }, 20],
    ['of an edited file with the serial that was served steps', { file: 12, kept: 12, of: 7, isEdited: true }, 13],
    ['of an edited file whose serial was forgotten steps', { file: 7, kept: 12, isEdited: true }, 13],
    ['of an edited file that no update lies over and whose serial was forgotten steps', { file: 7, kept: 7, isEdited: true }, 8],
    ['of a file with a lower serial steps', { file: 3, kept: 12, of: 7, isEdited: true }, 13],
    ['of a file put back as it was long ago steps', { file: 3, kept: 12, of: 7 }, 13],
    ['wraps where the file’s has wrapped (RFC 1982 3.2)', { file: 5, kept: 0xffff_fff0, of: 0xffff_ff00, isEdited: true }, 5],
    ['steps over the wrap, and over 0, which no update may set (RFC 2136 4.2)', { file: 0xffff_ff00, kept: 0xffff_ffff, isEdited: true }, 1],
    ['steps where the file’s is half of all serials away, which says nothing of what is newer (RFC 1982 3.2)', { file: 0x8000_000c, kept: 12, of: 7, isEdited: true }, 13],
    ['is the file’s where that is as much newer as can be', { file: 12 + MAX_SERIAL_STEP, kept: 12, of: 7, isEdited: true }, 12 + MAX_SERIAL_STEP],
  ]
  for (const [what, parts, serial] of cases) test(what, () => assert.equal(served(parts), serial))

  test('of a zone of which nothing is kept is the file’s', () => {
    const file = { serial: 7, fingerprint: print(1) }
    assert.deepEqual(settleState(draftOf(7), file, undefined, true), { serial: 7, file, soa: undefined })
  })

  test('never goes back, and moves on wherever content may differ', () => {
    const serial = fc.integer({ min: 1, max: 0xffff_ffff })
    fc.assert(fc.property(serial, serial, serial, fc.boolean(), fc.boolean(), (file, kept, of, isEdited, isChanged) => {
      const now = served({ file, kept, of, isEdited, isChanged })
      const isSame = file === of && !isEdited && !isChanged
      assert.ok(now === kept ? isSame : isNewerSerial(now, kept), `${kept} became ${now}`)
      assert.notEqual(now, 0)
    }), { numRuns: 300 })
  })
})

describe('the state of a zone', () => {
  const file = { serial: 0xffff_fffe, fingerprint: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }
  const states: [what: string, state: ZoneState][] = [
    ['without a SOA', { serial: 1, file, soa: undefined }],
    ['with one', { serial: 0xffff_ffff, file, soa: { ttl: 3_600, rdata: Uint8Array.of(0, 0, ...new Uint8Array(20)) } }],
  ]
  for (const [what, state] of states) {
    test(`${what} is read as it was kept`, async () => {
      const keeper = new MapKeeper()
      assert.equal(readState(keeper, KEY), undefined)
      await keeper.keep([keepState(KEY, state)])
      assert.deepEqual(readState(keeper, KEY), state)
      assert.equal(readState(keeper, Uint8Array.of(1, 2)), undefined, 'another zone')
    })
  }

  test('that is damaged is a fault and never another state', async () => {
    const write = keepState(KEY, states[0][1])
    const value = write.value as Uint8Array
    const damaged = [new Uint8Array(0), Uint8Array.of(9, ...value.subarray(1)), ...Array.from({ length: value.length }, (_, length) => value.subarray(0, length)), Uint8Array.of(...value, 0, 0)]
    for (const octets of damaged) {
      const keeper = new MapKeeper()
      await keeper.keep([{ ...write, value: octets }])
      assert.throws(() => readState(keeper, KEY), WireFault, Buffer.from(octets).toString('hex'))
    }
  })
})

describe('the SOA of an update', () => {
  test('is put back over the same file, and gives way to another', async () => {
    const running = await bench({ text: zone(7) })
    assert.equal(await running.send('add example. 120 SOA ns.example. changed.example. 50 9 8 7 6'), 'NOERROR')
    const again = async (text: string): Promise<string[]> => (await bench({ text, keeper: running.keeper })).at(' SOA ')
    assert.deepEqual(await again(zone(7)), ['example. 120 SOA ns.example. changed.example. 50 9 8 7 6'])
    assert.deepEqual(await again(zone(7, 'more 60 A 192.0.2.7\n')), ['example. 60 SOA ns.example. admin.example. 51 1 2 3 4'])
    assert.deepEqual(await again(zone(7)), ['example. 60 SOA ns.example. admin.example. 52 1 2 3 4'], 'it does not come back with the old file')
  })

  test('is what stands in the draft', () => {
    const soa = soaOf(draftOf(9))
    assert.equal(soa?.ttl, 60)
    assert.equal(new DataView((soa?.rdata ?? assert.fail()).slice().buffer).getUint32((soa?.rdata.length ?? 0) - 20), 9)
  })
})

describe('an edited file', () => {
  const STEPS: [what: string, text: string, records: string[], serial: number][] = [
    ['without a record that an update removed forgets the removal', zone(8), ['added.example. 60 A 192.0.2.1', 'ns.example. 60 A 192.0.2.53'], 10],
    ['with it again has it', zone(8, 'gone 60 A 192.0.2.9\n'), ['added.example. 60 A 192.0.2.1', 'gone.example. 60 A 192.0.2.9', 'ns.example. 60 A 192.0.2.53'], 11],
    ['with what an update added says so itself', zone(30, 'added 60 A 192.0.2.1\n'), ['added.example. 60 A 192.0.2.1', 'ns.example. 60 A 192.0.2.53'], 30],
    ['without it has it no more', zone(31), ['ns.example. 60 A 192.0.2.53'], 31],
  ]
  test('and what updates made of the zone come together step by step', async () => {
    const first = zone(7, 'gone 60 A 192.0.2.9\n')
    const running = await bench({ text: first })
    assert.equal(await running.send('delete gone.example. A; add added.example. 60 A 192.0.2.1'), 'NOERROR')
    assert.equal(await running.send('add other.example. 60 A 192.0.2.2'), 'NOERROR')
    assert.equal(await running.send('delete other.example.'), 'NOERROR')
    assert.equal(running.serial(), 10)
    let [serial] = [running.serial()]
    for (const [what, text, records, least] of STEPS) {
      const next = await bench({ text, keeper: running.keeper })
      assert.deepEqual(next.at(' A '), records, what)
      assert.ok(isNewerSerial(next.serial(), serial) && next.serial() >= least, `${what}: ${serial} became ${next.serial()}`)
      serial = next.serial()
    }
  })

  test('is told by its octets and not by its serial: fileOf of two texts differ', () => {
    const [a, b] = [zone(7), zone(7, 'more 60 A 192.0.2.7\n')].map((text) => fileOf(imageOf(text), text))
    assert.equal(a.serial, b.serial)
    assert.notDeepEqual(a.fingerprint, b.fingerprint)
  })
})
