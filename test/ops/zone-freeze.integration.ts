/**
 * Editing the file of a zone that updates change, as administrators do with BIND's and Knot's freeze and thaw: by the
 * commands, against a real server, with nsupdate and dig to see what comes of it.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { waggle } from './process.ts'
import { Bench, KEY, run, SECRET, skipWithout, TRANSPORTS, ZONE } from './update-bench.ts'

const skip = skipWithout('dig', 'nsupdate')

// the lease takes half a minute to end, in which the others go on, one after the other
describe('editing the file of a zone that updates change', { skip, concurrency: 2 }, () => {
  describe('a lease in a frozen zone', () => {
    const bench = new Bench()
    before(() => bench.start('dgram'))
    after(() => bench.end())

    it('ends as in any other, and cannot be renewed meanwhile (RFC 9664 4)', async () => {
      bench.folder.write('agents.key', `key "agents-key" {\n  algorithm hmac-sha256;\n  secret "${SECRET}";\n};\n`)
      const register = (): ReturnType<typeof waggle> => waggle([
        'register', '-s', `127.0.0.1:${bench.port}`, '-k', 'agents.key', '--provider', 'example.com', '--id', 'babel', '--address', '127.0.0.9', '--capability', 'v2.translate.text.nlp', '--lease', '30', '--key-lease', '30',
      ], bench.folder.path)
      const askedAtMs = Date.now()
      const { code, out, err } = await register()
      assert.equal(code, 0, out + err)
      const leasedUntil = Date.now() + 30_000
      assert.match((await bench.zone('freeze', 'example.com')).out, /frozen/)
      const { leases } = JSON.parse((await bench.zone('status', 'example.com', '--json')).out) as { leases: number }
      assert.equal(leases, 1)
      const again = await register()
      assert.deepEqual([again.code, /REFUSED/.test(again.err)], [1, true], again.err)
      const serial = await bench.serial()
      const isThere = async (): Promise<boolean> => (await bench.dig('babel._sa.example.com', 'A')).length > 0
      assert.equal(await isThere(), true, 'babel stands in the zone')
      while (Date.now() < leasedUntil + 5_000 && (await isThere())) await sleep(500)
      assert.ok(Date.now() > askedAtMs + 29_000, 'not before its time') // it began before the command that asked for it had ended
      assert.equal(await isThere(), false)
      assert.ok((await bench.serial()) > serial)
      assert.equal((JSON.parse((await bench.zone('status', 'example.com', '--json')).out) as { leases: number }).leases, 0)
    })
  })

  for (const transport of TRANSPORTS) {
    describe(`freeze and thaw of a server with transport ${transport}`, { concurrency: 1 }, () => {
      const bench = new Bench()
      before(() => bench.start(transport))
      after(() => bench.end())
      const add = (name: string, address = '192.0.2.1'): Promise<string> => bench.update(`update add ${name}.example.com 60 A ${address}`)

      it('tells how a zone stands', async () => {
        assert.equal(await add('before'), '')
        const { code, out, err } = await bench.zone('status', 'example.com')
        assert.deepEqual([code, err], [0, ''])
        const rows = Object.fromEntries(out.trim().split('\n').map((line) => line.split(/ {2,}/, 2))) as Record<string, string>
        const { zone, serial, state, updates, changes, leases } = rows
        assert.deepEqual({ zone, serial, state, updates, changes, leases }, {
          zone: 'example.com. IN', serial: '2 served, 1 in the file', state: 'served', updates: 'taken, 1 since the start', changes: '1 record by updates (waggle zone diff)', leases: '0',
        })
      })

      it('tells what updates have made of the file, as text and as JSON', async () => {
        const { code, out, err } = await bench.zone('diff', 'example.com')
        assert.deepEqual([code, err], [0, ''])
        assert.deepEqual(out.trim().split('\n').map((line) => line.split(/\s+/).slice(0, 5).join(' ')), [
          '-example.com. 300 IN SOA ns.example.com.', '+example.com. 300 IN SOA ns.example.com.', '+before.example.com. 60 IN A 192.0.2.1',
        ])
        const { changes } = JSON.parse((await bench.zone('diff', 'example.com', '--json')).out) as { changes: object[] }
        assert.deepEqual(changes.at(-1), { change: 'added', name: 'before.example.com.', ttl: 60, class: 'IN', type: 'A', rdata: '192.0.2.1' })
        assert.deepEqual(await bench.zone('diff', 'plain.example'), { code: 0, out: '', err: '' })
      })

      it('a frozen zone answers queries, refuses updates by REFUSED with the reason, and logs who asked (RFC 2136 3.3)', async () => {
        assert.deepEqual(await bench.zone('freeze', 'example.com'), { code: 0, out: 'example.com. IN frozen, serial 2\n', err: '' })
        assert.deepEqual(await bench.zone('freeze', 'EXAMPLE.com.'), { code: 0, out: 'example.com. IN was frozen already, serial 2\n', err: '' })
        assert.equal(await add('during'), 'update failed: REFUSED')
        assert.deepEqual([await bench.dig('during.example.com'), await bench.dig('before.example.com'), await bench.serial()], [[], ['192.0.2.1'], 2])
        const { text } = await run('nsupdate', ['-d', '-t', '10', '-y', KEY], `server 127.0.0.1 ${bench.port}\nzone example.com\nupdate add during.example.com 60 A 192.0.2.1\nsend\n`)
        assert.match(text, /status: REFUSED/)
        const told = bench.server.lines().filter(({ msg, verdict }) => msg === 'update' && verdict === 'REFUSED')
        assert.deepEqual(told.map(({ key, zone, reason }) => [key, zone, reason]), Array.from({ length: 2 }, () => ['agents-key.', 'example.com.', 'the zone is frozen by its administrator']))
        assert.match((await bench.zone('list')).out, /^example\.com\. .* served; no updates: the zone is frozen by its administrator$/m)
      })

      it('a file with mistakes is told by its places, and leaves the zone frozen and served', async () => {
        bench.folder.write('example.com.zone', `${ZONE}edited A 1.2.3\n`)
        const { code, out, err } = await bench.zone('thaw', 'example.com')
        assert.deepEqual([code, out], [1, ''])
        assert.match(err, /example\.com\.zone:7:10: Cannot parse A address .*\nCannot thaw zone example\.com\. as its file has errors: it stays frozen/)
        assert.equal(await add('during'), 'update failed: REFUSED')
        assert.deepEqual(await bench.dig('www.example.com'), ['192.0.2.80'])
      })

      it('thawed, it serves the edited file and what updates had made of the zone, and takes updates', async () => {
        bench.folder.write('example.com.zone', `${ZONE}edited A 192.0.2.90\n`)
        assert.deepEqual(await bench.zone('thaw', 'example.com'), { code: 0, out: 'example.com. IN thawed, serial from 2 to 3\n', err: '' })
        assert.deepEqual([await bench.dig('edited.example.com'), await bench.dig('before.example.com')], [['192.0.2.90'], ['192.0.2.1']])
        assert.equal(await add('after'), '')
        assert.deepEqual(await bench.dig('after.example.com'), ['192.0.2.1'])
        assert.deepEqual(await bench.zone('thaw', 'example.com'), { code: 0, out: 'example.com. IN was not frozen, serial 4\n', err: '' })
        for (const event of ['zone frozen', 'zone thawed']) assert.equal(bench.server.lines().filter(({ msg }) => msg === event).length, 1, event)
      })

      it('SIGHUP reads the file of a frozen zone and leaves it frozen; no start remembers the freeze', async () => {
        assert.equal((await bench.zone('freeze', 'example.com')).code, 0)
        bench.folder.write('example.com.zone', `${ZONE}again A 192.0.2.91\n`)
        bench.server.child.kill('SIGHUP')
        await bench.server.line('reload done', 3) // one for each thaw
        assert.deepEqual(await bench.dig('again.example.com'), ['192.0.2.91'])
        assert.equal(await add('during'), 'update failed: REFUSED')
        await bench.server.stop('SIGKILL')
        await bench.start(transport)
        assert.equal(await add('during'), '')
        assert.deepEqual([await bench.dig('before.example.com'), await bench.dig('again.example.com')], [['192.0.2.1'], ['192.0.2.91']])
      })

      it('a zone that no update can change is neither frozen nor thawed', async () => {
        const { writable, frozen } = JSON.parse((await bench.zone('status', 'plain.example', '--json')).out) as { writable: boolean; frozen: boolean }
        assert.deepEqual([writable, frozen], [false, false])
        for (const what of ['freeze', 'thaw']) {
          const err = `waggle: Cannot ${what} zone plain.example. as no update can change it: the config gives it neither grants nor register\n`
          assert.deepEqual(await bench.zone(what, 'plain.example'), { code: 1, out: '', err })
        }
      })
    })
  }
})
