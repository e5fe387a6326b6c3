/** The recursive service shares what it can have under way among the networks of its clients, and a fault of ours ends one question alone. */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { MAX_QUESTIONS_UNDER_WAY } from '../../src/dns/limits-resolver.ts'
import { makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseConfig } from '../../src/ops/config.ts'
import { Recursing } from '../../src/ops/recursing.ts'
import type { Reply } from '../../src/server/core-contract.ts'
import { makeFolder } from './process.ts'

const folder = makeFolder({})
const silent: Socket = createSocket('udp4')
const faults: string[] = []
let isBroken = false

/** A service whose root never answers. */
function serviceAt(port: number): Recursing {
  writeFileSync(`${folder.path}/hints`, '. 3600 IN NS a.root.\na.root. 3600 IN A 127.0.0.1\n')
  const { config, findings } = parseConfig(`recursion: { hints: hints, port: ${port}, never-ask: [], validate: false }`, `${folder.path}/w.yaml`)
  assert.deepEqual(findings, [])
  const zones = {
    holds(name: Name): boolean {
      if (isBroken && /^broken/i.test(name.toString())) throw new Error('a bug of ours')
      return false
    },
    answer: () => 0,
  }
  const service = new Recursing({ zones, seed: 1, cacheFile: `${folder.path}/cache`, anchorFile: `${folder.path}/trust-anchors`, log: () => undefined, onFault: (fault) => void faults.push(String(fault)) })
  service.configure(config?.recursion)
  return service
}

let service: Recursing
before(async () => {
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
  service = serviceAt(silent.address().port)
})
after(async () => {
  await service.stop()
  silent.close()
  folder.remove()
})

function ask(name: string, address: Uint8Array): Promise<Reply> {
  const message = makeMessage({ recursionDesired: true, questions: [{ name: Name.parse(name), type: TYPE.A, class: CLASS.IN }] })
  return service.resolve(message, { address, port: 4_053, transport: 'udp' })
}

/** What has been answered after all that can be has been. */
async function answered(replies: readonly Promise<Reply>[]): Promise<Reply[]> {
  const done: Reply[] = []
  for (const reply of replies) void reply.then((one) => void done.push(one))
  await new Promise((resolve) => setTimeout(resolve, 50))
  return done
}

test('one network fills half of what may be under way and is told so beyond; others go on', async () => {
  const flood = Array.from({ length: MAX_QUESTIONS_UNDER_WAY }, (_, i) => ask(`x${i}.example.`, Uint8Array.of(192, 0, 2, i & 255)))
  const refused = await answered(flood)
  assert.ok(Math.abs(refused.length - MAX_QUESTIONS_UNDER_WAY / 2) < 10, `${refused.length} were refused`)
  assert.ok(refused.every(({ rcode, ede }) => rcode === RCODE.SERVFAIL && ede?.text === 'your network asks too much at once'))
  const others = Array.from({ length: 200 }, (_, i) => ask(`y${i}.example.`, Uint8Array.of(198, 51, 100, i & 255)))
  assert.deepEqual(await answered(others), [], 'they wait for their answers')
  await service.stop()
  assert.equal((await Promise.all([...flood, ...others])).length, MAX_QUESTIONS_UNDER_WAY + 200, 'and each is told in the end')
  service = serviceAt(silent.address().port)
})

test('what has ended is given back', async () => {
  for (let round = 0; round < 3; round++) {
    const flood = Array.from({ length: MAX_QUESTIONS_UNDER_WAY / 2 - 10 }, (_, i) => ask(`x${i}.r${round}.invalid.`, Uint8Array.of(192, 0, 2, 1)))
    assert.ok((await Promise.all(flood)).every(({ rcode }) => rcode === RCODE.NXDOMAIN), 'a special-use name is answered at once (RFC 6761 6.4)')
  }
})

test('a fault of ours ends its question, is told of with its name, and keeps no share', async () => {
  isBroken = true
  const [reply] = await answered([ask('broken.example.', Uint8Array.of(192, 0, 2, 1))])
  isBroken = false
  assert.equal(reply.rcode, RCODE.SERVFAIL)
  assert.match(faults.join(), /Cannot resolve broken\.example\. A: Error: a bug of ours/)
  assert.equal((await answered([ask('x.invalid.', Uint8Array.of(192, 0, 2, 1))]))[0].rcode, RCODE.NXDOMAIN)
})
