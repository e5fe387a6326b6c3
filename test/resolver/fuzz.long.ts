/** The same as fuzz.test.ts for half a minute, from a seed of its own each time, which is printed so that a failure can be had again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeMutation } from '../battery/mutate.ts'
import { Chance } from '../battery/chance.ts'
import { MAX_SENDS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import { Play, smallInternet } from './support.ts'

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 30)

test('whatever comes back broken, every question ends, within the messages that one may cost', (context) => {
  const first = Number(process.env.FUZZ_SEED ?? Date.now() % 0x1_0000_0000)
  context.diagnostic(`FUZZ_SEED=${first}`)
  const kinds: Record<string, number> = {}
  const out = Buffer.alloc(65_535)
  let most = 0
  let seed = first
  for (const end = Date.now() + SECONDS * 1_000; Date.now() < end; seed++) {
    const chance = new Chance(seed)
    const play = new Play(smallInternet('alias CNAME www\nsub NS ns.sub\nns.sub A 192.0.2.2\nold DNAME sub\nd.e.f A 192.0.2.3'), { ipv6: chance.percent(50), minimise: chance.percent(70) }, seed)
    const seen: Buffer[] = []
    play.onTheWay = (octets) => {
      seen.push(Buffer.from(octets))
      if (chance.percent(50)) return octets
      const length = writeMutation(out, [Buffer.from(octets), chance.pick(seen)], chance)
      return chance.percent(80) && length > 2 ? Buffer.concat([octets.subarray(0, 2), out.subarray(2, length)]) : Buffer.from(out.subarray(0, length))
    }
    for (const question of ['www.example. A', 'alias.example. AAAA', 'x.old.example. A', 'd.e.f.example. A', 'gone.example. TXT', 'www.sub.example. ANY']) {
      const { kind, outcome } = play.ask(question)
      kinds[kind] = (kinds[kind] ?? 0) + 1
      most = Math.max(most, outcome.work.sends)
      assert.ok(outcome.work.sends <= MAX_SENDS_PER_QUESTION, `seed ${seed}: ${question} took ${outcome.work.sends} messages`)
    }
  }
  context.diagnostic(JSON.stringify({ seeds: seed - first, most, kinds }))
  assert.ok(seed - first > 10 && (kinds.answer ?? 0) > 0, 'plays were played')
})
