/**
 * `npm run bench:push`: how soon those are told who subscribe (RFC 8765). Agents come and go by signed updates, one at a time; each who watches
 * them all says when it was told. Printed is the time from the answer to the update until the last of them knows, and what the server spends.
 *
 *     npm run bench:push -- --help
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { requestChange } from '../../../src/client/change.ts'
import { tsigSigner } from '../../../src/client/signers.ts'
import { watch, type Watching } from '../../../src/client/watch.ts'
import { CLASS, OPCODE, TYPE } from '../../../src/dns/codes.ts'
import { makeMessage } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { parseRecord } from '../../../src/dns/record-text.ts'
import { parseTsigKey } from '../../../src/dnssec/tsig-text.ts'
import { cpuOf, nanosBetween } from '../accounting.ts'
import { readOptions } from '../command-line.ts'
import { KEY, ZONE, zoneText } from '../readings/messages.ts'
import { endAll, start } from '../servers.ts'

const USAGE = `
npm run bench:push -- [--agents N,…] [--watchers N] [--changes N]

  --agents    agents at the name that is watched (10,1000,10000)
  --watchers  connections that watch it (10)
  --changes   agents that come and go, one after the other (200)
`
const values = readOptions(USAGE, { agents: { type: 'string', default: '10,1000,10000' }, watchers: { type: 'string', default: '10' }, changes: { type: 'string', default: '200' } })
const folder = mkdtempSync(join(tmpdir(), 'waggle-push-'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const WATCHED = `_cap.${ZONE}`
/** Milliseconds after which a change was not told. */
const LOST_MS = 5_000
/** Milliseconds before the first change: until then the server may play updates to itself (`rehearse`). */
const REST_MS = 6_000
/** Milliseconds between two changes, so that none is told with the one before. */
const APART_MS = 20

process.on('exit', () => {
  endAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** Somebody who watches; `waited` calls back when it was told of so many changes. */
class Watcher {
  told = 0
  readonly watching: Watching
  private onTold: () => void = () => undefined

  constructor(server: string) {
    this.watching = watch(WATCHED, { server })
    void this.read()
  }

  private async read(): Promise<void> {
    for await (const _ of this.watching) {
      this.told++
      this.onTold()
    }
  }

  /** Resolves when it was told of that many. */
  until(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`a change was not told within ${LOST_MS} ms`)), LOST_MS)
      this.onTold = () => {
        if (this.told < count) return
        clearTimeout(late)
        resolve()
      }
      this.onTold()
    })
  }
}

async function run(agents: number, watchers: number, changes: number): Promise<void> {
  const file = `${folder}/${ZONE}zone`
  writeFileSync(file, zoneText(agents))
  const server = await start('ours', { zones: [{ id: 'plain', name: ZONE, file }], workers: 1, processors: undefined, probe: makeProbe(), key: KEY }, folder, '')
  const all = Array.from({ length: watchers }, () => new Watcher(`127.0.0.1:${server.port}`))
  try {
    await Promise.all(all.map((one) => one.until(agents)))
    await sleep(REST_MS)
    const signer = tsigSigner(parseTsigKey(`hmac-sha256:${KEY.name}:${KEY.secret}`, 'the bench'))
    const waits: number[] = []
    const cpu = cpuOf(server.pid)
    for (let i = 0; i < changes; i++) {
      const record = parseRecord(`v1.pushed._cap.${ZONE} 300 IN AGENT 1 new._sa.${ZONE} latency=${1 + (i >> 1)}ms`)
      const change = i % 2 === 0 ? record : { ...record, class: CLASS.NONE, ttl: 0 }
      const message = makeMessage({ id: i, opcode: OPCODE.UPDATE, questions: [{ name: Name.parse(ZONE), type: TYPE.SOA, class: CLASS.IN }], authorities: [change] })
      const outcome = await requestChange(message, { server: { host: '127.0.0.1', port: server.port, family: 4 }, signer })
      if (outcome.kind !== 'done') throw new Error(`an update was not taken: ${outcome.reason}`)
      const answeredMs = performance.now()
      await Promise.all(all.map((one) => one.until(agents + i + 1)))
      waits.push(performance.now() - answeredMs)
      await sleep(APART_MS)
    }
    const micros = nanosBetween(cpu, cpuOf(server.pid)) / 1e3 / changes
    waits.sort((a, b) => a - b)
    const at = (share: number): string => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))].toFixed(1)
    say([`${agents} agents`.padStart(13), `${watchers} watchers`, `told after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`, `${Math.round(micros)} µs of the server's processors for each change, all included`].join('  '))
  } finally {
    for (const one of all) one.watching.close()
    await server.stop()
  }
}

function makeProbe(): Uint8Array {
  return Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...Name.parse(`ns1.${ZONE}`).wire, 0, TYPE.A, 0, CLASS.IN)
}

try {
  for (const agents of values.agents.split(',').map(Number)) await run(agents, Number(values.watchers), Number(values.changes))
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`)
  process.exitCode = 1
}
