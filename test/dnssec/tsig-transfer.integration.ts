/**
 * A signed transfer from BIND, Knot and NSD over TCP (RFC 8945 5.3.1): they accept our request, and our reader finds each of their many
 * messages covered; one that is left out, or an octet that is changed, it finds too.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { checkTsigResponse } from '../../src/dnssec/tsig-response.ts'
import { TsigStreamReader } from '../../src/dnssec/tsig-stream.ts'
import { signTsigRequest, type SignedRequest } from '../../src/dnssec/tsig.ts'
import { freePort } from '../battery/peers.ts'
import { keyOf } from './signed.ts'
import { missing, scratchFolder, toolEnvironment } from './tools.ts'
import type { PeerKey } from './tsig-peer.ts'

const RECORDS = 12_000 // several messages of 64 KiB, or many small ones
const peer: PeerKey = { name: 'transfer.key', algorithm: 'hmac-sha512', hash: 'sha512', secret: Buffer.from('a secret for transfers, not for you') }
const secret = peer.secret.toString('base64')
const folder = scratchFolder()
const children: ChildProcess[] = []
after(() => children.forEach((child) => child.kill('SIGKILL')))

const lines = Array.from({ length: RECORDS }, (_, i) => `h${i} TXT "record ${i} of the zone that is transferred"`)
writeFileSync(`${folder}/zone`, `$TTL 60\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n${lines.join('\n')}\n`)

const CONFIGS: Readonly<Record<string, (port: number, home: string) => string>> = {
  named: (port, home) => `key "transfer.key" { algorithm hmac-sha512; secret "${secret}"; };
options { directory "${home}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file "${home}/named.pid"; session-keyfile "${home}/session"; dnssec-validation no; notify no; };
controls { };
zone "example" { type primary; file "${home}/zone"; allow-transfer { key "transfer.key"; }; };`,
  knotd: (port, home) => `server:\n  listen: 127.0.0.1@${port}\n  rundir: "${home}"\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1
key:\n  - id: transfer.key.\n    algorithm: hmac-sha512\n    secret: ${secret}
acl:\n  - id: byKey\n    key: transfer.key.\n    action: transfer
database:\n  storage: "${home}"
zone:\n  - domain: example\n    file: "${home}/zone"\n    acl: byKey\n    zonefile-sync: -1\n    journal-content: none\n`,
  nsd: (port, home) => `server:\n  ip-address: 127.0.0.1@${port}\n  server-count: 1\n  username: ""\n  chroot: ""\n  pidfile: "${home}/nsd.pid"\n  database: ""
  zonelistfile: "${home}/list"\n  xfrdfile: "${home}/xfrd"\n  xfrdir: "${home}"\nremote-control:\n  control-enable: no
key:\n  name: "transfer.key"\n  algorithm: hmac-sha512\n  secret: "${secret}"
zone:\n  name: "example"\n  zonefile: "${home}/zone"\n  provide-xfr: 127.0.0.1 transfer.key\n`,
}
const ARGS: Readonly<Record<string, string[]>> = { named: ['-g', '-c'], knotd: ['-c'], nsd: ['-d', '-c'] }

function requestOf(type: number): SignedRequest {
  const message = encodeMessage(makeMessage({ id: 0x2222, questions: [{ name: Name.parse('example.'), type, class: CLASS.IN }] }))
  return signTsigRequest(message, keyOf(peer), Math.floor(Date.now() / 1_000))
}

/** Sends over TCP and gives the messages that come, until `isLast`, or the server ends it. */
function ask(port: number, octets: Uint8Array, isLast: (messages: Buffer[]) => boolean): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat([Buffer.of(octets.length >>> 8, octets.length), octets])))
    const messages: Buffer[] = []
    let held = Buffer.alloc(0)
    const end = (): void => {
      socket.destroy()
      resolve(messages)
    }
    socket.setTimeout(10_000, end)
    socket.on('error', reject)
    socket.on('close', end)
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        messages.push(Buffer.from(held.subarray(2, 2 + held.readUInt16BE(0))))
        held = held.subarray(2 + held.readUInt16BE(0))
        if (isLast(messages)) return end()
      }
    })
  })
}

/** Starts a server with the zone and waits until it answers a signed question for its SOA, which is checked too. */
async function start(program: string): Promise<number> {
  const port = await freePort()
  writeFileSync(`${folder}/${program}.conf`, CONFIGS[program](port, folder))
  children.push(spawn(program, [...ARGS[program], `${folder}/${program}.conf`], { stdio: 'ignore', env: toolEnvironment }))
  for (let i = 0; i < 300; i++) {
    const { octets, mac } = requestOf(TYPE.SOA)
    const [response] = await ask(port, octets, () => true).catch(() => [])
    if (response !== undefined && decodeMessage(response).answers.length === 1) {
      assert.deepEqual(checkTsigResponse(response, keyOf(peer), mac, Math.floor(Date.now() / 1_000)), { is: 'good' })
      return port
    }
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`${program} does not answer`)
}

for (const program of Object.keys(CONFIGS)) {
  test(`${program}: a signed AXFR is given to us, and each message of it is covered`, { skip: missing(program) }, async () => {
    const port = await start(program)
    const { octets, mac } = requestOf(TYPE.AXFR)
    let soas = 0
    const messages = await ask(port, octets, (all) => (soas += decodeMessage(all.at(-1) as Buffer).answers.filter(({ type }) => type === TYPE.SOA).length) >= 2)
    assert.ok(messages.length > 5, `${messages.length} messages`)
    assert.equal(messages.reduce((sum, one) => sum + decodeMessage(one).answers.length, 0), RECORDS + 4)
    const now = Math.floor(Date.now() / 1_000)
    const read = (stream: readonly Buffer[]): { verdicts: string[]; isCovered: boolean } => {
      const reader = new TsigStreamReader(keyOf(peer), mac)
      return { verdicts: stream.map((one) => reader.accept(one, now)), isCovered: reader.isCovered }
    }
    const { verdicts, isCovered } = read(messages)
    assert.ok(isCovered && !verdicts.includes('bad'), verdicts.join(' '))
    assert.equal(read(messages.toSpliced(2, 1)).isCovered, false, 'one message left out')
    const changed = messages.with(3, Buffer.from(messages[3]))
    changed[3][60] ^= 1
    assert.equal(read(changed).isCovered, false, 'one octet changed')
  })
}
