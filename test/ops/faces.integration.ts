/**
 * Agents as software finds them that has never heard of AGENT: dig and dnspython ask a real server the names and types of
 * DNS-SD (RFC 6763: 4 instances, 7.1 subtypes, 9 services), DNS-AID, SVCB and plain addresses, and decode the answers by
 * their own tables. One registration is all there is;
 * when it is withdrawn it is in none of the forms, and a reload changes which are shown.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { makeFolder, Served, UNREHEARSED, waggle } from './process.ts'
import { run, skipWithout, TRANSPORTS } from './update-bench.ts'

/** Debian's own: one from elsewhere has not the packages of Debian. */
const PYTHON = '/usr/bin/python3'
const skip = skipWithout('dig')
const skipPython = skip || (spawnSync(PYTHON, ['-c', 'import dns.query']).status !== 0 ? 'SKIPPED: python3-dnspython is not installed' : false)
const SECRET = Buffer.alloc(32, 5).toString('base64')
const ZONE = `$TTL 60
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
old._sa A 192.0.2.10
v2.translate.text.nlp._cap AGENT 4 old._sa latency=900ms alpn=mcp
`
const CONFIG = (transport: string, faces: string): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
${UNREHEARSED}keys: [{ name: provider-key, secret: "${SECRET}" }]
zones:
  - { name: acme.example, file: acme.zone, grants: [{ key: provider-key, scope: zone, types: [ANY] }]${faces} }
`
const V2 = 'v2.translate.text.nlp._cap'

/** As those clients do it: a scanner of agents, a browser of services, a resolver of addresses. */
const PROGRAM = `
import json, sys
import dns.query, dns.message, dns.rdatatype, dns.rcode
port, zone = int(sys.argv[1]), sys.argv[2]
def ask(name, type):
    answer = dns.query.udp(dns.message.make_query(name, type), '127.0.0.1', port=port, timeout=10)
    return [rdata for rrset in answer.answer for rdata in rrset]
said = {}
# DNS-AID: the index in text, then each name, SVCB in ServiceMode with alpn and port
index = ''.join(b.decode() for t in ask('_index._agents.' + zone, 'TXT') for b in t.strings)
said['index'] = index
found = {}
for entry in index.removeprefix('agents=').split(','):
    name, protocol = entry.split(':')
    records = ask(name + '.' + zone, 'SVCB') or ask(str(ask(name + '._agents.' + zone, 'SVCB')[0].target), 'SVCB')
    for r in records:
        found[entry] = [r.priority, str(r.target), r.params[1].to_text(), r.params[3].to_text() if 3 in r.params else None]
said['found'] = found
said['scan'] = {n: [len(ask(n + '.' + zone, t)) for t in ('SVCB', 'HTTPS')] for n in ('_index._agents', '_a2a._agents', '_mcp._agents')}
# DNS-SD: types, instances, SRV and TXT of each
browsed = {}
for kind in sorted(str(r.target) for r in ask('_services._dns-sd._udp.' + zone, 'PTR')):
    for instance in sorted(str(r.target) for r in ask(kind, 'PTR')):
        srv, txt = ask(instance, 'SRV')[0], ask(instance, 'TXT')[0]
        browsed[instance] = [str(srv.target), srv.port, txt.strings[0].decode()]
