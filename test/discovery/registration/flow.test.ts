/** Agents register, renew, change and withdraw (docs/protocol.md 6), by the messages of the client library, through the engine into the zone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registerMessage, changeMessage, withdrawMessage, type Registration } from '../../../src/client/registration.ts'
import { EDE } from '../../../src/dns/codes.ts'
import type { Message } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../../src/dns/prefix.ts'
import { selfCertifyingId } from '../../../src/discovery/identifier/agent.ts'
import type { Requester } from '../../../src/update/contract.ts'
import { anybody, grant, LyingKeeper, script, signed, updateMessage, ZONE, rec } from '../../update/support.ts'
import { garden, printVerdict, withLease, type Garden, type GardenParts } from '../support.ts'

const [KEY, OTHER] = [new Uint8Array(68).fill(7), new Uint8Array(68).fill(9)]
for (const key of [KEY, OTHER]) key.set([0, 0, 3, 13])
const OPEN = { policyOf: () => ({ networks: new PrefixList([parsePrefix('192.0.2.0/24') as Prefix]) }) }
const LEASE = { lease: 60, keyLease: 120 }
const by = (key: Uint8Array, name = 'babel._sa.example.'): Requester => ({ ...anybody, signer: { kind: 'sig0', name: Name.parse(name), key } })

const BABEL: Registration = {
  provider: 'example.', id: 'babel', key: KEY, addresses: ['192.0.2.7'], texts: ['contact=ops'],
  capabilities: [{ name: 'v2.translate.text.nlp', parameters: 'latency=200ms' }, { name: 'mtls.v1.ocr.vision' }],
}

/** A garden that is open to agents from 192.0.2.0/24, with a grant for the TSIG key `provider.` */
const registry = (parts: GardenParts = {}): Promise<Garden> => garden({ grants: [grant({ key: Name.parse('provider.'), types: 'every' })], discovery: OPEN, ...parts })
const provider = signed('provider.')

async function send(running: Garden, message: Message, requester: Requester = by(KEY)): Promise<string> {
  const verdict = await running.judge(message, requester)
  return verdict.ede === undefined ? printVerdict(verdict) : `${printVerdict(verdict)}: ${verdict.ede.text}`
}
const register = (running: Garden, parts: Partial<Registration> = {}, requester?: Requester, lease = LEASE): Promise<string> => send(running, registerMessage({ ...BABEL, ...parts }, lease, 1), requester)
const agents = (running: Garden): string[] => running.at(' AGENT ').map((line) => line.replace('._cap.example. 60 AGENT', ''))

test('an agent registers by its own KEY: identifier, addresses and capabilities stand, by one lease', async () => {
  const running = await registry()
  assert.equal(await register(running), 'NOERROR 60 120')
  assert.deepEqual(agents(running), ['mtls.v1.ocr.vision 1 babel._sa.example.', 'v2.translate.text.nlp 1 babel._sa.example. latency=200ms'])
  assert.deepEqual(running.at('babel._sa.example. 60').map((line) => line.split(' ')[2]), ['A', 'KEY', 'TXT'])
  assert.deepEqual([running.discovery.leases, running.serial(), running.audit.at(-1)?.flow], [1, 8, 'agent'])
})

test('a KEY that no message could be checked by is registered for nobody, whoever asks (RFC 9665 3.2.5.1)', async () => {
  const running = await registry()
  const because = 'REFUSED: the KEY of babel._sa.example. can sign no message that is checked here'
  const unfit: Record<string, Uint8Array> = {
    'forbids authentication': Uint8Array.from(KEY, (octet, i) => (i === 0 ? 0x80 : octet)), 'names a zone': Uint8Array.from(KEY, (octet, i) => (i === 0 ? 1 : octet)),
    'of any protocol': Uint8Array.from(KEY, (octet, i) => (i === 2 ? 255 : octet)), 'of no algorithm': Uint8Array.from(KEY, (octet, i) => (i === 3 ? 12 : octet)), 'cut short': KEY.subarray(0, 67),
  }
  for (const [what, key] of Object.entries(unfit)) {
    assert.equal(await register(running, { key }, by(key)), because, what)
    assert.equal(await register(running, { key }, provider), because, `${what}, by the provider`)
  }
  assert.deepEqual([agents(running), running.discovery.leases], [[], 0])
  assert.equal(await register(running), 'NOERROR 60 120')
})

