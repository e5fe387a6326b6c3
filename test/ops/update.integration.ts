/**
 * Zones changed while they are served, by the tools that administrators have: nsupdate and knsupdate with TSIG and
 * SIG(0) against a real server, what dig then sees, and what is left after a restart, a kill and an edited file.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeFolder, Served, waggle } from './process.ts'
import { Bench, CONFIG, KEY, run, SECRET, skipWithout, TRANSPORTS, ZONE } from './update-bench.ts'

const skip = skipWithout('dig', 'nsupdate', 'knsupdate', 'dnssec-keygen')

const WRONG = Buffer.alloc(32, 6).toString('base64')

for (const transport of TRANSPORTS) {
  describe(`updates of a server with transport ${transport}`, { skip }, () => {
    const bench = new Bench()
    before(() => {
      bench.more = '' // as by default: it rehearses while it is updated
      return bench.start(transport)
    })
    after(() => bench.end())

    it('add, replace and delete, and are seen by the next query (RFC 2136 2.5)', async () => {
      const from = await bench.serial()
      assert.equal(await bench.update('update add a.example.com 60 A 192.0.2.1\nupdate add a.example.com 60 A 192.0.2.2'), '')
      assert.deepEqual(await bench.dig('a.example.com'), ['192.0.2.1', '192.0.2.2'])
      assert.equal(await bench.serial(), from + 1, 'one step for one message')
      assert.equal(await bench.update('update delete a.example.com A 192.0.2.1'), '')
      assert.deepEqual(await bench.dig('a.example.com'), ['192.0.2.2'])
      assert.equal(await bench.update('update delete a.example.com A\nupdate add a.example.com 60 TXT "text"'), '')
      assert.deepEqual([await bench.dig('a.example.com'), await bench.dig('a.example.com', 'TXT')], [[], ['"text"']])
      assert.equal(await bench.update('update delete a.example.com'), '')
      assert.match((await run('dig', ['@127.0.0.1', '-p', String(bench.port), 'a.example.com', 'TXT'])).text, /status: NXDOMAIN/)
      assert.equal(await bench.serial(), from + 4)
      assert.equal(await bench.update('update delete a.example.com'), '')
      assert.equal(await bench.serial(), from + 4, 'no step where nothing changed')
    })

    it('go over TCP and IPv6 too, and by knsupdate', async () => {
      assert.equal(await bench.update('update add tcp.example.com 60 A 192.0.2.3', { args: ['-v', '-y', KEY] }), '')
      assert.equal(await bench.update('update add six.example.com 60 AAAA 2001:db8::3', { host: '::1', port: bench.server.endpoints[1].port }), '')
      const { code, text } = await run('knsupdate', ['-y', KEY], `server 127.0.0.1 ${bench.port}\nzone example.com.\nupdate add knot.example.com. 60 A 192.0.2.4\nsend\n`)
      assert.equal(code, 0, text)
      assert.deepEqual([await bench.dig('tcp.example.com'), await bench.dig('six.example.com', 'AAAA'), await bench.dig('knot.example.com')], [['192.0.2.3'], ['2001:db8::3'], ['192.0.2.4']])
    })

    it('keep to their prerequisites (RFC 2136 2.4)', async () => {
      const cases: [string, string][] = [
        ['prereq nxdomain www.example.com', 'update failed: YXDOMAIN'],
        ['prereq yxdomain none.example.com', 'update failed: NXDOMAIN'],
        ['prereq nxrrset www.example.com A', 'update failed: YXRRSET'],
        ['prereq yxrrset www.example.com TXT', 'update failed: NXRRSET'],
        ['prereq yxrrset www.example.com A 192.0.2.81', 'update failed: NXRRSET'],
        ['prereq yxrrset www.example.com A 192.0.2.80', ''],
      ]
      for (const [prerequisite, told] of cases) assert.equal(await bench.update(`${prerequisite}\nupdate add pre.example.com 60 A 192.0.2.5`), told)
      assert.deepEqual(await bench.dig('pre.example.com'), ['192.0.2.5'])
    })

    it('are refused by the right code: unknown key, wrong secret, wrong time, no grant, no signature, no zone of ours', async () => {
      const add = 'update add no.example.com 60 A 192.0.2.6'
      assert.match(await bench.update(add, { args: ['-y', `hmac-sha256:other:${SECRET}`] }), /NOTAUTH\(BADKEY\)/)
      assert.match(await bench.update(add, { args: ['-y', `hmac-sha256:agents-key:${WRONG}`] }), /NOTAUTH\(BADSIG\)/)
      assert.match(await bench.update(add, { args: [] }), /REFUSED/)
      assert.match(await bench.update('update add locked.example.com 60 A 192.0.2.6'), /REFUSED/)
      assert.match(await bench.update('update add a.plain.example 60 A 192.0.2.6', { zone: 'plain.example' }), /REFUSED/)
      assert.match(await bench.update('update add a.elsewhere.example 60 A 192.0.2.6', { zone: 'elsewhere.example' }), /NOTAUTH/)
      assert.match(await bench.update('update add a.elsewhere.example 60 A 192.0.2.6'), /NOTZONE/)
      assert.deepEqual(await bench.dig('no.example.com'), [])
      const lines = bench.server.lines().filter(({ msg }) => msg === 'update')
      assert.ok(lines.some(({ key, verdict, reason }) => key === 'agents-key.' && verdict === 'REFUSED' && String(reason).includes('no grant')), 'the audit says who, what and why')
    })

    it('are answered with a signature, and so are signed queries (RFC 8945 5.3)', async () => {
      const { text } = await run('dig', ['@127.0.0.1', '-p', String(bench.port), '-y', KEY, '+norecurse', 'www.example.com'])
      assert.match(text, /192\.0\.2\.80/)
      assert.match(text, /agents-key\.\s+0\s+ANY\s+TSIG\s+hmac-sha256\. .* NOERROR 0/)
      assert.doesNotMatch(text, /couldn't verify|verify failure/i)
    })

    it('may be signed by SIG(0) with a KEY of the zone, within what its grant says (RFC 2931)', async () => {
      const { path } = bench.folder
      const made = (await run('dnssec-keygen', ['-q', '-T', 'KEY', '-a', 'ECDSAP256SHA256', '-n', 'HOST', 'host.example.com'], '', path)).text.trim().split('\n').at(-1) ?? ''
      const key = (await run('grep', ['-v', '^;', join(path, `${made}.key`)])).text.trim().replace(/^.* KEY /, '')
      assert.equal(await bench.update(`update add host.example.com 60 KEY ${key}`), '')
      const args = ['-k', join(path, `${made}.private`)]
      assert.equal(await bench.update('update add host.example.com 60 A 192.0.2.7', { args }), '')
      assert.deepEqual(await bench.dig('host.example.com'), ['192.0.2.7'])
      assert.match(await bench.update('update add other.example.com 60 A 192.0.2.7', { args }), /REFUSED/)
    })

    it('of twelve clients at once on one RRset all land', async () => {
      const told = await Promise.all(Array.from({ length: 12 }, (_, i) => bench.update(`update add twelve.example.com 60 A 192.0.2.${100 + i}`)))
      assert.deepEqual(new Set(told), new Set(['']))
      assert.equal((await bench.dig('twelve.example.com')).length, 12)
    })

    it('survive an edited file, which survives them (SIGHUP)', async () => {
      assert.equal(await bench.update('update delete www.example.com A 192.0.2.80\nupdate add www.example.com 300 A 192.0.2.81'), '')
      const from = await bench.serial()
      bench.folder.write('example.com.zone', `${ZONE}edited A 192.0.2.90\n`)
      bench.server.child.kill('SIGHUP')
      await bench.server.line('reload done')
      assert.deepEqual([await bench.dig('edited.example.com'), await bench.dig('www.example.com')], [['192.0.2.90'], ['192.0.2.81']])
      assert.ok((await bench.serial()) > from, 'the serial goes on')
      assert.equal(await bench.update('update add later.example.com 60 A 192.0.2.8'), '')
      assert.deepEqual(await bench.dig('later.example.com'), ['192.0.2.8'])
    })

    it('survive a stop and a kill, serial and all', async () => {
      const names = ['tcp.example.com', 'pre.example.com', 'www.example.com', 'host.example.com', 'later.example.com', 'edited.example.com']
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        assert.equal(await bench.update(`update add ${signal}.example.com 60 A 192.0.2.9`), '')
        const known = await Promise.all([...names, `${signal}.example.com`].map((name) => bench.dig(name)))
        const serial = await bench.serial()
        await bench.server.stop(signal)
        await bench.start(transport)
        assert.deepEqual(await Promise.all([...names, `${signal}.example.com`].map((name) => bench.dig(name))), known)
        assert.equal(await bench.serial(), serial)
      }
    })

    it('are counted, listed and dumped', async () => {
      assert.equal(await bench.update('update add counted.example.com 60 A 192.0.2.10'), '')
      const list = JSON.parse((await waggle(['zone', 'list', '--json', '-d', join(bench.folder.path, 'data')])).out) as { zone: string; serial: number; updates?: number }[]
      assert.deepEqual(list.map(({ zone, updates }) => [zone, updates]), [['example.com.', 1], ['plain.example.', undefined]])
      assert.equal(list[0].serial, await bench.serial())
      const stats = JSON.parse((await waggle(['stats', '--json', '-d', join(bench.folder.path, 'data')])).out) as Record<string, number>
      assert.deepEqual([stats['update.verdict.NOERROR'], stats['update.records.added'], stats['update.batch.count']], [1, 1, 1])
      const { out } = await waggle(['zone', 'dump', 'example.com', '-d', join(bench.folder.path, 'data')])
      assert.match(out, /^www\.example\.com\.\s+300 IN A\s+192\.0\.2\.81$/m)
    })
  })
}

describe('a server whose store cannot be written', { skip }, () => {
  it('serves its zones, refuses updates with a reason, and says so in the log', async () => {
    const folder = makeFolder({ 'example.com.zone': ZONE, 'plain.zone': ZONE, 'w.yaml': CONFIG('dgram'), data: '' }) // a file where the folder should be
    const server = await Served.start(join(folder.path, 'w.yaml'))
    try {
      await server.line('updates refused')
      const port = String(server.endpoints[0].port)
      assert.match((await run('dig', ['@127.0.0.1', '-p', port, '+short', 'www.example.com'])).text, /192\.0\.2\.80/)
      assert.match((await run('nsupdate', ['-t', '10', '-y', KEY], `server 127.0.0.1 ${port}\nzone example.com\nupdate add a.example.com 60 A 192.0.2.1\nsend\n`)).text, /SERVFAIL/)
      assert.equal((await run('dig', ['@127.0.0.1', '-p', port, '+short', 'a.example.com'])).text, '')
    } finally {
      await server.stop()
      folder.remove()
    }
  })
})
