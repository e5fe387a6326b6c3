/** The same as fuzz.test.ts for as long as one likes: `node dist/test/resolver/fuzz.long.js [seconds] [seed]`; prints how many plays ended, and how. */
import { writeMutation } from '../battery/mutate.ts'
import { Chance } from '../battery/chance.ts'
import { MAX_SENDS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import { Play, smallInternet } from './support.ts'

const [seconds = '30', first = '1'] = process.argv.slice(2)
const end = Date.now() + Number(seconds) * 1000
const kinds: Record<string, number> = {}
const out = Buffer.alloc(65_535)
let most = 0
let seed = Number(first)

for (; Date.now() < end; seed++) {
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
    if (outcome.work.sends > MAX_SENDS_PER_QUESTION) throw new Error(`seed ${seed}: ${question} took ${outcome.work.sends} messages`)
  }
}
console.log(JSON.stringify({ seeds: seed - Number(first), most, kinds }))
