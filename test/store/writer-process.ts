/**
 * A process that keeps pairs in a store, for tests that end it or let its disk fail: `writer-process FOLDER FROM COUNT`.
 * Pair i is `one i` and `two i`; it takes the place of pair i − KEPT_PAIRS. Lines: `open MS`, `ok I`, `fault I CODE`, `done`.
 */
import { fileURLToPath } from 'node:url'
import { StoreFault } from '../../src/store/fault.ts'
import { Store } from '../../src/store/store.ts'
import { put, text } from './support.ts'

/** Pairs that stand at once. */
export const KEPT_PAIRS = 100
/** Where this program is. */
export const WRITER = fileURLToPath(import.meta.url)

/** What is wrong with the pairs of a store, after `acknowledged` were and those of `doubtful` may have been kept; and how many stand. */
export function checkPairs(store: Store, acknowledged: readonly number[], doubtful: readonly number[]): { wrong: string[]; count: number } {
  const values = new Map([...store.scan('overlay')].map(({ key, value }) => [text(key) ?? '', text(value) ?? '']))
  const numbers = (word: string): number[] => [...values.keys()].filter((key) => key.startsWith(word)).map((key) => Number(key.slice(4)))
  const wrong: string[] = []
  const ones = new Set(numbers('one'))
  for (const i of new Set([...ones, ...numbers('two')])) {
    if (values.get(`one ${i}`) === undefined || values.get(`one ${i}`) !== values.get(`two ${i}`)) wrong.push(`pair ${i} is kept by half`)
  }
  const possible = new Set([...acknowledged, ...doubtful])
  const newest = Math.max(-1, ...acknowledged)
  for (const i of acknowledged) if (i > newest - KEPT_PAIRS && !doubtful.some((later) => later >= i + KEPT_PAIRS) && !ones.has(i)) wrong.push(`pair ${i} was acknowledged and is gone`)
  for (const i of ones) if (!possible.has(i)) wrong.push(`pair ${i} was never asked for`)
  return { wrong, count: ones.size }
}

async function write(folder: string, from: number, count: number): Promise<void> {
  const startMs = performance.now()
  const store = await Store.open({ folder })
  for (const _ of store.scan('overlay')) continue
  store.proven()
  process.stdout.write(`open ${Math.round(performance.now() - startMs)}\n`)
  const pair = async (i: number): Promise<void> => {
    const value = `${i} `.repeat(1 + (i % 40))
    const old = i - KEPT_PAIRS
    const writes = [put(`one ${i}`, value), put(`two ${i}`, value), ...(old < 0 ? [] : [put(`one ${old}`), put(`two ${old}`)])]
    await store.keep(writes).then(() => process.stdout.write(`ok ${i}\n`), (fault: unknown) => process.stdout.write(`fault ${i} ${fault instanceof StoreFault ? fault.code : String(fault)}\n`))
  }
  for (let i = from; i < from + count; i += 3) await Promise.all([pair(i), pair(i + 1), pair(i + 2)])
  await store.close()
  process.stdout.write('done\n')
}

const [, program, folder, from, count] = process.argv
if (program === WRITER) {
  await write(folder, Number(from), Number(count)).catch((error: unknown) => {
    process.stdout.write(`refused ${error instanceof StoreFault ? error.code : String(error)}\n`)
    process.exitCode = 1
  })
}
