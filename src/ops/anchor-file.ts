/**
 * What is tracked of trust anchors (RFC 5011) on the disk, all zones in one file, which is replaced as a whole. It ends in a sum over
 * what stands before, so that one that was torn, bent or edited is never taken for fewer anchors, or for others.
 *
 *     ; Trust anchors as their zones roll them over (RFC 5011), written by the server
 *     ; anchors given c0ffee…              what the operator gave of the zone that follows, as a sum
 *     ; next query 2027-01-15T20:00:00Z    and on: rollover-text.ts
 *     . 0 IN DNSKEY 257 3 8 AwEAAaz/… ; valid
 *     ; end bada55…
 */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { MAX_ANCHOR_FILE_OCTETS } from '../dns/limits-resolver.ts'
import { parseTracking, printTracking } from '../dnssec/rollover-text.ts'
import type { Tracking } from '../dnssec/rollover.ts'
import type { TrustAnchor } from '../resolver/contract.ts'
import { makeFolders } from './folder.ts'
import { replaceFile } from './replace-file.ts'

/** What is kept of one anchor. */
export interface KeptAnchor {
  readonly tracking: Tracking
  /** A sum over what the operator gave when this was written (`sumOfAnchor`). */
  readonly given: string
}

const HEAD = '; Trust anchors as their zones roll them over (RFC 5011), written by the server\n'
const GIVEN = '; anchors given '
const END = '; end '

/** Hex digits of a sum. It is against accidents: whoever can write the file can write a sum too. */
const SUM_DIGITS = 32

/** A sum over the keys and DS of an anchor, whatever their order. */
export function sumOfAnchor({ keys, digests }: TrustAnchor): string {
  const parts = [...keys.map((rdata) => `key ${Buffer.from(rdata).toString('hex')}`), ...digests.map((rdata) => `ds ${Buffer.from(rdata).toString('hex')}`)]
  return sumOf(parts.sort().join('\n'))
}

/** What `file` holds; nothing where there is no file. Throws, with a reason, where it is not as it was written. */
export function readAnchors(file: string): KeptAnchor[] {
  const octets = readIfThere(file)
  if (octets === undefined) return []
  if (octets.length > MAX_ANCHOR_FILE_OCTETS) throw new Error(`it is longer than ${MAX_ANCHOR_FILE_OCTETS} octets`)
  const text = octets.toString('utf8')
  const end = text.lastIndexOf(END)
  if (!text.startsWith(HEAD) || end < 0) throw new Error('it does not begin and end as the server writes it')
  if (text.slice(end) !== `${END}${sumOf(text.slice(0, end))}\n`) throw new Error('its sum is wrong: it was damaged or edited')
  const [, ...parts] = text.slice(0, end).split(GIVEN)
  return parts.map((part) => {
    const line = part.indexOf('\n')
    return { given: part.slice(0, line), tracking: parseTracking(part.slice(line + 1), file) }
  })
}

/** Gives what cannot be read another name, which it returns, so that it is not written over: `FILE.damaged-2027-01-15T08:00:00Z`. Throws where that cannot be. */
export function putAside(file: string, unixSeconds: number): string {
  const kept = `${file}.damaged-${new Date(unixSeconds * 1_000).toISOString().replace('.000', '')}`
  renameSync(file, kept)
  return kept
}

/** Brings `anchors` to the disk, in place of what stood there. Rejects, with the file as it was, where that cannot be. */
export async function writeAnchors(file: string, anchors: readonly KeptAnchor[]): Promise<void> {
  const text = printAnchors(anchors)
  makeFolders(dirname(file))
  await replaceFile(file, { write: (send) => send(text) })
}

function printAnchors(anchors: readonly KeptAnchor[]): string {
  const text = `${HEAD}${anchors.map(({ given, tracking }) => `${GIVEN}${given}\n${printTracking(tracking)}`).join('')}`
  return `${text}${END}${sumOf(text)}\n`
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, SUM_DIGITS)
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
