/**
 * `npm run bench:ranked`: what ranked answers cost under load beside plain ones, in one run, with 10, 100, 1,000 and 10,000
 * candidates: the real server, real sockets, one worker on a processor of its own, the bench's own generator on the other.
 *
 *     npm run bench:ranked -- --help
 */
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { once } from 'node:events'
import { RCODE } from '../../../src/dns/codes.ts'
import { positive } from '../chosen.ts'
import { readOptions } from '../command-line.ts'
import { buildPrograms, endLoad } from '../generator.ts'
import { canPin, measure, placesFor, type Run } from '../meter.ts'
import { writeFramed } from '../queries.ts'
import { endAll, start, type Running } from '../servers.ts'
import { machineLine } from '../table.ts'
import { apexOf, encodeKind, QUESTIONS, zoneText, type Kind } from './questions.ts'
import { printPage, printTable, type Measured } from './report.ts'

const PAGE = fileURLToPath(new URL('../../../../docs/performance-ranked.md', import.meta.url))
const PATIENCE_MS = 2_000
const ROW = { drive: 'udp', expected: { rcode: RCODE.NOERROR } } as const
const USAGE = `
npm run bench:ranked -- [--candidates N,N,…] [--seconds S] [--rounds N] [--rate N] [--page]

  --candidates  how many are chosen among (10,100,1000,10000)
  --seconds     length of one measurement (2)
  --rounds      measurements of each question (3)
  --rate        questions a second where answers are timed (2000)
  --page        writes docs/performance-ranked.md
`
const values = readOptions(USAGE, { candidates: { type: 'string', default: '10,100,1000,10000' }, seconds: { type: 'string' }, rounds: { type: 'string' }, rate: { type: 'string' }, page: { type: 'boolean', default: false } })
const numbers = values.candidates.split(',').map((text) => positive('candidates', text, 10))
const seconds = positive('seconds', values.seconds, 2)
const rounds = positive('rounds', values.rounds, 3)
const perSecond = positive('rate', values.rate, 2_000)
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.on('exit', () => {
  endLoad()
  endAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** Throws unless the server answers with at least a record for each question, and whole. */
async function check(kind: Kind, query: Uint8Array, port: number): Promise<void> {
  const socket = createSocket('udp4')
  try {
    socket.send(query, port, '127.0.0.1')
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [Buffer]
    if ((answer[2] & 2) !== 0 || answer.readUInt16BE(6) < kind.asked.length) throw new Error(`Cannot measure ${kind.title} as it is answered by ${answer.readUInt16BE(6)} records`)
  } finally {
    socket.close()
  }
}

async function measureAll(server: Running, generator: string | undefined): Promise<Measured[]> {
  const program = buildPrograms(folder)
  const all = numbers.flatMap((candidates) => QUESTIONS.map((kind, i) => ({ kind, title: kind.title, candidates, file: join(folder, `${candidates}.${i}`), full: [] as Run[], even: [] as Run[] })))
  const run = (file: string, length: number, rate: number): Promise<Run> => measure(ROW, server, { queries: file, seconds: length, processors: generator, perSecond: rate }, program)
  for (const { kind, candidates, file } of all) {
    const query = encodeKind(kind, candidates)
    await check(kind, query, server.port)
    writeFramed([query], file)
    await run(file, 1, 0) // code is compiled
  }
  for (let round = 0; round < rounds; round++) {
    for (const { file, full, even, candidates, title } of all) {
      full.push(await run(file, seconds, 0))
      even.push(await run(file, seconds, perSecond))
      say(`${candidates} candidates, ${title}: ${(full.at(-1) as Run).micros.toFixed(2)} µs, p99 ${(even.at(-1) as Run).p99} µs`)
    }
  }
  return all
}

try {
  const zones = numbers.map((candidates) => ({ id: 'plain' as const, name: apexOf(candidates), file: join(folder, `${candidates}.zone`) }))
  for (const [i, candidates] of numbers.entries()) writeFileSync(zones[i].file, zoneText(candidates))
  const places = placesFor(1, canPin())
  const server = await start('ours', { zones, workers: 1, processors: places.server, probe: encodeKind(QUESTIONS[0], numbers[numbers.length - 1]) }, folder, '')
  const measured = await measureAll(server, places.generator)
  await server.stop()
  say(printTable(measured))
  if (values.page) writeFileSync(PAGE, printPage(measured, { seconds, rounds, perSecond, machine: `${machineLine()} Node ${process.versions.node}.` }))
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
