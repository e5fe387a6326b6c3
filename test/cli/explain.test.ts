/**
 * `waggle query … --explain`, over a real control socket: what it asks, and how an explanation of the real ranker reads, as
 * columns and as JSON.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { printExplanation } from '../../src/cli/explain.ts'
import { Name } from '../../src/dns/name.ts'
import { explainAt, type Explanation } from '../../src/discovery/ranking/explain.ts'
import { DEFAULT_RANKING } from '../../src/discovery/ranking/settings.ts'
import { openControl, type ControlAnswer, type ControlRequest, type ControlSocket } from '../../src/ops/control.ts'
import { CAPABILITY, chance, demandOctets, Hive } from '../discovery/ranking/hive.ts'
import { run, scratch } from './running.ts'

const { folder } = scratch()
const NAME = 'v2.translate.text.nlp._cap.acme.example'
let control: ControlSocket
let asked: ControlRequest[] = []
let answer: ControlAnswer = { ok: true }

before(async () => {
  control = await openControl(join(folder, 'control.sock'), (request) => {
    asked.push(request)
    return Promise.resolve(answer)
  })
})
after(() => control.close())
beforeEach(() => (asked = []))

/** An explanation of a small market: quick and slow are answered, mute is behind them, dear is out. */
function market(demand: string, more: (hive: Hive) => void = () => undefined): Explanation {
  const hive = new Hive()
  hive.put('quick', 'latency=50ms accuracy=0.95 concurrency=4 cost=0.001')
  hive.put('slow', 'latency=2s accuracy=0.9 concurrency=4 cost=0.001')
  hive.put('dear', 'latency=50ms cost=9')
  hive.report('quick', { active: 1, sequence: 1, slots: 4, serviceMs: 40 })
  hive.nowMs += 2_500
  more(hive)
  return explainAt(hive.registrar.table, Name.parse(CAPABILITY), demandOctets(demand), { settings: DEFAULT_RANKING, random: chance(1), nowMs: hive.nowMs }) ?? assert.fail('none')
}

const DEMAND = 'cost=1 count=1'

describe('an explanation', () => {
  it('is asked for by name, class and the octets of the demand, and nothing is sent elsewhere', async () => {
    answer = { ok: true, explanation: market(DEMAND) }
    const { code, err } = await run('query', NAME, '--explain', '--demand', DEMAND, '--class', 'IN', '-d', folder)
    assert.deepEqual([code, err], [0, ''])
    assert.deepEqual(asked, [{ command: 'agent explain', name: NAME, class: 'IN', demand: Buffer.from(demandOctets(DEMAND)).toString('hex') }])
  })

  it('of words is none: they are to be translated first, and nothing is asked', async () => {
    const { code, out, err } = await run('query', '_cap.acme.example', '--explain', '--demand', 'intent="a translator" count=1', '-d', folder)
    assert.deepEqual([code, out, asked], [2, '', []])
    assert.match(err, /^waggle: Cannot explain what words mean: ask without --explain first, .* at the capability that OFFER names \(translated=…\)\n$/)
  })

  it('that is refused is told, and fails', async () => {
    answer = { ok: false, error: 'Cannot explain it as bees sleep' }
    assert.deepEqual(await run('query', NAME, '--explain', '-d', folder), { code: 1, out: '', err: 'waggle: Cannot explain it as bees sleep\n' })
  })

  it('as JSON is one object with all of it', async () => {
    answer = { ok: true, explanation: market(DEMAND) }
    const { out } = await run('query', NAME, '--explain', '--json', '--demand', DEMAND, '-d', folder)
    assert.deepEqual(JSON.parse(out), { name: NAME, class: 'IN', demand: DEMAND, ...JSON.parse(JSON.stringify(market(DEMAND))) as object })
  })

  it('reads as one line for each: its place, score, load, age and why', () => {
    const [head, titles, ...rest] = printExplanation(NAME, DEMAND, market(DEMAND)).split('\n')
    assert.equal(head, `;; 3 at ${NAME} for ${DEMAND}: 1 in the answer, 1 behind them, 1 out`)
    assert.deepEqual(titles.split(/ {2,}/), ['RANK', 'AGENT', 'SCORE', 'STATE', 'LOAD', 'READING', 'WHY'])
    const rows = rest.slice(0, 3).map((line) => line.split(/ {2,}/))
    assert.deepEqual(rows.map(([rank, agent]) => [rank, agent]), [['1', 'quick._sa.acme.example.'], ['-', 'slow._sa.acme.example.'], ['-', 'dear._sa.acme.example.']])
    assert.deepEqual(rows.map((row) => row[5]), ['2.5 s', 'none', 'none'])
    assert.match(rows[0][2], /^0\.\d{4}$/)
    assert.deepEqual([rows[1][6], rows[2].slice(2)], ['others score better, and no more are wanted', ['-', 'idle', '0/4', 'none', 'out: cost is 9, demanded is at most 1']])
  })

  it('then tells of each every criterion, the reading and what askers met', () => {
    const text = printExplanation(NAME, DEMAND, market(DEMAND, (hive) => {
      for (let i = 0; i < 4; i++) hive.observe('quick', { result: 3, latencyMs: 120, atMs: hive.nowMs - 9_000 + i })
    }))
    const [, quick] = text.split(/\n\n/)
    assert.match(quick, /^quick\._sa\.acme\.example\. at v2\.translate\.text\.nlp\._cap\.acme\.example\.\n/)
    assert.match(quick, /\n {2}load {8}reading 2\.5 s old: 1 active, 4 slots, .* waiting places, 40 ms a session; reckoned [\d.]+ there now, 0 of them sent from here since; one more costs [\d.]+ ms\n/)
    assert.match(quick, /\n {2}latency {5}claims 50ms, believed \d+us|\n {2}latency {5}claims 50ms, believed \d+ms/)
    assert.match(quick, /\n {2}accuracy {4}claims 0\.95, believed 0\.\d+; worth 0\.\d{3}, weight 2\n/)
    assert.match(quick, /\n {2}cost {8}claims 0\.001; demanded at most 1; worth 0\.999, weight 1\n/)
    assert.match(quick, /\n {2}stability {3}not known; worth 0\.500, weight 0\.5\n/)
    assert.match(quick, /\n {2}reputation {2}4 outcomes, 0 right, [\d.]+ times as slow as it says; accuracy is believed to be 0\.\d{4}$/)
    assert.match(text, /dear\._sa[\s\S]*\n {2}load {8}no reading[\s\S]*cost {8}claims 9; demanded at most 1; not scored, weight 1[\s\S]*no outcomes/)
  })

  it('says what it leaves out, and how other resolvers weigh in', () => {
    const all = market('near=48,16 provider=beta.example')
    assert.match(printExplanation(NAME, '', all), /\n {2}unmet {7}provider near\n/)
    const text = printExplanation(NAME, '', { ...all, candidates: 5_000, isSampled: true, kappa: 3.21 })
    assert.match(text, /^;; 5000 at .*\n;; 4997 were not looked at\n;; an answer scores 64 of them, drawn by chance; here are more\n;; 3\.2 requests reach the agents for each that is sent from here\n/)
    assert.doesNotMatch(printExplanation(NAME, '', all), /not looked at|drawn by chance|requests reach/)
  })
})
