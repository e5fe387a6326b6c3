/** The story of `npm run story` as a test: every step must show what it should, within a minute. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipWithout } from '../ops/update-bench.ts'
import { runStory } from './story.ts'

test('three providers, twelve agents, one killed, one overloaded, one lying: every answer is as it should be', { skip: skipWithout('dig'), timeout: 120_000 }, async (t) => {
  const fromMs = performance.now()
  assert.deepEqual(await runStory((line) => t.diagnostic(line)), [])
  const seconds = (performance.now() - fromMs) / 1_000
  t.diagnostic(`${seconds.toFixed(1)} s`)
})
