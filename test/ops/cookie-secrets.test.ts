/** Secrets of DNS Cookies over time (RFC 9018 5): the clock is a number that the test moves. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../../src/ops/config.ts'
import type { ConfigValues } from '../../src/ops/config-schema.ts'
import { CookieSecrets } from '../../src/ops/cookie-secrets.ts'
import { COOKIE, Cookies } from '../../src/server/cookies.ts'
import type { Clock } from '../../src/transport/clock.ts'

const HOUR_MS = 3_600_000
const A = 'a'.repeat(32)
const B = 'b'.repeat(32)

function settings(text: string): ConfigValues['cookies'] {
  const { config } = parseConfig(`cookies: { ${text} }`, 'w.yaml')
  return config?.values.cookies ?? assert.fail(text)
}

/** A clock with one repeating timer at a time, as the secrets want it. */
class FakeClock implements Clock {
  private now = 0
  private timers = new Set<{ every: number; next: number; run: () => void }>()

  nowMs = (): number => this.now
  after = (): never => assert.fail('not asked for')
  soon = (): never => assert.fail('not asked for')

  every(delayMs: number, run: () => void): () => void {
    assert.ok(delayMs < 2 ** 31, 'Node runs a timer that is longer at once')
    const timer = { every: delayMs, next: this.now + delayMs, run }
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }

  async pass(hours: number): Promise<void> {
    for (let i = 0; i < hours; i++) {
      this.now += HOUR_MS
      for (const timer of this.timers) {
        if (timer.next > this.now) continue
        timer.next += timer.every
        timer.run()
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** Secrets in a world of `threads` threads, of which `slow` takes new ones only when released. */
function makeWorld(text: string) {
  const clock = new FakeClock()
  const spread: string[] = []
  const world = { rotations: 0, hold: undefined as Promise<void> | undefined }
  let count = 0
  const secrets: CookieSecrets = new CookieSecrets(settings(text), {
    clock,
    random: () => new Uint8Array(16).fill(++count),
    spread: async () => {
      spread.push(shown(secrets))
      await world.hold
    },
    onRotated: () => void world.rotations++,
  })
  return { clock, secrets, spread, world }
}

/** First octet of the current and the other secret, in hex. */
function shown({ pair }: CookieSecrets): string {
  return `${pair.current[0].toString(16)}/${pair.also === undefined ? '-' : pair.also[0].toString(16)}`
}

describe('secrets of cookies', () => {
  it('change once a day unless told otherwise: the next is accepted by all before any uses it', async () => {
    const { clock, secrets, spread, world } = makeWorld('')
    assert.equal(shown(secrets), '1/-')
    await clock.pass(23)
    assert.deepEqual(spread, [])
    await clock.pass(1)
    assert.deepEqual(spread, ['1/2', '2/1'])
    await clock.pass(24)
    assert.deepEqual(spread, ['1/2', '2/1', '2/3', '3/2'])
    assert.equal(world.rotations, 2)
  })

  it('leave no cookie behind that any thread calls bad, at any step of the change', async () => {
    const { secrets, spread } = makeWorld('')
    const pairs = [secrets.pair]
    const rotating = secrets.rotate()
    pairs.push(secrets.pair)
    await rotating
    pairs.push(secrets.pair)
    assert.equal(spread.length, 2)
    const address = Uint8Array.of(192, 0, 2, 1)
    for (const [made, judged] of [[0, 1], [1, 0], [1, 2], [2, 1]]) { // threads are at most one step apart
      const cookie = new Uint8Array(24)
      const [maker, judge] = [made, judged].map((i) => new Cookies(pairs[i].current, pairs[i].also))
      maker.make(new Uint8Array(8), 0, address, 1_000, cookie, 0)
      assert.notEqual(judge.judge(cookie, 0, 24, address, 1_000), COOKIE.bad, `made at step ${made}, judged at ${judged}`)
    }
  })

  it('survive reloads: a random secret stays, and a reload every hour does not put off its change', async () => {
    const { clock, secrets, spread } = makeWorld('rotate: 3')
    for (let hour = 1; hour <= 6; hour++) {
      await clock.pass(1)
      secrets.configure(settings('rotate: 3'))
    }
    assert.deepEqual(spread, ['1/2', '2/1', '2/3', '3/2'])
  })

  it('change by the new interval where a reload sets one, and never where it is 0', async () => {
    const { clock, secrets, spread } = makeWorld('rotate: 0')
    await clock.pass(200)
    assert.deepEqual(spread, [])
    secrets.configure(settings('rotate: 2'))
    await clock.pass(2)
    assert.deepEqual(spread, ['1/2', '2/1'])
    secrets.configure(settings('rotate: 0'))
    await clock.pass(200)
    assert.equal(spread.length, 2)
  })

  it('are the operator\'s to change where the config names one; the one it replaces is still accepted', async () => {
    const { clock, secrets, spread } = makeWorld(`secret: ${A}`)
    await clock.pass(200)
    assert.deepEqual(spread, [], 'other servers share it')
    secrets.configure(settings(`secret: ${B}`))
    assert.equal(shown(secrets), 'bb/aa')
    secrets.configure(settings(`secret: ${B}, require: true`))
    assert.equal(shown(secrets), 'bb/aa', 'a reload for another reason forgets nothing')
    secrets.configure(settings(`secret: ${B}, previous: ${'c'.repeat(32)}`))
    assert.equal(shown(secrets), 'bb/cc')
    secrets.configure(settings(''))
    assert.equal(shown(secrets), '1/bb')
    await clock.pass(24)
    assert.deepEqual(spread, ['1/2', '2/1'])
  })

  it('give way to a reload that overtakes a change', async () => {
    const { secrets, spread, world } = makeWorld('')
    let release: () => void = () => undefined
    world.hold = new Promise((resolve) => (release = resolve))
    const rotating = secrets.rotate()
    secrets.configure(settings(`secret: ${A}`))
    release()
    await rotating
    assert.equal(secrets.pair.current[0], 0xaa)
    assert.deepEqual(spread, ['1/2'])
    assert.equal(world.rotations, 0)
  })

  it('rest when told to stop', async () => {
    const { clock, secrets, spread } = makeWorld('rotate: 1')
    secrets.stop()
    await clock.pass(10)
    assert.deepEqual(spread, [])
  })
})
