/** What the control socket says of registered agents: asked as the command line asks, over a registry that real messages have filled. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { registerMessage, type Registration } from '../../src/client/registration.ts'
import { CLASS } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { type Explanation, explainAt, movedOn } from '../../src/discovery/ranking/explain.ts'
import { DEFAULT_RANKING } from '../../src/discovery/ranking/settings.ts'
import { keyTag } from '../../src/dnssec/public-key.ts'
import type { RegisteredAgent } from '../../src/discovery/registration/registry.ts'
import type { Commanded } from '../../src/ops/command-parts.ts'
import { commandsOf } from '../../src/ops/commands.ts'
import type { ControlAnswer } from '../../src/ops/control.ts'
import type { ServedZone } from '../../src/ops/zone-keeper.ts'
import type { Requester } from '../../src/update/contract.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'
import { garden, START_MS, withLease, type Garden } from '../discovery/support.ts'
import { anybody, grant, imageOf, script, signed, ZONE } from '../update/support.ts'

const KEY = new Uint8Array(68).fill(7)
KEY.set([0, 0, 3, 13])
const BABEL: Registration = { provider: 'example.', id: 'babel', addresses: ['192.0.2.7'], capabilities: [{ name: 'v2.translate.text.nlp', parameters: 'latency=200ms' }] }

let running: Garden
let sent = ''

/** Two zones: one with a registry, and one above nothing. */
function server(): Commanded {
  const zone = (name: string, writable?: Garden): ServedZone => ({
    config: { name: Name.parse(name), class: CLASS.IN, file: '/z', place: { file: 'w', line: 1, column: 1 } }, image: writable?.zone.image ?? imageOf(ZONE, name), serial: 1, loadedAtMs: 0, loadMs: 0, refusal: undefined, writable: writable?.zone,
  })
  const zones = [zone('example.', running), zone('other.test.')]
  return {
    metrics: () => [], zones: () => zones, find: () => undefined, leasesIn: () => 0, reload: () => Promise.resolve([]), dump: () => Promise.resolve(), write: () => Promise.reject(new Error('no')), tell: () => undefined,
    explain: (name, rrClass, demand) => {
      const candidates = name.isWithin(Name.parse('example.')) ? running.discovery.candidates.of({ name: Name.parse('example.'), class: rrClass }) : undefined
      const table = candidates?.registrar.table
      return table && (explainAt(table, name, demand, { settings: DEFAULT_RANKING, random: Math.random, nowMs: running.discovery.nowMs() }) ?? movedOn(table, name))
    },
    agents: ({ config, writable }, name) => (writable === undefined ? [] : running.discovery.agents(config, name)),
  }
}

const ask = (command: string, fields: Record<string, unknown> = {}): Promise<ControlAnswer> =>
  commandsOf(server())({ command, ...fields }, (text) => Promise.resolve(void (sent += text))).catch((error: unknown) => ({ ok: false, error: (error as Error).message }))
const listed = (): RegisteredAgent[] => sent.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as RegisteredAgent)
const time = (seconds: number): string => new Date(START_MS + seconds * 1_000).toISOString()

async function register(parts: Partial<Registration> = {}, requester: Requester = signed()): Promise<void> {
  assert.equal((await running.judge(registerMessage({ ...BABEL, ...parts }, { lease: 60, keyLease: 120 }, 1), requester)).rcode, 0)
}

beforeEach(async () => {
  running = await garden({ grants: [grant({ types: 'every' })] })
  sent = ''
})

test('an agent is shown with what it offers, by whom and until when', async () => {
  await register({ texts: ['contact=ops'] })
  assert.deepEqual(await ask('agent show', { agent: 'Babel._sa.example' }), {
    ok: true,
    agent: {
      agent: 'babel._sa.example.', kind: 'service', granted: time(0), leaseEnds: time(60), keyEnds: time(120),
      capabilities: [{ name: 'v2.translate.text.nlp._cap.example.', offer: '1 babel._sa.example. latency=200ms', state: 'served' }],
      records: ['babel._sa.example. A 192.0.2.7', 'babel._sa.example. TXT "contact=ops"'],
    },
  })
})

test('a KEY is told by its algorithm and tag, and outlives the lease', async () => {
  await register({ key: KEY }, { ...anybody, signer: { kind: 'sig0', name: Name.parse('babel._sa.example.'), key: KEY } })
  const key = `13/${keyTag(KEY)}`
  assert.equal(((await ask('agent show', { agent: 'babel._sa.example.' })) as unknown as { agent: RegisteredAgent }).agent.key, key)
  await running.pass(61)
  const { agent } = (await ask('agent show', { agent: 'babel._sa.example.' })) as unknown as { agent: RegisteredAgent }
  assert.deepEqual([agent.key, agent.leaseEnds, agent.capabilities, agent.records], [key, undefined, [], []])
  await running.pass(60)
  assert.match(((await ask('agent show', { agent: 'babel._sa.example.' })) as { error: string }).error, /^Cannot find agent babel\._sa\.example\. as nobody holds that name$/)
})

