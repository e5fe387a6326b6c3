/**
 * Bursts of questions against servers that limit the rate of their responses, as NSD does unless told otherwise: what is
 * dropped is asked for again, and in the end by TCP, which is not limited (RFC 9520 3.1); nobody is put to rest by it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_PLACE_WAITERS, MAX_QUESTION_MS, MAX_QUESTIONS_PER_ZONE } from '../../src/dns/limits-resolver.ts'
import type { Message } from '../../src/dns/message.ts'
import type { Transport } from '../../src/resolver/contract.ts'
import { Internet, Play } from './support.ts'

const BURST = 500
const SERVER = '192.0.2.1'
const CROWD = '192.0.2.2'

/** NSD's way: of the responses by UDP within a second, those beyond twice the rate are dropped, every `slip`-th of them says TC instead. */
class Limited {
  dropped = 0
  slipped = 0
  private second = -1
  private count = 0
  private readonly nowMs: () => number
  private readonly slip: number
  private readonly rate: number

  constructor(nowMs: () => number, slip: number, rate = 200) {
    this.nowMs = nowMs
    this.slip = slip
    this.rate = rate
  }

  says = (_: Message, transport: Transport): Partial<Message> | null | undefined => {
    if (transport === 'tcp') return undefined
    const second = Math.floor(this.nowMs() / 1_000)
    this.count = second === this.second ? this.count + 1 : this.count / 2
    this.second = second
    if (this.count < 2 * this.rate) return undefined
    if (this.slip > 0 && ++this.slipped % this.slip === 0) return { truncated: true }
    this.dropped++
    return null
  }
}

function playOf(slip: number, rate?: number): { play: Play; limited: Limited } {
  const names = Array.from({ length: BURST }, (_, i) => `h${i} A 192.0.2.99`).join('\n')
  const box: { play?: Play } = {}
  const limited = new Limited(() => box.play?.nowMs ?? 0, slip, rate)
  const net = new Internet()
    .serve('198.51.100.1', { '.': `@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A ${SERVER}` })
    .serve(SERVER, { 'example.': `@ NS ns\nns A ${SERVER}\ncrowd NS ns.crowd\nns.crowd A ${CROWD}\n${names}` }, { says: limited.says })
    .serve(CROWD, { 'crowd.example.': `@ NS ns\nns A ${CROWD}\nwww A 192.0.2.98\n${names}` }, { says: limited.says })
  const play = new Play(net)
  box.play = play
  return { play, limited }
}

/** What became of a burst of names below `zone`: how many of each kind. */
function burst(play: Play, zone: string): Record<string, number> {
  const waiters = Array.from({ length: BURST }, (_, i) => play.start(`h${i}.${zone} A`))
  play.run()
  const kinds: Record<string, number> = {}
  for (const waiter of waiters) {
    const { kind } = play.told(waiter)
    kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

const ROWS: [title: string, zone: string, slip: number, rate?: number][] = [
  ['a top-level domain, every second one slips (NSD)', 'example.', 2],
  ['a zone below, every second one slips', 'crowd.example.', 2],
  ['a zone below, none slips, and few are let through', 'crowd.example.', 0, 50],
]

for (const [title, zone, slip, rate] of ROWS) {
  test(`${BURST} questions at once against ${title}: all are answered`, () => {
    const { play, limited } = playOf(slip, rate)
    play.ask('www.crowd.example. A')
    assert.deepEqual(burst(play, zone), { answer: BURST })
    assert.ok(limited.dropped > 20, `only ${limited.dropped} were dropped`)
    const most = Math.max(...[...countsOf(play).values()])
    assert.ok(most <= 2, `a name was asked for ${most} times by UDP (RFC 9520 3.1: three)`)
  })
}

test('a burst for a zone that nobody has asked for yet is answered whole: what finds no place waits until the first are answered', () => {
  const { play } = playOf(2, 100_000)
  assert.deepEqual(burst(play, 'crowd.example.'), { answer: BURST })
  assert.equal(play.resolver.underWay, 0)
})

test('a burst for a zone whose servers never answer fails before the time of a question is over, and leaves room for others meanwhile', () => {
  const net = new Internet()
    .serve('198.51.100.1', { '.': `@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A ${SERVER}` })
    .serve(SERVER, { 'example.': `@ NS ns\nns A ${SERVER}\ncrowd NS ns.crowd\nns.crowd A ${CROWD}` })
    .serve(CROWD, { 'crowd.example.': '@ NS ns' }, { says: () => null })
  const play = new Play(net)
  play.ask('www.crowd.example. A') // who serves it is known from here on
  const waiters = Array.from({ length: 3_000 }, (_, i) => play.start(`x${i}.crowd.example. A`))
  const other = play.start('ns.example. A')
  const begunMs = play.nowMs
  play.run()
  assert.equal(play.told(other).kind, 'answer')
  const kinds = waiters.map((waiter) => play.told(waiter).kind)
  assert.deepEqual([...new Set(kinds)].sort(), ['busy', 'unreachable'])
  assert.ok(kinds.filter((kind) => kind === 'busy').length >= 3_000 - MAX_QUESTIONS_PER_ZONE - MAX_PLACE_WAITERS)
  assert.ok(play.nowMs - begunMs < MAX_QUESTION_MS, `${play.nowMs - begunMs} ms`)
})

/** How often each name was asked for by UDP at the servers that limit. */
function countsOf(play: Play): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { to, transport, query: { questions: [{ name }] } } of play.sent) {
    const key = `${to.address.join('.')} ${name.key}`
    if (transport === 'udp' && name.labelCount > 2) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

test('a server that answers nobody is not asked by TCP, which would wait for longer', () => {
  const { play } = playOf(0, 0)
  const told = play.ask('h1.crowd.example. A')
  assert.equal(told.kind, 'unreachable')
  assert.equal(told.packets.filter((packet) => packet.includes(' tcp ')).length, 0)
})
