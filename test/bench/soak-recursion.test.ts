/** What the soak of recursion believes of an answer: each way to be wrong is told, and only those; and what its tree has in service. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { type DnsRecord, makeMessage, type Message } from '../../src/dns/message.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import { type Asked, type HostState, Judge } from './soak-recursion/judge.ts'
import { TOP_HOSTS, Tree } from './soak-recursion/tree.ts'

const tree = new Tree(40, (host) => `127.88.1.${host}`, 1_800_000_000)
const [signed, unsigned, bogus] = [tree.leaves[2], tree.leaves[1], tree.leaves[10]]
const up = (): Map<number, HostState> => new Map(tree.leaves.flatMap(({ hosts }) => hosts).map((number) => [number, { state: 'up', upSinceMs: 0 }]))

const NOW_MS = 1_000_000
const asked = (more: Partial<Asked> = {}): Asked => ({ type: TYPE.TXT, leaf: signed, shown: signed, expects: 'version', dnssecOk: false, checkingDisabled: false, atMs: NOW_MS - 5, ...more })
const record = (text: string): DnsRecord => parseRecord(text)
const txt = (version: number): DnsRecord => record(`www.${signed.apex} 20 IN TXT "v${version}"`)
const edns = (code: number, words = ''): Partial<Message> => ({ edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: [{ code: OPTION.EDE, octets: Uint8Array.of(code >> 8, code & 255, ...Buffer.from(words)) }] } })
const answer = (parts: Partial<Message>): Message => makeMessage({ response: true, ...parts })

const JUDGED: [what: string, asked: Asked, answer: Message, fault: RegExp | undefined][] = [
  ['the version in service', asked(), answer({ answers: [txt(1)] }), undefined],
  ['one that was never written', asked(), answer({ answers: [txt(2)] }), /version 2 of z2\.t2\., whose version is 1/],
  ['an address of the zone', asked({ type: TYPE.A }), answer({ answers: [record(`www.${signed.apex} 20 IN A 10.2.0.1`)] }), undefined],
  ['an address of another zone', asked({ type: TYPE.A }), answer({ answers: [record(`www.${signed.apex} 20 IN A 10.3.0.1`)] }), /the address of zone 3/],
  ['no record', asked(), answer({}), /no record of the type/],
  ['a record where there is none', asked({ expects: 'nodata' }), answer({ answers: [txt(1)] }), /records where there are none/],
  ['nothing where there is nothing', asked({ expects: 'nodata' }), answer({}), undefined],
  ['NXDOMAIN for a name that is', asked(), answer({ rcode: RCODE.NXDOMAIN }), /rcode 3, not 0/],
  ['NOERROR for one that is not', asked({ expects: 'nxdomain' }), answer({}), /rcode 0, not 3/],
  ['AD for who asks by DO', asked({ dnssecOk: true }), answer({ answers: [txt(1)], authenticData: true }), undefined],
  ['no AD for who asks by DO', asked({ dnssecOk: true }), answer({ answers: [txt(1)] }), /no AD where all is proven/],
  ['no AD for who checks himself', asked({ dnssecOk: true, checkingDisabled: true }), answer({ answers: [txt(1)] }), undefined],
  ['AD that nobody asked for', asked(), answer({ answers: [txt(1)], authenticData: true }), /AD where nothing is proven/],
  ['AD of an unsigned zone', asked({ leaf: unsigned, dnssecOk: true, expects: 'nodata' }), answer({ authenticData: true }), /AD where nothing is proven/],
  ['no AD with what is stale', asked({ dnssecOk: true }), answer({ answers: [txt(1)], ...edns(3) }), undefined],
  ['a bogus zone that is answered', asked({ leaf: bogus, shown: bogus }), answer({ answers: [txt(1)] }), /rcode 0 of a zone that is bogus/],
  ['a bogus zone that fails', asked({ leaf: bogus, shown: bogus }), answer({ rcode: RCODE.SERVFAIL, ...edns(22, 'No one') }), undefined],
  ['a bogus zone for who checks himself', asked({ leaf: bogus, shown: bogus, checkingDisabled: true }), answer({ answers: [txt(1)] }), undefined],
  ['an alias to a bogus zone that fails', asked({ shown: bogus }), answer({ rcode: RCODE.SERVFAIL, ...edns(22, 'No one') }), undefined],
]

describe('an answer is', () => {
  for (const [what, question, message, fault] of JUDGED) {
    test(`${fault === undefined ? 'right' : 'wrong'}: ${what}`, () => {
      const found = new Judge(tree, up()).faultOf(question, message, NOW_MS)
      if (fault === undefined) assert.equal(found, undefined)
      else assert.match(found ?? 'right', fault)
    })
  }

  test('right if its version was in service within what may be remembered, and wrong behind that unless it is called stale', () => {
    const own = new Tree(40, (host) => `127.88.1.${host}`, 1_800_000_000)
    const judge = new Judge(own, up())
    const [leaf] = own.leaves.slice(2)
    own.step(leaf)
    const old = asked({ leaf, shown: leaf, atMs: 100_000 })
    assert.equal(judge.faultOf(old, answer({ answers: [txt(1)] }), NOW_MS), undefined, 'not all hosts serve the new one yet')
    assert.equal(judge.faultOf(old, answer({ answers: [txt(2)] }), NOW_MS), undefined, 'but some do')
    own.settle(leaf, 100_000 - 22_900)
    assert.equal(judge.faultOf(old, answer({ answers: [txt(1)] }), NOW_MS), undefined)
    own.settle(leaf, 0)
    own.step(leaf)
    own.settle(leaf, 100_000 - 23_100)
    assert.match(judge.faultOf(old, answer({ answers: [txt(2)] }), NOW_MS) ?? '', /version 2 of/)
    assert.equal(judge.faultOf(old, answer({ answers: [txt(2)], ...edns(3) }), NOW_MS), undefined)
    assert.deepEqual(judge.counts.stale, 1)
  })

  test('SERVFAIL is right only while servers are away, and shortly after', () => {
    const [first, second] = signed.hosts
    const verdict = (states: Record<number, HostState>): [string | undefined, number, number] => {
      const judge = new Judge(tree, new Map([...up(), ...Object.entries(states).map(([number, state]): [number, HostState] => [Number(number), state])]))
      const fault = judge.faultOf(asked(), answer({ rcode: RCODE.SERVFAIL, ...edns(22, 'No one') }), NOW_MS)
      return [fault, judge.counts.failures, judge.counts.failuresOneAway]
    }
    const late: HostState = { state: 'up', upSinceMs: NOW_MS - 62_000 }
    const long: HostState = { state: 'up', upSinceMs: NOW_MS - 64_000 }
    const wrong = 'SERVFAIL though all servers of the zone were up: EDE 22 No one'
    assert.deepEqual(verdict({}), [wrong, 0, 0])
    assert.deepEqual(verdict({ [first]: { state: 'down', upSinceMs: 0 }, [second]: { state: 'silent', upSinceMs: 0 } }), [undefined, 1, 0])
    assert.deepEqual(verdict({ [first]: late, [second]: late }), [undefined, 1, 0])
    assert.deepEqual(verdict({ [first]: late, [second]: long }), [undefined, 0, 1])
    assert.deepEqual(verdict({ [first]: long, [second]: long }), [wrong, 0, 0])
    const [elsewhere] = tree.leaves.flatMap(({ hosts }) => hosts).filter((number) => !signed.hosts.includes(number))
    assert.deepEqual(verdict({ [elsewhere]: { state: 'down', upSinceMs: 0 } }), [wrong, 0, 0])
  })
})

describe('the tree', () => {
  test('has two servers for each zone, another pair for each neighbour, and each pair now and then', () => {
    const pairs = new Set(tree.leaves.map(({ hosts }) => [...hosts].sort().join()))
    assert.ok(tree.leaves.every(({ hosts: [a, b] }) => a !== b) && pairs.size > 10, `${pairs.size} pairs`)
    assert.ok(tree.leaves.every(({ hosts }) => hosts.every((number) => !TOP_HOSTS.includes(number))))
  })

  test('is a tree that can be walked from the root: each zone is delegated with its hosts, signed ones with DS', () => {
    const [top] = tree.tops.filter(({ apex }) => apex === 't2.')
    assert.match(tree.root.text, /^t2\. \d+ IN DS /m)
    assert.match(top.text, /^z2\.t2\. \d+ IN DS /m)
    assert.doesNotMatch(tree.tops[1].text, /^z1\.t1\. \d+ IN DS /m)
    assert.match(top.text, new RegExp(`^ns1\\.z2\\.t2\\. \\d+ IN A 127\\.88\\.1\\.${signed.hosts[1]}$`, 'm'))
  })

  test('changes what a zone says with its version, and signs it anew', () => {
    const own = new Tree(4, (host) => `127.88.1.${host}`, 1_800_000_000)
    const leaf = own.leaves[2]
    const before = own.textOf(leaf).text
    own.step(leaf)
    const after = own.textOf(leaf).text
    assert.match(before, /^www\.z2\.t2\. 20 IN TXT "v1"$/m)
    assert.match(after, /^www\.z2\.t2\. 20 IN TXT "v2"$/m)
    const signature = (text: string): string | undefined => /^www\.z2\.t2\. .*RRSIG TXT .*$/m.exec(text)?.[0]
    assert.ok(signature(before) !== undefined && signature(before) !== signature(after))
    assert.equal(after.split('\n').filter((line) => / IN SOA /.test(line)).length, 1)
  })
})
