/**
 * Writing a zone that updates change into its file, so that the file says what is served and nothing is left to lay over
 * it. Updates of the zone wait meanwhile; queries do not.
 *
 *     read the file: as when it was read last? ─► lay the net changes over it ─► draft ─► read the draft: the same? ─► over the file ─► net changes dropped
 *
 * Ended anywhere before the last step, a start finds the old file or the new one, and net changes that lead from either
 * to what was served: those that the file has come to say by itself change nothing and are dropped then.
 */
import { resolve } from 'node:path'
import { realpath } from 'node:fs/promises'
import type { WritableZone } from '../update/writable-zone.ts'
import { fingerprintOf } from '../zone/fingerprint.ts'
import { ZoneImage } from '../zone/image.ts'
import type { ConfigZone } from './config.ts'
import { hasErrors } from './finding.ts'
import { replaceFile } from './replace-file.ts'
import type { LoadedZone } from './zone-jobs.ts'
import { serialOf, type ServedZone } from './zone-keeper.ts'

/** What writing needs of the server. */
export interface WritingWorld {
  /** Reads one zone file, away from the answering thread. */
  load(zone: ConfigZone): Promise<LoadedZone>
  /** Prints a zone, away from the answering thread. */
  print(buffer: SharedArrayBuffer, send: (text: string) => Promise<void>): Promise<void>
}

/** What is to be written. */
export interface ZoneCopy {
  /** Where to; undefined is the zone's own file. */
  file: string | undefined
  /** Whether records that stand by a lease are written too. */
  leases: boolean
}

/** What was written. */
export interface ZoneWritten {
  /** The true path. */
  file: string
  serial: number
  /** Whether that is the zone's own file, which then says what is served. */
  isOwn: boolean
  /** Lines of `zone diff` that the zone's own file has come to say; none: it said everything, and was left alone. */
  changes: number
}

/** Writes a zone into its own file or another. Throws, with nothing changed, what stands against it and what to do. */
export async function writeZone(zone: ServedZone, { file, leases }: ZoneCopy, world: WritingWorld): Promise<ZoneWritten> {
  if (file === undefined || (await isSameFile(file, zone.config.file))) {
    if (leases) throw new Error("Cannot write leased records into the zone's own file as they would stand there for ever: name another file")
    return writeOwn(zone, world)
  }
  const { image, writable } = zone
  const copied = leases || writable === undefined || writable.barrier !== undefined ? (writable?.image ?? image) : await held(writable, () => unleased(zone, writable, world))
  const written = await replaceFile(file, { write: (send) => world.print(copied.buffer, send) })
  return { file: written, serial: serialOf(new ZoneImage(copied.buffer)), isOwn: false, changes: 0 }
}

async function writeOwn(zone: ServedZone, world: WritingWorld): Promise<ZoneWritten> {
  const { config, writable, serial } = zone
  if (writable === undefined || writable.barrier !== undefined) return { file: resolve(config.file), serial: writable?.serial ?? serial, isOwn: true, changes: 0 }
  return held(writable, async () => {
    const changes = (await writable.netChanges()).length
    if (changes === 0) return { file: resolve(config.file), serial: writable.serial, isOwn: true, changes }
    const image = await unleased(zone, writable, world)
    const fingerprint = fingerprintOf(image)
    const check = async (draft: string): Promise<void> => {
      const { buffer, serial: written } = await world.load({ ...config, file: draft })
      if (buffer === undefined || written !== writable.serial || !isSame(new ZoneImage(buffer), fingerprint)) throw new Error('what was written does not read as what is served')
    }
    const file = await replaceFile(config.file, { write: (send) => world.print(image.buffer, send), check })
    await writable.adopt({ serial: writable.serial, fingerprint })
    return { file, serial: writable.serial, isOwn: true, changes }
  })
}

/** The zone as it is served, but for what stands by a lease: its file as it is now, with the net changes. */
async function unleased({ config }: ServedZone, writable: WritableZone, world: WritingWorld): Promise<ZoneImage> {
  const name = config.name.toString()
  const { buffer, serial, findings } = await world.load(config)
  if (buffer === undefined || hasErrors(findings)) {
    const reason = findings.find(({ severity }) => severity === 'error')?.message ?? 'no reason was given'
    throw new Error(`Cannot write zone ${name} as its file ${config.file} cannot be used by now (${reason}): correct it, then waggle zone reload ${name}`)
  }
  const image = new ZoneImage(buffer)
  if (serial !== writable.file.serial || !isSame(image, writable.file.fingerprint)) {
    throw new Error(`Cannot write zone ${name} as its file ${config.file} was edited since it was read, and the edit would be lost: waggle zone reload ${name} first`)
  }
  return writable.settled(image)
}

/** Does `work` while no update of the zone is carried out. */
async function held<T>(zone: WritableZone, work: () => Promise<T>): Promise<T> {
  const release = await zone.queue.hold()
  try {
    return await work()
  } finally {
    release()
  }
}

function isSame(image: ZoneImage, fingerprint: Uint8Array): boolean {
  return Buffer.compare(fingerprintOf(image), fingerprint) === 0
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)))
  return a === b || (one !== undefined && one === other)
}
