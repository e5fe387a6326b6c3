/**
 * The story of finding agents, from the first registration to a restart, against a real server: three providers, twelve
 * agents that are processes of their own, readings that change, one agent killed, one overloaded and one that lies; asked by
 * dig, `waggle query`, the library and plain DNS. Each step checks what it shows.
 */
import assert from 'node:assert/strict'
import { enter, PROVIDERS, work } from './cast.ts'
import { capabilityOf, play, type Say, Stage, type Step, until } from './stage.ts'

const [ACME, BETA, GAMMA] = PROVIDERS

/** Plays the story; gives the titles of the steps that failed. */
export async function runStory(say: Say): Promise<string[]> {
  const stage = new Stage()
  try {
    await stage.open()
    return await play([...asking(stage), ...changing(stage), ...failing(stage), ...ending(stage)], say)
  } finally {
    await stage.close()
  }
}

/** Everybody comes, and is asked for in every way there is. */
function asking(stage: Stage): Step[] {
  const need = 'accuracy=0.95 count=3'
  return [
    { title: 'twelve agents of three providers register by their own keys and report', check: async () => {
      await enter(stage.address, stage.cast)
      const listed = (await stage.waggle('agent', 'list', '-c', stage.config)).trim().split('\n').length - 1
      const told = (await Promise.all(PROVIDERS.map((name) => stage.explain(name)))).flatMap(({ explained }) => explained).filter(({ load }) => load.ageMs !== null).length
      assert.deepEqual([listed, told], [12, 12])
      return `${listed} are listed, ${told} have told a reading`
    } },
    { title: 'dig with a demand (+ednsopt) and the AG bit (+zflag)', check: async () => {
      const { ids, text } = await stage.digAgents(ACME, need)
      assert.deepEqual(new Set(ids), new Set(['liar', 'quick', 'steady']), text)
      assert.match(text, /status: NOERROR/)
      assert.match(text, /flags: qr aa[^\n]*; MBZ: 0x4/, 'the server understands AG')
      assert.match(text, /OPT=65441/, 'OFFER tells how it was chosen')
      return ids.join(', ')
    } },
    { title: 'waggle query names the same', check: async () => {
      const out = await stage.waggle('query', capabilityOf(ACME), 'AGENT', '--demand', need, '--short', '-s', stage.address)
      const ids = [...out.matchAll(/^\d+ (\w+)\._sa/gm)].map(([, id]) => id)
      assert.deepEqual(new Set(ids), new Set(['liar', 'quick', 'steady']))
      return ids.join(', ')
    } },
    { title: 'the library asks each provider and knows who is best', check: async () => {
      const best: string[] = []
      for (const name of PROVIDERS) {
        const { agents: [first] } = await stage.asker.ask(capabilityOf(name), { latency: '1s', count: 1 })
        assert.ok(first.score !== undefined && first.score > 0.5 && first.state === 'idle' && (first.ageMs ?? Infinity) < 6_000, JSON.stringify(first))
        best.push(`${first.name.split('.')[0]} of ${name} ${first.score}`)
      }
      return best.join(', ')
    } },
    { title: 'plain dig A at the capability gives addresses of agents', check: async () => {
      const addresses = (await stage.dig('+short', capabilityOf(BETA), 'A')).trim().split('\n')
      assert.deepEqual(new Set(addresses), new Set([1, 2, 3, 4].map((i) => `127.0.2.${i}`)))
      return addresses.join(' ')
    } },
    { title: 'what nobody can do is answered by nobody, and says why', check: async () => {
      const { ids, text } = await stage.digAgents(ACME, 'accuracy=0.999')
      assert.deepEqual(ids, [])
      assert.match(text, /EDE: 49154/)
      const { reason } = await stage.asker.ask(capabilityOf(ACME), { accuracy: 0.999 })
      assert.match(reason ?? '', /accuracy/)
      return `EDE 49154, ${reason ?? ''}`
    } },
  ]
}

/** Readings change, and answers with them. */
function changing(stage: Stage): Step[] {
  const isFirst = async (id: string): Promise<true | undefined> => ((await stage.found(BETA, 'prefer=latency:1'))[0] === id ? true : undefined)
  return [
    { title: 'the best one is loaded, and the next is answered first', check: async () => {
      await until('first is the best', () => isFirst('first'))
      stage.actor('first').order({ background: 12 })
      const { tookMs } = await until('second is answered first', () => isFirst('second'))
      const { load } = await stage.explainOf(BETA, 'first')
      assert.equal(load.active, 12)
      return `${tookMs} ms after it had 12 sessions for 4 slots`
    } },
    { title: 'it is free again, and answered first again', check: async () => {
      stage.actor('first').order({ background: 0 })
      const { tookMs } = await until('first is answered first', () => isFirst('first'))
      return `${tookMs} ms after they had gone`
    } },
    { title: 'equals share the work of a crowd', check: async () => {
      const done = await calls(stage, GAMMA, 24, 6)
      assert.ok(Object.keys(done).length === 4 && Math.max(...Object.values(done)) <= 12, JSON.stringify(done))
      return printed(done)
    } },
    { title: 'one of them is overloaded, and spared', check: async () => {
      stage.actor('north').order({ background: 4 })
      await until('its load is known', async () => ((await stage.explainOf(GAMMA, 'north')).load.active >= 4 ? true : undefined))
      const done = await calls(stage, GAMMA, 18, 3)
      assert.equal(done.north, undefined, JSON.stringify(done))
      stage.actor('north').order({ background: 0 })
      return printed(done)
    } },
  ]
}

