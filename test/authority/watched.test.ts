/** Records that somebody has subscribed to (RFC 8765): what a look says that has changed, against what a walk over the zone finds. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { JoinedTopic, StoredTopic } from '../../src/authority/watched.ts'
import { octetKey } from '../../src/dns/octets.ts'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import type { PushChange } from '../../src/dns/dso.ts'
import { MAX_PUSH_RECORDS } from '../../src/dns/limits-sessions.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { changeText } from '../server/pushed.ts'

const APEX = 'example.'
const WWW = 'www.example.'
const wire = (name: string): Uint8Array => Name.parse(name).wire

function zone(seed = 7): { image: ZoneImage; editor: ZoneEditor; change: (work: (editor: ZoneEditor) => void) => void } {
  const builder = new ZoneBuilder({ apex: wire(APEX), class: CLASS.IN, seed, expectedOctets: 2_000_000 })
  builder.add(wire(WWW), TYPE.A, 60, Uint8Array.of(192, 0, 2, 1), 4)
  builder.add(wire(WWW), TYPE.TXT, 30, Uint8Array.of(1, 0x78), 2)
  builder.add(wire(`*.${APEX}`), TYPE.A, 60, Uint8Array.of(192, 0, 2, 9), 4)
  builder.add(wire(`alias.${APEX}`), TYPE.CNAME, 60, wire(WWW), wire(WWW).length)
  const image = builder.finish()
  const editor = new ZoneEditor(image)
  const change = (work: (editor: ZoneEditor) => void): void => {
    editor.begin()
    work(editor)
    editor.commit()
  }
  return { image, editor, change }
}

function topic(image: () => ZoneImage | undefined, name = WWW, type: number = TYPE.A): StoredTopic {
  return new StoredTopic({ name: Name.parse(name), type, class: CLASS.IN }, image)
}

const told = (changes: readonly PushChange[]): string[] => changes.map(changeText)

describe('a topic of records', () => {
  test('begins with what stands there, and then tells what has come and gone', () => {
    const { image, change } = zone()
    const watched = topic(() => image)
    assert.deepEqual(told(watched.all()), [])
    assert.deepEqual(told(watched.look()), ['+ www.example. 60 IN A 192.0.2.1'])
    assert.deepEqual(told(watched.all()), ['+ www.example. 60 IN A 192.0.2.1'])
    assert.deepEqual(told(watched.look()), [])
    change((editor) => {
      editor.removeRecord(wire(WWW), TYPE.A, Uint8Array.of(192, 0, 2, 1))
      editor.addRecord(wire(WWW), TYPE.A, 60, Uint8Array.of(192, 0, 2, 2))
    })
    assert.deepEqual(told(watched.look()), ['- www.example. IN A 192.0.2.1', '+ www.example. 60 IN A 192.0.2.2'])
    change((editor) => editor.addRecord(wire('other.example.'), TYPE.A, 60, Uint8Array.of(192, 0, 2, 3)))
    assert.deepEqual(told(watched.look()), [])
    change((editor) => editor.removeRRset(wire(WWW), TYPE.A))
    assert.deepEqual([told(watched.look()), told(watched.all())], [['- www.example. IN A 192.0.2.2'], []])
  })

  test('tells of a name that comes later, and of another TTL as of a record that comes', () => {
    const { image, change } = zone()
    const watched = topic(() => image, 'late.example.', TYPE.TXT)
    assert.deepEqual(told(watched.look()), [])
    change((editor) => editor.putRRset(wire('late.example.'), TYPE.TXT, 60, [Uint8Array.of(1, 0x61)]))
    assert.deepEqual(told(watched.look()), ['+ late.example. 60 IN TXT "a"'])
    change((editor) => editor.putRRset(wire('late.example.'), TYPE.TXT, 90, [Uint8Array.of(1, 0x61)]))
    assert.deepEqual(told(watched.look()), ['+ late.example. 90 IN TXT "a"'])
  })

  test('is of one type or of all; no wildcard makes any, and an alias is told of where it was asked for alone', () => {
    const { image } = zone()
    const at = (name: string, type: number): string[] => told(topic(() => image, name, type).look())
    assert.deepEqual(at(WWW, TYPE.ANY).sort(), ['+ www.example. 30 IN TXT "x"', '+ www.example. 60 IN A 192.0.2.1'])
    assert.deepEqual(at('none.example.', TYPE.A), [])
    assert.deepEqual([at('alias.example.', TYPE.A), at('alias.example.', TYPE.CNAME)], [[], ['+ alias.example. 60 IN CNAME www.example.']])
  })

  test('goes on where the zone is read again or moved to another block, and tells of all that goes where it is no longer served', () => {
    let image: ZoneImage | undefined = zone().image
    const watched = topic(() => image)
    watched.look()
    image = zone(8).image
    assert.deepEqual(told(watched.look()), [])
    const next = zone(9)
    next.change((editor) => editor.addRecord(wire(WWW), TYPE.A, 60, Uint8Array.of(192, 0, 2, 2)))
    image = next.image
    assert.deepEqual(told(watched.look()), ['+ www.example. 60 IN A 192.0.2.2'])
    image = undefined
    assert.deepEqual(told(watched.look()), ['- www.example. IN A 192.0.2.1', '- www.example. IN A 192.0.2.2'])
    image = zone().image
    assert.deepEqual(told(watched.look()), ['+ www.example. 60 IN A 192.0.2.1'])
  })

  test('tells of no more than MAX_PUSH_RECORDS, and says so', () => {
    const { image, change } = zone()
    const watched = topic(() => image, 'many.example.', TYPE.ANY)
    const each = MAX_PUSH_RECORDS / 4 // an RRset holds no more than 65,000 octets
    for (let type = 0xff00; type < 0xff04; type++) change((editor) => editor.putRRset(wire('many.example.'), type, 60, Array.from({ length: each }, (_, i) => Uint8Array.of(i >>> 8, i))))
    assert.deepEqual([watched.look().length, watched.isCut], [MAX_PUSH_RECORDS, false])
    change((editor) => editor.putRRset(wire('many.example.'), TYPE.A, 60, [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 2)]))
    watched.look()
    assert.deepEqual([watched.all().length, watched.isCut], [MAX_PUSH_RECORDS, true])
  })

  test('what was told makes up what stands there, whatever is changed and whenever it is looked at', () => {
    const step = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 6 }), fc.boolean())
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { image, change } = zone()
      const watched = topic(() => image)
      const seen = new Set<string>()
      const take = (): void => {
        for (const { kind, ...change } of watched.look()) {
          const text = 'record' in change ? octetKey(change.record.rdata) : ''
          assert.notEqual(seen.has(text), kind === 'add', 'what comes was not there, what goes was')
          if (kind === 'add') seen.add(text)
          else seen.delete(text)
        }
      }
      for (const [isAdded, last, isLookedAt] of steps) {
        change((editor) => isAdded ? editor.addRecord(wire(WWW), TYPE.A, 60, Uint8Array.of(192, 0, 2, last)) : editor.removeRecord(wire(WWW), TYPE.A, Uint8Array.of(192, 0, 2, last)))
        if (isLookedAt) take()
      }
      take()
      assert.deepEqual([...seen].sort(), told(topic(() => image).look()).map((line) => octetKey(Uint8Array.from(line.split(' ')[5].split('.').map(Number)))).sort())
    }), { numRuns: 200 })
  })
})

test('a topic of several classes tells of all, and is looked at as often as the one that is due first', () => {
  const { image, change } = zone()
  const never = { everyMs: 250, isCut: true, look: () => [], all: () => [] }
  const joined = new JoinedTopic([never, topic(() => image)])
  assert.deepEqual([joined.everyMs, joined.isCut, told(joined.look())], [0, true, ['+ www.example. 60 IN A 192.0.2.1']])
  change((editor) => editor.removeRRset(wire(WWW), TYPE.A))
  assert.deepEqual([told(joined.look()), joined.all()], [['- www.example. IN A 192.0.2.1'], []])
})