test('the same again renews without a step of the serial; unrenewed it goes, and its identifier is quarantined, then free', async () => {
  const running = await registry()
  await register(running)
  await running.pass(50)
  assert.equal(await register(running), 'NOERROR 60 120')
  assert.equal(running.serial(), 8)
  await running.pass(60)
  assert.deepEqual([agents(running), running.at('_sa').map((line) => line.split(' ')[2])], [[], ['KEY']])
  assert.equal(await register(running, { key: OTHER }, by(OTHER)), 'YXDOMAIN: babel._sa.example. is held by another')
  await running.pass(60)
  assert.equal(running.at('_sa').length, 0)
  assert.equal(await register(running, { key: OTHER }, by(OTHER)), 'NOERROR 60 120')
})

test('a withdrawal removes all that points to the agent, whatever it names; KEY-LEASE keeps or frees the identifier', async () => {
  const running = await registry()
  await register(running)
  assert.equal(await send(running, withdrawMessage({ ...BABEL, capabilities: [] }, 1, 90)), 'NOERROR 0 90')
  assert.deepEqual([agents(running), running.at('_sa').length], [[], 1])
  assert.equal(await register(running, { key: OTHER }, by(OTHER)), 'YXDOMAIN: babel._sa.example. is held by another')
  assert.equal(await send(running, withdrawMessage(BABEL, 1)), 'NOERROR 0 0')
  assert.deepEqual([running.at('_sa').length, running.discovery.leases, running.keeper.space('lease').size], [0, 0, 1])
  assert.equal(await send(running, withdrawMessage(BABEL, 1)), 'NOERROR 0 0', 'what is not there is withdrawn all the same')
})

test('a change: an AGENT of the same agent at the same capability replaces the former, one deleted goes, the rest stays and is renewed', async () => {
  const running = await registry()
  await register(running)
  await running.pass(30)
  const now = { ...BABEL, capabilities: [{ name: 'v2.translate.text.nlp', parameters: 'latency=80ms' }] }
  assert.equal(await send(running, changeMessage(BABEL, now, LEASE, 1)), 'NOERROR 60 120')
  assert.deepEqual(agents(running), ['v2.translate.text.nlp 1 babel._sa.example. latency=80ms'])
  const only = updateMessage({ updates: [rec('v2.translate.text.nlp._cap.example. 60 IN AGENT 1 babel._sa.example. latency=50ms')] })
  await send(running, withLease(only, LEASE))
  assert.deepEqual(agents(running), ['v2.translate.text.nlp 1 babel._sa.example. latency=50ms'])
  assert.equal(await send(running, withLease(script('delete babel._sa.example. TXT; add babel._sa.example. 60 A 192.0.2.8'), LEASE)), 'NOERROR 60 120')
  assert.deepEqual(running.at('babel._sa.example. 60').map((line) => line.split(' ')[2]), ['A', 'KEY'])
  assert.equal(running.at('192.0.2.8').length, 1)
  await running.pass(59)
  assert.equal(agents(running).length, 1)
})

test('agents share a capability; each takes away its own', async () => {
  const running = await registry()
  await register(running)
  await register(running, { id: 'rosetta', key: OTHER }, by(OTHER))
  assert.equal(agents(running).length, 4)
  await send(running, withdrawMessage(BABEL, 1))
  assert.deepEqual(agents(running).map((line) => line.split(' ')[2]), ['rosetta._sa.example.', 'rosetta._sa.example.'])
})

test('an identifier made from a KEY is for that KEY alone', async () => {
  const running = await registry()
  const id = selfCertifyingId(KEY)
  assert.equal(await register(running, { id, key: OTHER }, by(OTHER)), `REFUSED: ${id} is the identifier of another KEY`)
  const { key: _, ...keyless } = { ...BABEL, id }
  assert.equal(await send(running, registerMessage(keyless, LEASE, 1), provider), `REFUSED: ${id} is the identifier of another KEY`)
  assert.equal(await register(running, { id }), 'NOERROR 60 120')
})

