/**
 * Readings over a restart, loosely: every READINGS_SAVED_MS, and when the server stops, what is known of agents is written
 * into one file of the data folder, and taken back at the next start once the zones are there. Nobody waits for it, and
 * a file that cannot be written or read costs what it held: agents are unknown until they report, as new ones are.
 */
import { createReadStream, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { MAX_READINGS_FILE_OCTETS, MAX_SAVED_READINGS, READINGS_PER_PIECE, READINGS_SAVED_MS } from '../dns/limits-discovery.ts'
import type { Name } from '../dns/name.ts'
import type { Registrar } from '../discovery/ranking/registrar.ts'
import { TABLE } from '../discovery/ranking/table-layout.ts'
import { savedAtMs, snapshotHead, snapshotLines, takeLine } from '../discovery/sense/snapshot.ts'
import type { Clock } from '../transport/clock.ts'
import { makeFolders } from './folder.ts'
import type { Log } from './log.ts'
import { reasonOf } from './reason.ts'
import { replaceFile } from './replace-file.ts'

/** For the server's user alone: how loaded agents are, and what askers met, is the operator's to know. */
const OWN_MODE = 0o600

/** What it needs of the server. */
export interface ReadingsFileOptions {
  file: string
  /** Every zone with agents, now. */
  registrars(): Iterable<{ registrar: Registrar; class: number }>
  /** That of the zone that a name is in. */
  registrarAbove(owner: Name, rrClass: number): Registrar | undefined
  /** Milliseconds since 1970, by the clock that readings are timed by. */
  nowMs(): number
  clock: Pick<Clock, 'every'>
  log: Log
}

/** The file; one for the whole server. */
export class ReadingsFile {
  private readonly options: ReadingsFileOptions
  private halt: () => void = () => undefined
  private saving: Promise<void> | undefined
  private hasFailed = false
  /** How often anything had changed when it was saved last. */
  private savedChanges = -1
  private hasSaved = false

  constructor(options: ReadingsFileOptions) {
    this.options = options
  }

  /** Takes back what the file holds, and saves from now on. Never rejects. */
  async restore(): Promise<void> {
    const { file, log, clock } = this.options
    try {
      const { taken, left } = await this.read(file)
      log('readings restored', { file, readings: taken, left })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log('readings not restored', { file, reason: reasonOf(error) })
    }
    this.halt = clock.every(READINGS_SAVED_MS, () => void (this.changes === this.savedChanges || this.save()))
  }

  /** Saves no more; `isLast` false leaves the file as it is, for a server that never came into service. */
  async stop(isLast: boolean): Promise<void> {
    this.halt()
    if (!isLast) return
    await this.saving
    await this.save()
  }

  /** Writes what is known, unless that is under way; resolves when it is written. Never rejects. */
  save(): Promise<void> {
    this.saving ??= this.write().finally(() => (this.saving = undefined))
    return this.saving
  }

  private async write(): Promise<void> {
    const { file, log } = this.options
    const { changes } = this
    const lines = this.lines()
    const first = lines.next()
    if (first.done === true && !this.hasSaved) return // nobody has told anything: there is no need for a file
    try {
      makeFolders(dirname(file))
      await replaceFile(file, { mode: OWN_MODE, write: (send) => sendAll([snapshotHead(this.options.nowMs()), ...(first.done === true ? [] : [first.value])], lines, send) })
      this.hasSaved = true
      this.savedChanges = changes
      this.hasFailed = false
    } catch (error) {
      if (!this.hasFailed) log('readings not saved', { file, reason: reasonOf(error) })
      this.hasFailed = true
    }
  }

  /** A number that is another where a registration has been changed or told of since. */
  private get changes(): number {
    let sum = 0
    for (const { registrar: { table: { i32, header } } } of this.options.registrars()) for (let slot = 0; slot < header[TABLE.top]; slot++) sum += i32.version[slot]
    return sum
  }

  private* lines(): Generator<string, void> {
    let count = 0
    for (const { registrar, class: rrClass } of this.options.registrars()) {
      for (const line of snapshotLines(registrar, rrClass)) {
        if (count++ >= MAX_SAVED_READINGS) return
        yield line
      }
    }
  }

  private async read(file: string): Promise<{ taken: number; left: number }> {
    const { options } = this
    const registrarAbove = (owner: Name, rrClass: number): Registrar | undefined => options.registrarAbove(owner, rrClass)
    if (statSync(file).size > MAX_READINGS_FILE_OCTETS) throw new Error('it is larger than any that is written')
    const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })
    const counts = { taken: 0, left: 0 }
    let atMs: number | undefined
    for await (const line of lines) {
      if (atMs !== undefined) counts[takeLine(line, registrarAbove, options.nowMs(), options.nowMs() - atMs) ? 'taken' : 'left']++
      else if ((atMs = savedAtMs(line)) === undefined) throw new Error('it is not of this form')
    }
    return counts
  }
}

/** Sends line after line, in pieces between which others have their turn. */
async function sendAll(first: readonly string[], lines: Iterable<string>, send: (text: string) => Promise<void>): Promise<void> {
  let piece = [...first]
  for (const line of lines) {
    if (piece.push(line) < READINGS_PER_PIECE) continue
    await send(`${piece.join('\n')}\n`)
    piece = []
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (piece.length > 0) await send(`${piece.join('\n')}\n`)
}
