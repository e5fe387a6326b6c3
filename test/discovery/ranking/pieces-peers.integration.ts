/**
 * Answers from pieces (docs/decisions/0014) as others read them, whose owners of addresses are pointers into RDATA of a type
 * that they do not know: dig, kdig, drill and dnspython see every address with its name, and Unbound passes the answer on.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isInstalled, type RunningServer, startServer, startUnbound } from '../../battery/peers.ts'
import { run, skipWithout } from '../../ops/update-bench.ts'

const CAP = 'v1.x._cap.acme.example'
const LABELS = Array.from({ length: 8 }, (_, i) => `agent${i}`)
const ZONE = `$ORIGIN acme.example.
$TTL 60
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
${LABELS.map((label, i) => `v1.x._cap AGENT 1 ${label}._sa latency=${i + 1}s\n${label}._sa A 192.0.2.${i + 1}\n${label}._sa AAAA 2001:db8::${i + 1}`).join('\n')}
`
const PYTHON = '/usr/bin/python3'
const PROGRAM = `
import sys, dns.message, dns.query, dns.rdatatype
answer = dns.query.udp(dns.message.make_query('${CAP}', 65440, use_edns=0, payload=1232), '127.0.0.1', port=int(sys.argv[1]), timeout=5)
for rrset in answer.additional:
    for rdata in rrset: print(rrset.name, dns.rdatatype.to_text(rrset.rdtype), rdata)
`
const skipPython = spawnSync(PYTHON, ['-c', 'import dns.query']).status !== 0 ? 'SKIPPED: python3-dnspython is not installed' : false

/** `name address` of every address in what a tool printed, sorted. */
function addresses(text: string): string[] {
  return [...text.matchAll(/^(agent\d\._sa\.acme\.example\.)\s.*?\b(?:A|AAAA)\s+(\S+)$/gm)].map(([, name, address]) => `${name} ${address}`).sort()
}

const EXPECTED = LABELS.flatMap((label, i) => [`${label}._sa.acme.example. 192.0.2.${i + 1}`, `${label}._sa.acme.example. 2001:db8::${i + 1}`]).sort()

describe('an answer from pieces', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-pieces-'))
  let ours: RunningServer
  before(async () => {
    writeFileSync(`${folder}/acme.zone`, ZONE)
    ours = await startServer('ours', [{ name: 'acme.example', file: `${folder}/acme.zone` }], folder)
  })
  after(async () => {
    await ours.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const TOOLS: [tool: string, args: (port: number) => string[]][] = [
    ['dig', (port) => ['@127.0.0.1', '-p', String(port), '+norecurse', '+tries=1', CAP, 'TYPE65440']],
    ['kdig', (port) => ['@127.0.0.1', '-p', String(port), '+norecurse', '+edns', CAP, 'TYPE65440']],
    ['drill', (port) => ['-p', String(port), '-o', 'rd', '-b', '1232', CAP, '@127.0.0.1', 'TYPE65440']],
  ]
  for (const [tool, args] of TOOLS) {
    test(`is read by ${tool}`, { skip: skipWithout(tool) }, async () => {
      const { code, text } = await run(tool, args(ours.port))
      assert.equal(code, 0, text)
      assert.deepEqual(addresses(text), EXPECTED, text)
    })
  }

  test('is read by dnspython', { skip: skipPython }, async () => {
    const { code, text } = await run(PYTHON, ['-c', PROGRAM, String(ours.port)])
    assert.equal(code, 0, text)
    assert.deepEqual(addresses(text), EXPECTED, text)
  })

  test('is passed on by Unbound, with DO as it asks', { skip: isInstalled('unbound') ? skipWithout('dig') : 'SKIPPED: not installed: unbound' }, async () => {
    const unbound = await startUnbound(ours.port, ['acme.example.'], [], folder)
    try {
      const { text } = await run('dig', ['@127.0.0.1', '-p', String(unbound.port), '+tries=1', CAP, 'TYPE65440'])
      assert.match(text, /status: NOERROR[\s\S]*ANSWER: 8/)
      assert.deepEqual(addresses(text).filter((line) => !EXPECTED.includes(line)), [], 'nothing that was not said')
      for (const label of LABELS) assert.match((await run('dig', ['@127.0.0.1', '-p', String(unbound.port), '+short', `${label}._sa.acme.example`, 'A'])).text, /^192\.0\.2\.\d+\n$/)
    } finally {
      await unbound.stop()
    }
  })
})