test('who may: the KEY itself from open networks, or a grant; nobody else', async () => {
  const running = await registry()
  assert.match(await register(running, {}, by(OTHER)), /^REFUSED: no grant/)
  assert.match(await register(running, {}, { ...by(KEY), address: Uint8Array.of(198, 51, 100, 1) }), /^REFUSED: no grant/)
  assert.match(await register(running, {}, anybody), /^REFUSED: no grant/)
  assert.match(await register(running, {}, signed('stranger.')), /^REFUSED: no grant/)
  assert.equal(await register(running, {}, provider), 'NOERROR 60 120', 'a provider registers for its agent')
  assert.equal(await register(running), 'NOERROR 60 120', 'which may renew by its own KEY')
  assert.equal(await register(running, {}, provider), 'NOERROR 60 120', 'and the provider still')
  assert.match(await register(await registry({ discovery: {} })), /^REFUSED: no grant/)
})

test('a provider that names somebody’s public KEY does not get his identifier', async () => {
  const running = await registry()
  await register(running)
  assert.match(await register(running, { addresses: ['192.0.2.66'] }, provider), /^YXDOMAIN/)
  assert.equal(running.at('192.0.2.66').length, 0)
})

test('an agent without a KEY belongs to the key that registered it', async () => {
  const running = await registry({ grants: [grant({ types: 'every' })] })
  const { key: _, ...keyless } = BABEL
  const [one, two] = [signed('one.'), signed('two.')]
  assert.equal(await send(running, registerMessage(keyless, LEASE, 1), one), 'NOERROR 60 120')
  assert.match(await send(running, registerMessage(keyless, LEASE, 1), two), /^YXDOMAIN/)
  await running.pass(60)
  assert.equal(await send(running, registerMessage(keyless, LEASE, 1), two), 'NOERROR 60 120', 'what has no KEY reserves nothing')
})

test('a new KEY takes the place of the old one, by the old one’s word', async () => {
  const running = await registry()
  await register(running)
  assert.match(await register(running, { key: OTHER }, by(OTHER)), /^YXDOMAIN/)
  assert.equal(await register(running, { key: OTHER }, by(KEY)), 'NOERROR 60 120')
  assert.equal(await register(running, { key: OTHER }, by(OTHER)), 'NOERROR 60 120')
})

test('what may not be offered is refused as a whole', async () => {
  const running = await registry()
  const offer = (...capabilities: Registration['capabilities']): Promise<string> => register(running, { capabilities })
  assert.match(await offer({ name: 'translate.text' }), /^REFUSED: translate.text._cap.example. is no capability/)
  assert.match(await offer({ name: 'x.example.' }), /^REFUSED: x.example. is no capability/)
  assert.match(await offer({ name: 'v1.x', parameters: 'cost=1' }, { name: 'v1.x' }), /^REFUSED: v1.x._cap.example. is offered twice/)
  assert.match(await offer({ name: 'v1.x', parameters: 'binding=exclusive/60' }, { name: 'v1.y' }), /^REFUSED: the agent is exclusive at v1.x._cap.example. and shared at v1.y/)
  assert.match(await offer({ name: 'v1.x', parameters: 'provider=other.example' }), /^REFUSED: the provider at/)
  assert.match(await offer({ name: 'v1.x._cap.elsewhere.' }), /^NOTZONE/)
  assert.deepEqual([agents(running), running.discovery.leases, running.serial()], [[], 0, 7])
  assert.equal(await offer({ name: 'v1.x', parameters: 'binding=exclusive/60' }, { name: 'v1.y', parameters: 'binding=exclusive provider=example' }), 'NOERROR 60 120')
  assert.match(await offer({ name: 'v1.z' }), /^REFUSED: the agent is exclusive/, 'what stands counts too')
})

