/**
 * The back end by which publishers of agents change zones: dnspython, with TSIG over UDP and TCP, sending the records of
 * DNS-AID (SVCB with keys for private use, TXT) and of ANS, and reading them back. Its program stands below as they would write it.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeFolder, Served } from './process.ts'

/** Debian's own: one from elsewhere has not the packages of Debian. */
const PYTHON = '/usr/bin/python3'
const SECRET = Buffer.alloc(32, 5).toString('base64')
const ZONE = '$TTL 300\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\n'
const CONFIG = `listen: ["127.0.0.1:0"]
keys: [{ name: publisher, secret: "${SECRET}" }]
zones:
  - { name: example.com, file: example.com.zone, grants: [{ key: publisher, scope: zone, types: [ANY] }] }
`

const PROGRAM = `
import json, sys
import dns.query, dns.message, dns.tsig, dns.tsigkeyring, dns.update, dns.rcode, dns.rdatatype

port, secret, way, work = int(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
send = dns.query.tcp if way == 'tcp' else dns.query.udp
keyring = dns.tsigkeyring.from_text({'publisher': secret})
said = []
for step in work:
    if step['do'] == 'ask':
        answer = send(dns.message.make_query(step['name'], step['type']), '127.0.0.1', port=port, timeout=10)
        said.append(sorted(rdata.to_text() for rrset in answer.answer for rdata in rrset))
        continue
    update = dns.update.Update('example.com', keyring=keyring, keyname='publisher', keyalgorithm=step.get('algorithm', dns.tsig.HMAC_SHA256))
    for change in step['changes']:
        getattr(update, change[0])(*change[1:])
    try:
        said.append(dns.rcode.to_text(send(update, '127.0.0.1', port=port, timeout=10).rcode()))
    except dns.tsig.PeerError as error:
        said.append(type(error).__name__)
print(json.dumps(said))
`

type Step = { do: 'ask'; name: string; type: string } | { do: 'update'; changes: [string, ...(string | number)[]][]; algorithm?: string }

const missing = spawnSync(PYTHON, ['-c', 'import dns.update']).status !== 0
const skip = missing ? 'SKIPPED: python3-dnspython is not installed' : false

const SVCB = ['1 chat.example.com. alpn="a2a" port="443" key65402="a2a" key65409="agent-card.json"', '1 mcp.example.com. alpn="mcp" port="443" key65402="mcp"']
const ask = (name: string, type: string): Step => ({ do: 'ask', name, type })

describe('dnspython, with TSIG', { skip }, () => {
  const folder = makeFolder({ 'example.com.zone': ZONE, 'w.yaml': CONFIG })
  let server: Served

  before(async () => void (server = await Served.start(join(folder.path, 'w.yaml'))))
  after(async () => {
    await server.stop('SIGKILL')
    folder.remove()
  })

  /** What the program says of each step. */
  function run(steps: Step[], { way = 'udp', secret = SECRET } = {}): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      execFile(PYTHON, ['-c', PROGRAM, String(server.endpoints[0].port), secret, way, JSON.stringify(steps)], { timeout: 60_000 }, (error, out, err) => {
        if (error === null) resolve(JSON.parse(out) as unknown[])
        else reject(new Error(err))
      })
    })
  }

  for (const way of ['udp', 'tcp']) {
    it(`publishes DNS-AID records over ${way}, reads them back, replaces and deletes them`, async () => {
      const chat = `chat-${way}`
      const said = await run([
        { do: 'update', changes: [['replace', chat, 3600, 'SVCB', SVCB[0]], ['add', chat, 3600, 'SVCB', SVCB[1]], ['replace', chat, 3600, 'TXT', '"capabilities=chat,code" "version=1.2.0"']] },
        ask(`${chat}.example.com`, 'SVCB'),
        ask(`${chat}.example.com`, 'TXT'),
        { do: 'update', changes: [['replace', chat, 3600, 'SVCB', SVCB[1]], ['replace', `${chat}._agents`, 3600, 'SVCB', `0 ${chat}.example.com.`]] },
        ask(`${chat}.example.com`, 'SVCB'),
        ask(`${chat}._agents.example.com`, 'SVCB'),
        { do: 'update', changes: [['delete', chat], ['delete', `${chat}._agents`, 'SVCB']] },
        ask(`${chat}.example.com`, 'SVCB'),
      ], { way })
      assert.deepEqual(said, ['NOERROR', SVCB, ['"capabilities=chat,code" "version=1.2.0"'], 'NOERROR', [SVCB[1]], [`0 ${chat}.example.com.`], 'NOERROR', []])
    })
  }

  it('publishes the records of ANS beside them', async () => {
    const said = await run([
      {
        do: 'update',
        changes: [
          ['replace', 'ans', 3600, 'SVCB', '1 . alpn="x-http" port="443" key65400="https://example.com/meta" key65402="x-http"'],
          ['replace', 'ans', 3600, 'HTTPS', '1 . alpn="h2"'],
          ['replace', '_ans.ans', 3600, 'TXT', '"v=ans1; version=v1.0.0; p=a2a; mode=direct; url=https://ans.example.com/"'],
          ['replace', '_443._tcp.ans', 3600, 'TLSA', `3 0 1 ${'ab'.repeat(32)}`],
        ],
      },
      ask('ans.example.com', 'HTTPS'),
      ask('_ans.ans.example.com', 'TXT'),
      ask('_443._tcp.ans.example.com', 'TLSA'),
    ])
    assert.deepEqual(said, ['NOERROR', ['1 . alpn="h2"'], ['"v=ans1; version=v1.0.0; p=a2a; mode=direct; url=https://ans.example.com/"'], [`3 0 1 ${'ab'.repeat(32)}`]])
  })

  it('keeps to prerequisites (RFC 2136 2.4): what is there, and what is not', async () => {
    const add: [string, ...(string | number)[]] = ['add', 'once', 60, 'TXT', 'x']
    const said = await run([
      { do: 'update', changes: [['absent', 'once'], add] },
      { do: 'update', changes: [['absent', 'once'], add] },
      { do: 'update', changes: [['present', 'once', 'TXT', 'y'], add] },
      { do: 'update', changes: [['present', 'once', 'TXT', 'x'], ['delete', 'once']] },
    ])
    assert.deepEqual(said, ['NOERROR', 'YXDOMAIN', 'NXRRSET', 'NOERROR'])
  })

  it('is told what is wrong with its key', async () => {
    const changes: [string, ...(string | number)[]][] = [['add', 'no', 60, 'TXT', 'x']]
    assert.deepEqual(await run([{ do: 'update', changes }], { secret: Buffer.alloc(32, 6).toString('base64') }), ['PeerBadSignature'])
    assert.deepEqual(await run([{ do: 'update', changes, algorithm: 'hmac-sha512.' }]), ['PeerBadKey'])
    assert.deepEqual(await run([ask('no.example.com', 'TXT')]), [[]])
  })
})
