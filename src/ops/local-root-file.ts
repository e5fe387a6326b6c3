/**
 * The file of a local root (src/server/local-root.ts): the zone of the root as it is published, read and checked with the
 * config, and answered from by a server of its own that no socket leads to.
 */
import { statSync } from 'node:fs'
import { ZoneAuthority } from '../authority/answer.ts'
import { CLASS, TYPE } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { Counters } from '../server/counters.ts'
import { Server } from '../server/server.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import type { ZoneImage } from '../zone/image.ts'
import { loadZone } from '../zone/load.ts'
import { machineMs } from './machine-clock.ts'
import { readSource } from './source-file.ts'

/** The zone of the root as it was read. */
export interface RootSource {
  readonly file: string
  readonly octets: Uint8Array
  /** Unix time of the file: its SOA says how long after that it is good (RFC 8806 2). */
  readonly modifiedSeconds: number
}

/** Reads a zone file of the root. Throws where it cannot be read, or has a fault: its place and what is wrong. */
export function readRoot(file: string): RootSource {
  const source = { ...readSource(file), modifiedSeconds: Math.floor(statSync(file).mtimeMs / 1_000) }
  imageOf(source, 0)
  return source
}

/** What answers from the zone, and until when it may. */
export interface RootCopy {
  readonly zone: Pick<Server, 'answer'>
  readonly expiresSeconds: number
}

/** Answers from the zone, which is searched with names made ready by `seed`. */
export function openRoot(source: RootSource, seed: number): RootCopy {
  const image = imageOf(source, seed)
  const authority = new ZoneAuthority(new ZoneDirectory([image], seed), seed)
  return { zone: new Server({ authority, nowSeconds, counters: new Counters() }), expiresSeconds: source.modifiedSeconds + expireOf(image) }
}

/** Unix time. */
function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000)
}

function imageOf(source: RootSource, seed: number): ZoneImage {
  const { image, findings } = loadZone(source, {
    origin: Name.root.wire, class: CLASS.IN, seed, nowSeconds: nowSeconds(), nowMs: machineMs,
  })
  if (image !== undefined) return image
  const fault = findings.find(({ severity }) => severity === 'error')
  throw new Error(fault === undefined ? 'it is no zone' : `${fault.file}:${fault.line}:${fault.column}: ${fault.message}`)
}

/** EXPIRE is the fourth of the SOA's numbers (RFC 1035 3.3.13), the last but one. */
function expireOf(image: ZoneImage): number {
  const at = image.firstRecordAt(image.rrsetOf(image.apex, TYPE.SOA))
  const end = image.rdataAt(at) + image.rdataLength(at)
  return image.view.getUint32(end - 8)
}