test('nobody is asked for readings at a port of another service', async () => {
  const running = await registry()
  const at = (port: number): Promise<string> => register(running, { capabilities: [{ name: 'v1.x', parameters: `sense-port=${port}` }] })
  for (const port of [0, 53, 1_023]) assert.equal(await at(port), 'REFUSED: the sense-port at v1.x._cap.example. must be from 1024 to 65535')
  assert.deepEqual(agents(running), [])
  for (const port of [1_024, 65_535]) assert.equal(await at(port), 'NOERROR 60 120')
})

test('a human name is one agent’s, and nobody’s who has the name already', async () => {
  const running = await registry()
  const named = (id: string, alias: string, key: Uint8Array): Promise<string> => register(running, { id, key, capabilities: [{ name: 'v1.x', parameters: `alias=${alias}` }] }, by(key))
  assert.equal(await named('babel', 'chat', KEY), 'NOERROR 60 120')
  const taken = (alias: string): string => `YXDOMAIN: the alias at v1.x._cap.example. must be another, as ${alias}.example. is the name of another`
  assert.equal(await named('rosetta', 'chat', OTHER), taken('chat'))
  assert.equal(await named('rosetta', 'CHAT', OTHER), taken('CHAT'))
  assert.equal(await named('rosetta', 'www', OTHER), taken('www'))
  assert.equal(await named('rosetta', 'stone', OTHER), 'NOERROR 60 120')
  assert.equal(await named('babel', 'tower', KEY), 'NOERROR 60 120')
  assert.equal(await named('rosetta', 'chat', OTHER), 'NOERROR 60 120', 'it was given up')
  const after = await running.restart()
  assert.equal(await register(after, { id: 'babel', capabilities: [{ name: 'v1.x', parameters: 'alias=chat' }] }), taken('chat'))
})

const named = (running: Garden, id: string, alias: string, key = OTHER): Promise<string> => register(running, { id, key, capabilities: [{ name: 'v1.x', parameters: `alias=${alias}` }] }, by(key))

test('a human name is one label of letters, digits and hyphens: nobody takes names that services are found by', async () => {
  const running = await registry()
  for (const alias of ['_sa', '_cap', '_agents', '_tcp', '_index', 'A_B', 'a.b', '-a', 'a-', 'a\\032b', 'übel']) {
    assert.equal(await named(running, 'evil', alias), 'REFUSED: the alias at v1.x._cap.example. must be one label of letters, digits and hyphens', alias)
  }
  assert.deepEqual([agents(running), running.discovery.leases], [[], 0])
  assert.equal(await named(running, 'good', '7-Tower'), 'NOERROR 60 120')
})

test('an alias is no name that a wildcard of the zone answers for', async () => {
  const running = await registry({ text: `${ZONE}* 60 A 192.0.2.3\n` })
  assert.equal(await named(running, 'evil', 'www'), 'YXDOMAIN: the alias at v1.x._cap.example. must be another, as www.example. is the name of another')
  assert.equal(await named(running, 'evil', 'anything'), 'YXDOMAIN: the alias at v1.x._cap.example. must be another, as anything.example. is the name of another')
})

test('what the alias form of a version says besides is nobody’s name', async () => {
  const running = await registry()
  const update = updateMessage({ updates: [rec('v1.x._cap.example. 60 IN AGENT 0 v2.x._cap.example. alias=_sa'), rec('v2.x._cap.example. 60 IN AGENT 1 babel._sa.example.'), rec(`babel._sa.example. 60 IN KEY 0 3 13 ${Buffer.from(KEY.subarray(4)).toString('base64')}`)] })
  assert.equal(await send(running, withLease(update, LEASE)), 'NOERROR 60 120')
})

test('nobody’s human name is the id of another agent, registered or in the zone file, of whichever kind', async () => {
  const running = await registry({ text: `${ZONE}elder._sa 60 A 192.0.2.3\nv1.y._cap 60 AGENT 1 bare._sa\nv1.y._cap 60 AGENT 1 b9._sa alias=stone\npat._ua 60 A 192.0.2.4\n` })
  running.discovery.candidates.tablesFor([running.zone.image])
  await register(running)
  for (const alias of ['babel', 'BABEL', 'elder', 'bare', 'pat', 'stone']) assert.equal(await named(running, 'evil', alias), `YXDOMAIN: the alias at v1.x._cap.example. must be another, as ${alias}.example. is the name of another`)
  assert.equal(await named(running, 'evil', 'evil'), 'NOERROR 60 120', 'its own id')
  assert.equal(await named(running, 'evil', 'babel'), 'YXDOMAIN: the alias at v1.x._cap.example. must be another, as babel.example. is the name of another', 'nor later')
})