test('what waits for another capability is told so', async () => {
  await register({ capabilities: [{ name: 'v1.read.text', parameters: 'depends=v1.ocr.vision._cap.example.' }] })
  const { agent } = (await ask('agent show', { agent: 'babel._sa.example.' })) as unknown as { agent: RegisteredAgent }
  assert.deepEqual(agent.capabilities.map(({ name, state }) => [name, state]), [['v1.read.text._cap.example.', 'waiting']])
})

test('the private fields of a user agent are shown here, and nowhere else', async () => {
  await register({ kind: 'user', texts: ['user=alice', 'hello=world'] })
  const { agent } = (await ask('agent show', { agent: 'babel._ua.example.' })) as unknown as { agent: RegisteredAgent }
  assert.deepEqual([agent.kind, agent.private, agent.records.filter((line) => line.includes('TXT'))], ['user', ['user=alice'], ['babel._ua.example. TXT "hello=world"']])
  assert.doesNotMatch(running.records().join('\n'), /alice/)
})

test('a list tells of every agent, each in a line, and of no lease that is not an agent’s', async () => {
  for (let i = 0; i < 250; i++) await register({ id: `agent${i}` })
  assert.equal((await running.judge(withLease(script('add plain.example. 60 A 192.0.2.1'), { lease: 60 }), signed())).rcode, 0)
  assert.deepEqual(await ask('agent list', { zone: 'example.' }), { ok: true, count: 250 })
  assert.deepEqual(new Set(listed().map(({ agent }) => agent)), new Set(Array.from({ length: 250 }, (_, i) => `agent${i}._sa.example.`)))
  sent = ''
  assert.deepEqual(await ask('agent list'), { ok: true, count: 250 }, 'all zones')
  assert.equal(listed().length, 250)
})

test('a list of a zone that nobody registers in is empty; one of no zone of ours says so', async () => {
  assert.deepEqual(await ask('agent list', { zone: 'other.test.' }), { ok: true, count: 0 })
  assert.equal(sent, '')
  assert.match(((await ask('agent list', { zone: 'othr.test.' })) as { error: string }).error, /^Cannot find zone othr\.test\. as it is not served; did you mean "other\.test\."\?$/)
})

test('a name that nobody holds is answered by the one that may have been meant', async () => {
  await register()
  assert.match(((await ask('agent show', { agent: 'bable._sa.example.' })) as { error: string }).error, /did you mean "babel\._sa\.example\."\?$/)
  assert.match(((await ask('agent show', {})) as { error: string }).error, /"agent" must be text/)
  assert.match(((await ask('agent show', { agent: 'a..b' })) as { error: string }).error, /^Cannot parse name/)
})

test('an explanation tells of who is registered at a capability or below it, by the demand', async () => {
  await register()
  running.discovery.candidates.tablesFor([running.zone.image])
  const demand = Buffer.from(demandOctets('latency=100ms')).toString('hex')
  for (const [asked, out] of [['', undefined], [demand, 'latency']] as const) {
    const { explanation } = (await ask('agent explain', { name: 'nlp._cap.example.', class: 'IN', demand: asked })) as unknown as { explanation: Explanation }
    assert.deepEqual([explanation.candidates, explanation.explained.map(({ agent, capability, out: why }) => [agent, capability, why])], [1, [['babel._sa.example.', 'v2.translate.text.nlp._cap.example.', out]]])
  }
})

test('an explanation of a version that has moved on says where to', async () => {
  await register()
  assert.equal((await running.judge(script('add v1.translate.text.nlp._cap.example. 60 AGENT 0 v2.translate.text.nlp._cap.example.'), signed())).rcode, 0)
  running.discovery.candidates.tablesFor([running.zone.image])
  const error = 'Cannot explain v1.translate.text.nlp._cap.example. as that version has moved on to v2.translate.text.nlp._cap.example.: explain it there'
  assert.deepEqual(await ask('agent explain', { name: 'v1.translate.text.nlp._cap.example.', class: 'IN', demand: '' }), { ok: false, error })
})

const UNEXPLAINED: [fields: Record<string, unknown>, error: RegExp][] = [
  [{ name: 'v9.none._cap.example.' }, /^Cannot explain v9\.none\._cap\.example\. in class IN as no agent is registered there, or below it$/],
  [{ name: 'v9.none._cap.elsewhere.' }, /as it is in no zone that is served$/],
  [{ class: 'LOCAL' }, /in class LOCAL as it is in no zone/],
  [{ class: 'XX' }, /class "XX" is unknown/],
  [{ demand: 'ff' }, /^Cannot read demand as it is malformed/],
  [{ demand: 7 }, /"demand" must be text/],
  [{ name: 'a..b' }, /^Cannot parse name/],
]
for (const [fields, error] of UNEXPLAINED) {
  test(`what cannot be explained: ${JSON.stringify(fields)}`, async () => {
    await register()
    running.discovery.candidates.tablesFor([running.zone.image])
    const answer = (await ask('agent explain', { name: 'nlp._cap.example.', class: 'IN', demand: '', ...fields })) as { ok: boolean; error: string }
    assert.equal(answer.ok, false)
    assert.match(answer.error, error)
  })
}
