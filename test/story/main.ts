/** `npm run story`: plays the story and prints a line for each step. Exit code 0 where every step showed what it should, else 1. */
import { readOptions } from '../bench/command-line.ts'
import { skipWithout } from '../ops/update-bench.ts'
import { runStory } from './story.ts'

const USAGE = `
npm run story

  Plays three providers and twelve agents at a server of its own, on ports of this host that are free, and checks every answer.
  It takes some 15 seconds and needs dig. There are no options.
`
readOptions(USAGE, {})
process.stdout.on('error', () => undefined) // nobody listens any more: what was started is ended all the same

const missing = skipWithout('dig')
if (missing !== false) {
  console.error(missing)
  process.exit(1)
}
const fromMs = performance.now()
const failed = await runStory((line) => console.log(line))
console.log(`${failed.length === 0 ? 'The story holds' : `${failed.length} steps failed`}: ${((performance.now() - fromMs) / 1_000).toFixed(1)} s`)
process.exitCode = failed.length === 0 ? 0 : 1