test('no id is the human name of another agent; who had his id before keeps it', async () => {
  const running = await registry()
  assert.equal(await named(running, 'a17', 'chat'), 'NOERROR 60 120')
  assert.equal(await register(running, { id: 'chat' }), 'YXDOMAIN: chat._sa.example. must have another id, as chat is the alias of another agent')
  assert.deepEqual(running.at('chat._sa'), [])
  assert.equal(await named(running, 'a17', 'talk'), 'NOERROR 60 120')
  assert.equal(await register(running, { id: 'chat' }), 'NOERROR 60 120', 'it was given up')
  assert.equal(await register(running, { id: 'chat' }), 'NOERROR 60 120', 'and is renewed')
  assert.equal(await named(running, 'a17', 'chat'), 'YXDOMAIN: the alias at v1.x._cap.example. must be another, as chat.example. is the name of another')
})

test('what a zone file gives to an agent as its human name is no id for a stranger', async () => {
  const running = await registry({ text: `${ZONE}v1.y._cap 60 AGENT 1 a17._sa alias=chat\n` })
  running.discovery.candidates.tablesFor([running.zone.image])
  assert.equal(await register(running, { id: 'chat' }), 'YXDOMAIN: chat._sa.example. must have another id, as chat is the alias of another agent')
  assert.equal(await register(running, { id: 'talk' }), 'NOERROR 60 120')
})

test('a version leads to the next by an agent that offers it, and is offered no more', async () => {
  const running = await registry()
  const alias = (from: string, to: string): Message => withLease(updateMessage({ updates: [rec(`${from}._cap.example. 60 IN AGENT 0 ${to}._cap.example.`), rec('babel._sa.example. 60 IN A 192.0.2.7')] }), LEASE)
  await register(running)
  assert.match(await send(running, alias('v1.translate.text.nlp', 'v3.translate.text.nlp')), /^REFUSED: .* does not offer/)
  assert.equal(await send(running, alias('v1.translate.text.nlp', 'v2.translate.text.nlp')), 'NOERROR 60 120')
  assert.deepEqual(running.at(' AGENT 0 '), ['v1.translate.text.nlp._cap.example. 60 AGENT 0 v2.translate.text.nlp._cap.example.'])
  assert.match(await register(running, { id: 'rosetta', key: OTHER, capabilities: [{ name: 'v1.translate.text.nlp' }] }, by(OTHER)), /^REFUSED: .* has moved on/)
  await register(running, { id: 'rosetta', key: OTHER, capabilities: [{ name: 'v0.translate.text.nlp' }] }, by(OTHER))
  assert.match(await send(running, alias('v0.translate.text.nlp', 'v2.translate.text.nlp')), /^REFUSED: .* is still offered by others/)
  const after = await running.restart()
  await after.pass(60)
  assert.deepEqual(after.at(' AGENT '), [], 'the alias ends with its agent')
})

test('a dependency that is missing: accepted, said, not served; served when it comes, and not when it has gone', async () => {
  const running = await registry()
  const capabilities = [{ name: 'v1.read.book', parameters: 'depends=v1.ocr.vision._cap.example' }, { name: 'v1.plain' }]
  const verdict = await running.judge(registerMessage({ ...BABEL, capabilities }, LEASE, 1), by(KEY))
  assert.deepEqual([printVerdict(verdict), verdict.ede], ['NOERROR 60 120', { infoCode: EDE.DEPENDENCY_MISSING, text: 'v1.ocr.vision._cap.example.' }])
  assert.deepEqual(agents(running), ['v1.plain 1 babel._sa.example.'])
  const eye = { id: 'eye', key: OTHER, capabilities: [{ name: 'tls.v1.ocr.vision' }] }
  await register(running, eye, by(OTHER), { lease: 40, keyLease: 40 })
  await running.pass(1)
  assert.equal(agents(running).length, 3)
  assert.equal(running.audit.at(-1)?.flow, 'dependencies')
  const after = await running.restart()
  assert.equal(agents(after).length, 3)
  await after.pass(41)
  assert.deepEqual(agents(after), ['v1.plain 1 babel._sa.example.'])
  await register(after, eye, by(OTHER))
  await after.pass(1)
  assert.equal(agents(after).length, 3)
  assert.equal(await register(after, { capabilities: [{ name: 'v1.a', parameters: 'depends=v1.b._cap.elsewhere' }] }), 'NOERROR 60 120', 'what is not ours is not ours to know')
})

