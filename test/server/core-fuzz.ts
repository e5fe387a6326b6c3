/**
 * Hostile messages against the whole slow path: good ones damaged after they were signed, which must never be carried
 * out, and damaged ones signed rightly, as a client with a key and a fault in it sends. Each meets silence or one
 * well-formed response to it, nothing is a fault of ours, and only what is answered NOERROR under a right MAC changes the zone.
 */
import assert from 'node:assert/strict'
import { OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import type { Edns } from '../../src/dns/edns.ts'
import { MIN_UDP_OCTETS } from '../../src/dns/limits.ts'
import { encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { keyTag } from '../../src/dnssec/public-key.ts'
import { Chance } from '../battery/chance.ts'
import { writeMutation } from '../battery/mutate.ts'
import { keyRdata, pairOf } from '../dnssec/pairs.ts'
import { sig0Sign } from '../dnssec/sig0-peer.ts'
import { peerSign, peerVerify } from '../dnssec/tsig-peer.ts'
import { raw, rec, script } from '../update/support.ts'
import { decode, tcp, udp } from './messages.ts'
import { addingCompact, FORGER, KEY, NOW, slowPath, STRANGER, type SlowPath } from './slow-path.ts'

const ED25519 = 15
/** Messages that are under way together. */
const TOGETHER = 32
/** Messages after which the zone starts afresh, so that it does not fill up. */
const LIFE = 1_000

const edns = (code: number, octets: Uint8Array): Edns => ({ udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: [{ code, octets }] })

/** Good messages of every kind that the core is asked for, unsigned. */
function plain(): Buffer[] {
  const messages: Message[] = [
    script('prereq nxdomain a.example.; add a.example. 60 A 192.0.2.9; delete www.example. TXT; delete www.example. A 192.0.2.1'),
    script('add d.example. 60 DNAME other.; add s.example. 60 SRV 1 2 3 www.example.; add m.example. 60 MX 1 www.example.; add t.example. 60 TXT "x"'),
    { ...script('add l.example. 60 A 192.0.2.9'), edns: edns(OPTION.UPDATE_LEASE, Uint8Array.of(0, 0, 14, 16)) },
    makeMessage({ opcode: OPCODE.AGENT, answers: [rec('c.example. 60 IN A 192.0.2.9'), rec('www.example. 0 NONE A 192.0.2.2')], edns: edns(OPTION.COOKIE, new Uint8Array(8)) }),
    makeMessage({ questions: [{ name: Name.parse('www.example.'), type: TYPE.A, class: 1 }], edns: edns(OPTION.NSID, new Uint8Array(0)) }),
    makeMessage({ opcode: OPCODE.UPDATE, questions: [{ name: Name.parse('example.'), type: TYPE.SOA, class: 1 }], additionals: [raw('x.example.', TYPE.TXT, 1, 5, Uint8Array.of(1, 65))] }),
  ]
  return [...messages.map((message) => Buffer.from(encodeMessage(message))), addingCompact(9)]
}

/** The same, each signed by who may not, late, and short. */
const unproven = (): Buffer[] => plain().flatMap((message) => [
  message,
  peerSign(message, KEY, { time: NOW - 4_000 }).octets,
  peerSign(message, KEY, { time: NOW, macOctets: 16 }).octets,
  peerSign(message, STRANGER, { time: NOW }).octets,
  peerSign(message, FORGER, { time: NOW }).octets,
])

/** The same by SIG(0). */
function signedBySig0(message: Buffer): Buffer {
  return sig0Sign(message, { algorithm: ED25519, signer: 'device.example', tag: keyTag(keyRdata(ED25519)), inception: NOW - 60, expiration: NOW + 60, key: pairOf(ED25519).privateKey })
}

/** Owner, class and TTL of the record that signs are not covered (RFC 2931 3, 3.1). */
function coveredBySig0(message: Buffer, signed: Buffer): { octets: Buffer; covered: (octets: Buffer) => string } {
  const behindOwner = signed.length - message.length - 1
  const covered = (octets: Buffer): string => {
    const at = octets.length - behindOwner
    return octets.toString('latin1', 0, message.length) + octets.toString('latin1', at, at + 2) + octets.toString('latin1', at + 8)
  }
  return { octets: signed, covered }
}

/** Good messages that are proven, and what of them may be changed on the way, as no signature covers it, taken out. */
function proven(): { octets: Buffer; covered: (octets: Buffer) => string }[] {
  return plain().flatMap((message) => [
    // the ID, for which the original one stands, and the case of the names of key and algorithm (RFC 8945 4.3.3)
    { octets: peerSign(message, KEY, { time: NOW }).octets, covered: (octets: Buffer) => octets.toString('latin1', 2, message.length) + octets.toString('latin1', message.length).toLowerCase() },
    coveredBySig0(message, signedBySig0(message)),
  ])
}

/** What came of the attacks: messages by RCODE, `silence` among them. */
export type Ended = Map<string, number>

const start = (): Promise<SlowPath> => slowPath({
  update: { expectedOctets: 4_000_000 },
  // what is wasted costs time in service, and none here: bounds are tested in core-fairness.test.ts
  core: { limits: { burst: 1e12, perSecond: 1e12 } },
  authenticator: { sig0: { keysOf: (signer) => (signer.equals(Name.parse('device.example.')) ? [keyRdata(ED25519)] : []) } },
})

/** Silence, or one well-formed response to `octets`; returns what it says. */
function checkResponse(octets: Uint8Array, response: Uint8Array | null, overTcp: boolean): string {
  if (response === null) {
    assert.ok(octets.length < 12 || octets[2] >= 0x80, 'silence for a request')
    return 'silence'
  }
  const answer = decode(response)
  assert.deepEqual([answer.id, answer.qr, answer.opcode], [(octets[0] << 8) | octets[1], true, (octets[2] >>> 3) & 15])
  assert.ok(overTcp || answer.size <= (answer.opt === null ? MIN_UDP_OCTETS : 1_232), `${answer.size} octets`)
  assert.notEqual(answer.rcode, RCODE.SERVFAIL)
  return answer.tc ? 'cut' : String(answer.rcode)
}

/** Runs `make` `count` times and hands what it makes over, some at once; `check` sees each with its response. */
async function attack(count: number, make: (i: number) => { octets: Buffer; check?: (response: Uint8Array, path: SlowPath) => void }): Promise<Ended> {
  const ended: Ended = new Map()
  let path = await start()
  for (let done = 0; done < count; done += TOGETHER) {
    if (done % LIFE < TOGETHER) path = await start()
    const before = path.steps()
    const fates = await Promise.all(Array.from({ length: TOGETHER }, async (_, i) => {
      const { octets, check } = make(done + i)
      const overTcp = i % 3 === 0
      // each from a port of its own: none is taken for another sent again
      const response = await path.send(octets, { ...(overTcp ? tcp : udp), port: 1_024 + ((done + i) % 60_000) })
      const said = checkResponse(octets, response, overTcp)
      if (response !== null) check?.(response, path)
      ended.set(said, (ended.get(said) ?? 0) + 1)
      return { octets, said }
    }))
    assert.deepEqual(path.faults, [], fates.map(({ octets }) => octets.toString('hex')).join('\n'))
    const changes = fates.filter(({ octets, said }) => said === '0' && (octets[2] & 0x78) !== 0).length
    assert.ok(path.steps() - before <= changes, 'no step of the zone without an answer NOERROR')
  }
  return ended
}

/** Good and signed messages, damaged on the way. */
export function attackSigned(count: number, seed: number): Promise<Ended> {
  const chance = new Chance(seed)
  const good = proven()
  const corpus = [...good.map(({ octets }) => octets), ...unproven()]
  const out = Buffer.alloc(4_096)
  return attack(count, () => {
    const octets = Buffer.from(out.subarray(0, writeMutation(out, corpus, chance)))
    const check = (response: Uint8Array): void => {
      const { rcode, opcode, tc } = decode(response)
      if (rcode !== RCODE.NOERROR || opcode === OPCODE.QUERY || tc) return
      assert.ok(good.some((one) => one.covered(one.octets) === one.covered(octets)), `carried out: ${octets.toString('hex')}`)
    }
    return { octets, check }
  })
}

/** Damaged messages, rightly signed. */
export function attackAsHolder(count: number, seed: number): Promise<Ended> {
  const chance = new Chance(seed)
  const corpus = plain()
  const out = Buffer.alloc(4_096)
  return attack(count, (i) => {
    let message = Buffer.from(out.subarray(0, writeMutation(out, corpus, chance)))
    if (message.length < 12) message = Buffer.concat([message, Buffer.alloc(12 - message.length)])
    message.writeUInt16BE(i & 0xffff, 0)
    if (message.readUInt16BE(10) === 0xffff) message.writeUInt16BE(0, 10)
    const { octets, mac } = peerSign(message, KEY, { time: NOW })
    const check = (response: Uint8Array): void => {
      const { tsig, rcode } = decode(response)
      if (tsig === null) return assert.ok(rcode !== RCODE.NOERROR || (message[2] & 0x78) === 0, 'carried out, and said so without a signature')
      // damage may run into the signature's record: then its key is another, or its octets are not the ones that were signed
      if (/001[01]0000$/.test(tsig.rdata)) return assert.equal(rcode, RCODE.NOTAUTH)
      assert.ok(peerVerify(response, KEY, mac), `the signature of the response is right: ${octets.toString('hex')} ${Buffer.from(response).toString('hex')}`)
    }
    return { octets, check }
  })
}
