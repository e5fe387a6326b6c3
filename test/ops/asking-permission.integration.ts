/**
 * Who may look for agents (EDE 49156), and class LOCAL for the local area alone (docs/protocol.md 4), at a real server:
 * dig asks from two addresses of loopback, and signed by TSIG (RFC 8945); a reload opens and closes.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeFolder, Served, waggle } from './process.ts'
import { run, SECRET, skipWithout, TRANSPORTS } from './update-bench.ts'

const ZONE = (rrClass: string): string => `$TTL 60
@ ${rrClass} SOA ns hostmaster 1 1h 10m 1d 5m
@ ${rrClass} NS ns
ns ${rrClass} A 192.0.2.53
babel._sa ${rrClass} A 192.0.2.10
v2.translate.nlp._cap ${rrClass} AGENT 1 babel._sa latency=90ms alpn=a2a alias=chat
`
const CONFIG = (transport: string, askers: string, local: string): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
${transport === 'dgram' ? '' : 'workers: 2\n'}keys: [{ name: desk-key, secret: "${SECRET}" }, { name: other-key, secret: "${SECRET}" }]
${local}
zones:
  - { name: acme.example, file: acme.zone${askers} }
  - { name: floor3.example, file: floor3.zone, class: LOCAL }
`
const CLOSED = ', askers: { networks: ["127.0.0.2/32"], keys: [desk-key] }'
const INSIDE = ['-b', '127.0.0.2']
const signedBy = (key: string): string[] => ['-y', `hmac-sha256:${key}:${SECRET}`]
/** What who may look finds, and what others are told. */
const FOUND = ['NOERROR', 1, undefined]
const REFUSED = ['REFUSED', 0, '49156']
const AGENT = ['v2.translate.nlp._cap.acme.example', 'TYPE65440']

describe('who may look for agents', { skip: skipWithout('dig'), concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    describe(`at a server with transport ${transport}`, { concurrency: 1 }, () => {
      const folder = makeFolder({ 'acme.zone': ZONE('IN'), 'floor3.zone': ZONE('CLASS65440') })
      let server: Served
      const configure = (askers: string, local = ''): void => folder.write('w.yaml', CONFIG(transport, askers, local))
      before(async () => {
        configure(CLOSED)
        server = await Served.start(`${folder.path}/w.yaml`)
      })
      after(async () => {
        await server.stop('SIGKILL')
        folder.remove()
      })
      const reload = async (): Promise<void> => {
        const { code, err } = await waggle(['zone', 'reload', '-d', `${folder.path}/data`])
        assert.equal(code, 0, err)
      }
      /** RCODE, records of the answer, and code of the Extended DNS Error. */
      const dig = async (...args: string[]): Promise<[status: string, answers: number, error: string | undefined]> => {
        const { text } = await run('dig', ['@127.0.0.1', '-p', String(server.endpoints[0].port), '+norecurse', '+tries=1', ...args])
        return [/status: (\w+)/.exec(text)?.[1] ?? text, Number(/ANSWER: (\d+)/.exec(text)?.[1]), /EDE: (\d+)/.exec(text)?.[1]]
      }

      const ASKED: [who: string, args: string[], may: boolean][] = [
        ['an address that is listed', INSIDE, true],
        ['another address', [], false],
        ['the same with a key that is listed', signedBy('desk-key'), true],
        ['with another key', signedBy('other-key'), false],
      ]
      for (const [who, args, may] of ASKED) {
        it(`${who} ${may ? 'finds them, in every form' : 'is told that permission is missing, whether a capability exists or not, and of other forms as if nobody were there'}`, async () => {
          for (const tcp of ['+notcp', '+tcp']) {
            for (const asked of [AGENT, ['v2.translate.nlp._cap.acme.example', 'A']]) assert.deepEqual(await dig(...args, tcp, ...asked), may ? FOUND : REFUSED, `${asked.join(' ')} ${tcp}`)
            for (const asked of [['v9.none._cap.acme.example', 'A'], ['_cap.acme.example', 'TXT']]) assert.deepEqual((await dig(...args, tcp, ...asked))[2], may ? undefined : '49156', `${asked.join(' ')} ${tcp}`)
            for (const asked of [['chat.acme.example', 'HTTPS'], ['_a2a._tcp.acme.example', 'PTR']]) {
              assert.deepEqual(await dig(...args, tcp, ...asked), may ? FOUND : ['NXDOMAIN', 0, undefined], `${asked.join(' ')} ${tcp}`)
            }
          }
          assert.deepEqual(await dig(...args, 'ns.acme.example', 'A'), ['NOERROR', 1, undefined])
        })
      }

      it('waggle query finds them where it signs by a key that is listed, one and several in a message', async () => {
        for (const [key, found] of [['desk-key', true], ['other-key', false]] as const) {
          folder.write('key.tsig', `key "${key}" { algorithm hmac-sha256; secret "${SECRET}"; };\n`)
          for (const more of [[], ['--tcp'], ['--and', 'v9.none.nlp._cap.acme.example']]) {
            const { code, out, err } = await waggle(['query', 'v2.translate.nlp._cap.acme.example', 'AGENT', '-s', `127.0.0.1:${server.endpoints[0].port}`, '-k', `${folder.path}/key.tsig`, '--short', ...more])
            assert.deepEqual([code, err, out.includes('1 babel._sa.acme.example.')], [0, '', found], `${key} ${more.join(' ')}`)
          }
        }
      })

      it('class LOCAL is answered to loopback, which is local unless said', async () => {
        assert.deepEqual(await dig('-c', 'CLASS65440', '-t', 'TYPE65440', 'v2.translate.nlp._cap.floor3.example'), ['NOERROR', 1, undefined])
      })

      it('a reload that changes nothing but who may look is enough', async () => {
        configure(', askers: { networks: ["127.0.0.1/32"] }')
        await reload()
        assert.deepEqual([await dig(...AGENT), await dig(...INSIDE, ...AGENT)], [['NOERROR', 1, undefined], REFUSED])
        configure(CLOSED)
        await reload()
        assert.deepEqual(await dig(...AGENT), REFUSED)
      })

      it('a reload opens the one and closes the other', async () => {
        configure('', 'local: ["127.0.0.2/32"]')
        await reload()
        assert.deepEqual(await dig(...AGENT), ['NOERROR', 1, undefined])
        const local = ['-c', 'CLASS65440', '-t', 'TYPE65440', 'v2.translate.nlp._cap.floor3.example']
        assert.deepEqual(await dig(...local), ['REFUSED', 0, '18'])
        assert.deepEqual(await dig(...INSIDE, ...local), ['NOERROR', 1, undefined])
        configure(CLOSED)
        await reload()
        assert.deepEqual(await dig(...AGENT), REFUSED)
      })
    })
  }
})