test('who depended on something and has left, or needs something else now, is not remembered for ever', async () => {
  const running = await registry()
  const needing = (need: string): Partial<Registration> => ({ capabilities: [{ name: 'v1.read.book', parameters: `depends=v1.${need}._cap.example` }] })
  for (let i = 0; i < 150; i++) await register(running, { ...needing(`gone${i}`), id: `a${i}`, key: OTHER }, by(OTHER), { lease: 40, keyLease: 40 })
  await running.pass(41)
  assert.equal(running.discovery.dependencies, 150, 'nobody looks yet')
  for (let i = 0; i < 200; i++) await register(running, needing(`changed${i}`))
  await running.pass(1)
  assert.equal(running.discovery.dependencies, 1)
  await register(running, { id: 'eye', key: OTHER, capabilities: [{ name: 'tls.v1.changed199' }] }, by(OTHER))
  await running.pass(1)
  assert.equal(agents(running).length, 2, 'who depends on it is still remembered')
})

test('the template of the provider names fields that must be there', async () => {
  const running = await registry({ text: `${ZONE}_template._sa 3600 TXT "required=key,address, latency" "required=contact" "note=hello"\n_template._ua 3600 TXT "required=user"\n` })
  const fault = async (parts: Partial<Registration>): Promise<string> => (await register(running, parts)).split(' ').at(-1) ?? ''
  const capabilities = [{ name: 'v1.x', parameters: 'latency=1ms' }]
  assert.equal(await fault({}), 'latency', 'in every capability')
  assert.equal(await fault({ capabilities, addresses: [] }), 'address')
  assert.equal(await fault({ capabilities, texts: ['x=contact='] }), 'contact')
  assert.equal(await register(running, { capabilities }), 'NOERROR 60 120')
  const { key: _, ...keyless } = { ...BABEL, capabilities, id: 'other' }
  assert.match(await send(running, registerMessage(keyless, LEASE, 1), provider), / requires key$/)
  assert.match(await register(running, { kind: 'user', texts: [] }), / requires user$/)
  assert.equal(await register(running, { kind: 'user', texts: ['user=alice'] }), 'NOERROR 60 120', 'a private field counts')
  assert.equal(await send(running, withLease(script('add babel._ua.example. 60 A 192.0.2.9'), LEASE)), 'NOERROR 60 120', 'and need not be said again')
})

test('what a user agent tells its operator is kept and never served', async () => {
  const running = await registry()
  const texts = ['user=alice', 'permissions=read', 'hello=world', 'Location=48.2,16.4']
  assert.equal(await register(running, { kind: 'user', texts }), 'NOERROR 60 120')
  const fields = (garden_: Garden): string[] => [...garden_.discovery.agents({ name: Name.parse('example.'), class: 1 }, Name.parse('babel._ua.example.'))][0]?.private ?? []
  assert.deepEqual(fields(running), ['user=alice', 'permissions=read', 'Location=48.2,16.4'])
  assert.deepEqual(running.at(' TXT ').filter((line) => line.includes('_ua')), ['babel._ua.example. 60 TXT "hello=world"'])
  assert.doesNotMatch(JSON.stringify([running.records(), running.audit]), /alice|48\.2/)
  const after = await running.restart()
  assert.deepEqual(fields(after).length, 3)
  assert.equal(await register(after, { kind: 'user', texts }), 'NOERROR 60 120')
  assert.equal(after.serial(), 8)
  await after.pass(121)
  assert.deepEqual([fields(after), after.keeper.space('agent').size], [[], 0], 'it goes with the identifier')
})