/** One is killed, one lies. */
function failing(stage: Stage): Step[] {
  return [
    { title: 'one is killed: whoever meets that is served by the next, and tells', check: async () => {
      await until('first is the best', async () => ((await stage.found(BETA, 'prefer=latency:1'))[0] === 'first' ? true : undefined))
      await stage.actor('first').kill()
      const answered = await stage.asker.call(capabilityOf(BETA), 'prefer=latency:1', work)
      assert.notEqual(answered, 'first')
      await stage.found(BETA)
      return `answered by ${answered}`
    } },
    { title: 'and nobody else is sent there', check: async () => {
      const { tookMs } = await until('it is left out', async () => ((await stage.found(BETA, '', stage.newAsker())).includes('first') ? undefined : true), 1_000)
      const addresses = (await stage.dig('+short', capabilityOf(BETA), 'A')).trim().split('\n')
      assert.ok(!addresses.includes('127.0.2.1'), addresses.join(' '))
      const { why, out } = await stage.explainOf(BETA, 'first')
      assert.match(why, /not reached/)
      assert.equal(out, undefined)
      return `${tookMs} ms later it is in no answer: ${why}`
    } },
    { title: 'one lies: it says 15 ms and idle, takes 300 ms, and loses its share', check: async () => {
      assert.equal((await stage.found(ACME, 'latency=1s'))[0], 'liar', 'it is believed at first')
      const before = await calls(stage, ACME, 6, 1)
      const { value: told } = await until('the log names it', async () => stage.server.lines().find(({ msg, agent }) => msg === 'promise broken' && agent === 'liar._sa.acme.example.'))
      const after = await calls(stage, ACME, 20, 1)
      assert.ok(Number(told.slowness) > 2)
      const [share, left] = [(before.liar ?? 0) / 6, (after.liar ?? 0) / 20]
      assert.ok(share > 0 && left <= 0.1, `${share} before, ${left} after: ${printed(after)}`)
      return `${Math.round(share * 100)} % of the first 6 calls, ${Math.round(left * 100)} % of the next 20`
    } },
    { title: 'and waggle query --explain says why', check: async () => {
      const { reputation, criteria } = await stage.explainOf(ACME, 'liar')
      const latency = criteria.find(({ name }) => name === 'latency')
      assert.ok(reputation.slowness > 2 && reputation.outcomes >= 1, JSON.stringify(reputation))
      const text = await stage.waggle('query', capabilityOf(ACME), '--explain', '-c', stage.config)
      const rows = text.split('\n').filter((line) => /^(\d+|-) +\w+\._sa/.test(line))
      assert.deepEqual(rows.map((line) => line.split(/\s+/)[1]).sort(), ['liar', 'quick', 'steady', 'thrifty'].map((id) => `${id}._sa.acme.example.`))
      assert.match(text, /liar\._sa\.acme\.example\. at[\s\S]*times as slow as it says/)
      return `it is ${reputation.slowness.toFixed(1)} times as slow as it says: claims ${latency?.claimed ?? ''}, believed ${latency?.believed ?? ''}`
    } },
  ]
}

/** One leaves in good order; the server is started again. */
function ending(stage: Stage): Step[] {
  return [
    { title: 'one leaves in good order, and is gone from every answer', check: async () => {
      await stage.actor('thrifty').leave()
      const { tookMs } = await until('it is gone', async () => ((await stage.digAgents(ACME, '')).ids.includes('thrifty') ? undefined : true), 1_000)
      assert.doesNotMatch(await stage.dig('+short', capabilityOf(ACME), 'A'), /127\.0\.1\.3/)
      return `${tookMs} ms after it was told to`
    } },
    { title: 'the server starts again: agents stay registered, what was known of them is known, and they go on reporting', check: async () => {
      await stage.server.stop()
      const faults = stage.server.lines().filter(({ level }) => level === 'error')
      assert.deepEqual(faults, [])
      await stage.open()
      assert.equal((await stage.explain(GAMMA)).candidates, 4, 'all stay registered')
      const liar = await stage.explainOf(ACME, 'liar')
      assert.ok(liar.load.ageMs !== null && liar.reputation.slowness > 2, `what was known is known again: ${JSON.stringify(liar)}`)
      const { tookMs } = await until('they have told readings', async () => {
        const { explained } = await stage.explain(GAMMA)
        return explained.every(({ load }) => load.ageMs !== null && load.ageMs < 5_000) ? true : undefined
      }, 12_000)
      const { ids } = await stage.digAgents(GAMMA, '') // before it reports again, one whose reading grew old while the server was away is left out where others are not
      assert.equal(ids.length, 4)
      return `all of gamma are registered at once, have reported within ${tookMs} ms, and are answered`
    } },
  ]
}

/** Calls the best again and again, `atOnce` at a time; how many each has answered. */
async function calls(stage: Stage, provider: string, count: number, atOnce: number): Promise<Record<string, number>> {
  const done: Record<string, number> = {}
  let left = count
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const id = await stage.asker.call(capabilityOf(provider), { latency: '1s' }, work)
      done[id] = (done[id] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, caller))
  return done
}

function printed(done: Record<string, number>): string {
  return Object.entries(done).map(([id, count]) => `${id} ${count}`).join(', ')
}
