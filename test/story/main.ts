/** `npm run story`: plays the story and prints a line for each step. Exit code 0 where every step showed what it should, else 1. */
import { skipWithout } from '../ops/update-bench.ts'
import { runStory } from './story.ts'

const missing = skipWithout('dig')
if (missing !== false) {
  console.error(missing)
  process.exit(1)
}
const fromMs = performance.now()
const failed = await runStory((line) => console.log(line))
console.log(`${failed.length === 0 ? 'The story holds' : `${failed.length} steps failed`}: ${((performance.now() - fromMs) / 1_000).toFixed(1)} s`)
process.exitCode = failed.length === 0 ? 0 : 1