test('no other update puts a private field into the zone', async () => {
  const running = await registry()
  for (const message of [script('add babel._ua.example. 60 TXT "user=alice"'), withLease(script('add babel._ua.example. 60 TXT "user=alice"; add x.example. 60 A 192.0.2.1'), LEASE)]) {
    assert.match(await send(running, message, provider), /^REFUSED: fields of a user agent/)
  }
  assert.equal(await send(running, script('add babel._sa.example. 60 TXT "user=alice"'), provider), 'NOERROR', 'a service agent has no user')
})

test('validity bounds the lease of a user agent', async () => {
  const running = await registry()
  const until = (ms: number): string => `valid-until=${new Date(running.discovery.nowMs() + ms).toISOString()}`
  assert.equal(await register(running, { kind: 'user', texts: [until(45_000)] }), 'NOERROR 45 45')
  assert.match(await register(running, { kind: 'user', texts: [until(-1)] }), /^REFUSED: valid-until/)
  assert.match(await register(running, { kind: 'user', texts: ['valid-until=soon'] }), /^REFUSED: valid-until/)
  await running.pass(45)
  assert.equal(running.at('_ua').length, 0)
})

test('prerequisites hold for registrations too, and what is about more than one agent is an ordinary update', async () => {
  const running = await registry()
  const message = registerMessage(BABEL, LEASE, 1)
  assert.match(await send(running, { ...message, answers: script('prereq yxdomain babel._sa.example.').answers }, provider), /^NXDOMAIN/)
  assert.equal(await send(running, { ...message, answers: script('prereq nxdomain babel._sa.example.').answers }, provider), 'NOERROR 60 120')
  const two = registerMessage({ ...BABEL, id: 'rosetta' }, LEASE, 1)
  const both = await running.judge({ ...two, authorities: [...two.authorities, ...message.authorities] }, provider)
  assert.deepEqual([both.flow, printVerdict(both)], ['lease', 'NOERROR 60 120'])
})

test('where the zone or the store cannot hold it nothing stands', async () => {
  const running = await registry({ text: `${ZONE}v1.x._cap 60 CNAME www\n` })
  assert.match(await register(running, { capabilities: [{ name: 'v1.x' }] }), /^REFUSED: CNAME and other data/)
  running.keeper.fail = new Error('no space')
  assert.match(await register(running), /^SERVFAIL/)
  running.keeper.fail = undefined
  assert.deepEqual([agents(running), running.at('_sa').length, running.discovery.leases], [[], 0, 0])
  assert.equal(await register(running), 'NOERROR 60 120')
})

test('what a disk has kept of a batch that failed is taken back before the next is judged by it', async () => {
  const keeper = new LyingKeeper()
  const running = await registry({ keeper })
  keeper.isLying = true
  assert.match(await register(running), /^SERVFAIL/)
  keeper.isLying = false
  // were the lease found that the disk has and nobody was granted, this would be taken for its renewal
  for (let i = 0; i < 2; i++) assert.equal(await register(running), 'NOERROR 60 120')
  assert.equal(await register(running, { key: OTHER }, by(OTHER)), 'YXDOMAIN: babel._sa.example. is held by another')
  assert.deepEqual([agents(running).length, running.serial()], [2, 8])
  const later = await running.restart({ discovery: OPEN })
  assert.deepEqual([agents(later).length, later.discovery.leases], [2, 1])
  await later.pass(120)
  assert.deepEqual([agents(later).length, later.at('_sa').length], [0, 0])
})

test('a batch of registrations says once how late it is, and each lease is kept', async () => {
  const running = await registry()
  let told = 0
  const { keep } = running.keeper
  running.keeper.keep = (writes) => {
    told += writes.filter(({ key }) => key.length === 1).length
    return keep.call(running.keeper, writes)
  }
  const verdicts = await Promise.all(['one', 'two', 'three'].map((id) => register(running, { id, capabilities: [] }, provider)))
  assert.deepEqual([verdicts, told, running.discovery.leases], [['NOERROR 60 120', 'NOERROR 60 120', 'NOERROR 60 120'], 1, 3])
})