said['browsed'] = browsed
said['addresses'] = [str(r) for r in ask('v2.translate.text.nlp._cap.' + zone, 'A')]
print(json.dumps(said))
`

/** A server, and those who ask it. */
class Street {
  server!: Served
  readonly folder = makeFolder({ 'acme.zone': ZONE })

  async start(transport: string): Promise<void> {
    this.folder.write('w.yaml', CONFIG(transport, ''))
    this.folder.write('provider.key', `key "provider-key" {\n  algorithm hmac-sha256;\n  secret "${SECRET}";\n};\n`)
    this.server = await Served.start(`${this.folder.path}/w.yaml`)
  }

  get port(): string {
    return String(this.server.endpoints[0].port)
  }

  /** What dig prints for short, sorted: it shuffles nothing, but ranks depend on load. */
  async dig(name: string, type: string, ...more: string[]): Promise<string[]> {
    const { text } = await run('dig', ['@127.0.0.1', '-p', this.port, '+norecurse', '+tries=1', '+short', ...more, `${name}.acme.example`, type])
    return text.split('\n').filter((line) => line !== '').sort()
  }

  async status(name: string, type: string): Promise<string> {
    const { text } = await run('dig', ['@127.0.0.1', '-p', this.port, '+norecurse', '+tries=1', `${name}.acme.example`, type])
    return /status: (\w+)/.exec(text)?.[1] ?? text
  }

  async change(command: 'register' | 'withdraw', ...more: string[]): Promise<void> {
    const args = [command, '-s', `127.0.0.1:${this.port}`, '-k', 'provider.key', '--provider', 'acme.example', '--id', 'babel', ...more]
    const { code, err } = await waggle(args, this.folder.path)
    assert.equal(code, 0, err)
  }

  async end(): Promise<void> {
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

const OFFER = ['--address', '192.0.2.20', '--capability', 'v2.translate.text.nlp alpn=a2a port=8443 latency=90ms alias=chat']
const BABEL: [name: string, type: string, answer: string[]][] = [
  [V2, 'A', ['192.0.2.10', '192.0.2.20']],
  ['nlp._cap', 'A', ['192.0.2.10', '192.0.2.20']],
  [V2, 'SVCB', ['1 babel._sa.acme.example. alpn="a2a" port=8443 key65402="a2a"', '2 old._sa.acme.example. alpn="mcp" key65402="mcp"']],
  ['chat', 'A', ['192.0.2.20']],
  ['chat', 'HTTPS', ['1 chat.acme.example. alpn="a2a" port=8443 key65402="a2a"']],
  ['chat', 'TXT', ['"capabilities=v2.translate.text.nlp"']],
  ['chat._agents', 'SVCB', ['0 chat.acme.example.']],
  ['_a2a._agents', 'HTTPS', ['1 chat.acme.example. alpn="a2a" port=8443 key65402="a2a"']],
  ['_a2a._tcp', 'PTR', ['babel._a2a._tcp.acme.example.']],
  ['v2\\.translate\\.text\\.nlp._sub._a2a._tcp', 'PTR', ['babel._a2a._tcp.acme.example.']],
  ['babel._a2a._tcp', 'SRV', ['1 0 8443 babel._sa.acme.example.']],
]

describe('agents for software that does not know of AGENT', { skip, concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    describe(`at a server with transport ${transport}`, { concurrency: 1 }, () => {
      const street = new Street()
      before(() => street.start(transport))
      after(() => street.end())

      it('has none of it before the agent is registered, and all of it after one message', async () => {
        for (const [name, type] of BABEL) assert.doesNotMatch((await street.dig(name, type)).join(), /babel|chat|192\.0\.2\.20/, `${name} ${type}`)
        await street.change('register', ...OFFER)
        for (const [name, type, answer] of BABEL) assert.deepEqual((await street.dig(name, type)).map(plain), answer.map(plain).sort(), `${name} ${type}`)
      })

      it('says the same over TCP', async () => {
        assert.deepEqual((await street.dig(V2, 'SVCB', '+tcp')).length, 2)
        assert.deepEqual(await street.dig('chat', 'A', '+tcp'), ['192.0.2.20'])
      })

      it('is understood by dnspython: scanned, browsed and resolved', { skip: skipPython }, async () => {
        const said = JSON.parse(await python(street.port)) as Record<string, unknown>
        assert.deepEqual({ ...said, addresses: [...said.addresses as string[]].sort() }, {
          index: 'agents=chat:a2a',
          found: { 'chat:a2a': [1, 'chat.acme.example.', '"a2a"', '"8443"'] },
          scan: { '_index._agents': [1, 1], '_a2a._agents': [1, 1], '_mcp._agents': [0, 0] },
          browsed: {
            'babel._a2a._tcp.acme.example.': ['babel._sa.acme.example.', 8443, 'txtvers=1'],
            'old._mcp._tcp.acme.example.': ['old._sa.acme.example.', 443, 'txtvers=1'],
          },
          addresses: ['192.0.2.10', '192.0.2.20'],
        })
      })

      it('lets nobody stop above a name that is derived: NODATA, not NXDOMAIN (RFC 8020 2)', async () => {
        for (const name of ['_tcp', '_agents', '_a2a._tcp', '_sub._a2a._tcp', '_udp']) assert.equal(await street.status(name, 'A'), 'NOERROR', name)
        assert.equal(await street.status('who', 'A'), 'NXDOMAIN')
      })

      it('has nothing of an agent that has withdrawn, in any of the forms', async () => {
        await street.change('withdraw', ...OFFER)
        for (const [name, type] of BABEL) assert.doesNotMatch((await street.dig(name, type)).join(), /babel|chat|192\.0\.2\.20/, `${name} ${type}`)
        assert.deepEqual(await street.dig(V2, 'A'), ['192.0.2.10'])
        assert.equal(await street.status('chat', 'A'), 'NXDOMAIN')
      })

      it('shows what the config says, from a reload on', async () => {
        street.folder.write('w.yaml', CONFIG(transport, ', faces: [dns-sd]'))
        const { code, err } = await waggle(['zone', 'reload', '-d', `${street.folder.path}/data`])
        assert.equal(code, 0, err)
        assert.deepEqual(await street.dig(V2, 'A'), [])
        assert.deepEqual(await street.dig('_mcp._tcp', 'PTR'), ['old._mcp._tcp.acme.example.'])
        assert.equal(await street.status('_index._agents', 'TXT'), 'NXDOMAIN')
      })
    })
  }
})

/** Without what differs between versions of dig, and without ranks, which follow the load. */
function plain(line: string): string {
  return line.replaceAll('"', '').replace(/^[12] (?=\S+\._sa|chat)/, '* ')
}

function python(port: string): Promise<string> {
  return new Promise((resolve, reject) => execFile(PYTHON, ['-c', PROGRAM, port, 'acme.example'], { timeout: 30_000 }, (error, out, err) => (error === null ? resolve(out) : reject(new Error(err)))))
}
