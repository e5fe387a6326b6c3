/**
 * The disk that the server uses: LMDB is read in this process and written by one of its own, started with the
 * first write.
 *
 *     Store ── commit ──▶ apart-disk ══ frame ══▶ writer (apart-process.ts) ──▶ data.mdb
 *       └───── get, range ────────────────────────────── mapped, read ────────────▶
 *
 * A disk that fails must cost the writes and not the answers. LMDB 0.9 as `lmdb` 3.5 carries it writes behind the
 * end of its own message where a page cannot be written, and ends the process where a new file cannot be; so what
 * ends is the writer, and the next commit starts another. A server that never writes never starts one.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { encodeWrites } from './frame.ts'
import type { Disk, DiskSpace, DiskWrite, OpenDisk } from './disk.ts'
import { lmdbDisk } from './lmdb-disk.ts'

const WRITER = fileURLToPath(new URL('./apart-process.js', import.meta.url))

/** What the writer says: that a commit is durable, or why it is not. */
export type WriterAnswer = { ok: true } | { ok: false; code: string | number | undefined; message: string }

/** LMDB, written by a process of its own. */
export const apartDisk: Disk = {
  fileIn: (folder) => lmdbDisk.fileIn(folder),
  exists: (folder) => lmdbDisk.exists(folder),
  isWhole: (folder) => lmdbDisk.isWhole(folder),
  open: (folder, canWrite) => (canWrite ? new ApartDisk(folder) : lmdbDisk.open(folder, false)),
}

class ApartDisk implements OpenDisk {
  readonly canWrite = true
  private readonly folder: string
  private reader: OpenDisk | undefined
  private writer: Writer | undefined

  constructor(folder: string) {
    this.folder = folder
    if (lmdbDisk.exists(folder)) this.reader = lmdbDisk.open(folder, false)
  }

  async commit(writes: readonly DiskWrite[]): Promise<void> {
    this.writer ??= new Writer(this.folder)
    await this.writer.commit(writes)
    this.refresh()
  }

  refresh(): void {
    this.reader?.refresh()
  }

  get(space: DiskSpace, key: Uint8Array): Uint8Array | undefined {
    return this.reading()?.get(space, key)
  }

  range(space: DiskSpace, from: Uint8Array, isBehind: boolean): Iterable<{ key: Uint8Array; value: Uint8Array }> {
    return this.reading()?.range(space, from, isBehind) ?? []
  }

  usedOctets(): number {
    return this.reading()?.usedOctets() ?? 0
  }

  async close(): Promise<void> {
    await this.writer?.close()
    await this.reader?.close()
  }

  /** The file is there after the first commit. */
  private reading(): OpenDisk | undefined {
    if (this.reader === undefined && lmdbDisk.exists(this.folder)) this.reader = lmdbDisk.open(this.folder, false)
    return this.reader
  }
}

/** The process that writes; commits one after another. */
class Writer {
  private readonly child: ChildProcess
  private waiting: { resolve: () => void; reject: (error: Error) => void } | undefined
  private ended: Error | undefined

  constructor(folder: string) {
    this.child = fork(WRITER, [folder], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    this.child.on('message', (answer: WriterAnswer) => this.settle(answer.ok ? undefined : failed(answer.message, answer.code)))
    this.child.on('error', (error) => this.end(error))
    this.child.on('exit', (code, signal) => this.end(failed(`the process that writes it ended (${signal ?? code})`, undefined)))
    this.rest()
  }

  commit(writes: readonly DiskWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) return reject(this.ended)
      this.waiting = { resolve, reject }
      this.child.ref()
      this.child.channel?.ref()
      this.child.send(encodeWrites(writes), (error) => {
        // whoever cannot be written to has ended, though its end may be told later
        if (error !== null) this.settle(failed(`the process that writes it ended (${(error as NodeJS.ErrnoException).code ?? error.message})`, undefined))
      })
    })
  }

  /** Lets the process end; resolves when it has. */
  close(): Promise<void> {
    if (this.ended !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.child.ref()
      this.child.once('exit', () => resolve())
      if (this.child.connected) this.child.disconnect()
    })
  }

  private settle(error: Error | undefined): void {
    const { waiting } = this
    this.waiting = undefined
    this.rest()
    if (error === undefined) waiting?.resolve()
    else waiting?.reject(error)
  }

  private end(error: Error): void {
    this.ended ??= error
    this.settle(error)
  }

  /** A writer without work holds up no process that wants to end. */
  private rest(): void {
    this.child.unref()
    this.child.channel?.unref()
  }
}

function failed(message: string, code: string | number | undefined): Error {
  return Object.assign(new Error(message), { code })
}
