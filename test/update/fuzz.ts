/**
 * Hostile updates: octets of good ones, cut, exchanged and repeated. Whatever they hold, the engine gives a verdict, fails
 * nowhere, and a verdict other than NOERROR leaves the zone as it was.
 */
import assert from 'node:assert/strict'
import { CLASS, OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { WireFault } from '../../src/dns/faults.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Chance } from '../battery/chance.ts'
import { writeMutation } from '../battery/mutate.ts'
import { bench, raw, rec, script, type Bench } from './support.ts'

const seeds = (): Buffer[] => {
  const lease = { udpSize: 1232, version: 0, dnssecOk: false, compactOk: false, options: [{ code: OPTION.UPDATE_LEASE, octets: Uint8Array.of(0, 0, 14, 16) }] }
  const messages: Message[] = [
    script('prereq nxdomain a.example.; add a.example. 60 A 192.0.2.9; delete www.example. TXT; delete www.example. A 192.0.2.1'),
    script('prereq yxrrset www.example. A 192.0.2.1; prereq yxrrset www.example. A 192.0.2.2; delete www.example.; add www.example. 60 CNAME ns.example.'),
    script('add example. 60 SOA ns.example. admin.example. 100 1 2 3 4; add d.example. 60 DNAME other.; add s.example. 60 SRV 1 2 3 www.example.; add m.example. 60 MX 1 www.example.'),
    { ...script('add t.example. 60 TXT "x"; add n.example. 60 NAPTR 1 2 "s" "t" "" r.example.'), edns: lease },
    makeMessage({ opcode: OPCODE.AGENT, answers: [rec('c.example. 60 IN A 192.0.2.9'), rec('www.example. 0 NONE A 192.0.2.1'), raw('alias.example.', TYPE.CNAME, CLASS.ANY)] }),
  ]
  return messages.map((message) => Buffer.from(encodeMessage(message)))
}

/** Sends `octets`; gives the RCODE, or undefined where they are no message. */
async function attack(running: Bench, octets: Uint8Array): Promise<number | undefined> {
  let message: Message
  try {
    message = decodeMessage(octets)
  } catch (fault) {
    assert.ok(fault instanceof WireFault, String(fault))
    return undefined
  }
  if (message.response || (message.opcode !== OPCODE.UPDATE && message.opcode !== OPCODE.AGENT)) return undefined // they never come here
  return (await running.judge(message)).rcode
}

/** Runs `count` attacks on one zone, which they change as they like. */
export async function attackMany(count: number, seed: number): Promise<Map<number | undefined, number>> {
  const chance = new Chance(seed)
  const corpus = seeds()
  const out = Buffer.alloc(4_096)
  const ended = new Map<number | undefined, number>()
  let running = await bench({ expectedOctets: 4_000_000 })
  for (let i = 0; i < count; i++) {
    if (i % 500 === 499) running = await bench({ keeper: running.keeper, expectedOctets: 4_000_000 })
    const octets = out.subarray(0, writeMutation(out, corpus, chance))
    const before = running.records().join('\n')
    const rcode = await attack(running, octets)
    ended.set(rcode, (ended.get(rcode) ?? 0) + 1)
    assert.deepEqual(running.faults, [], Buffer.from(octets).toString('hex'))
    if (rcode !== RCODE.NOERROR) assert.equal(running.records().join('\n'), before, Buffer.from(octets).toString('hex'))
  }
  return ended
}
