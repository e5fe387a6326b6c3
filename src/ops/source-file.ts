/** Reading files that a config names, whole: zones, what they include, and what the recursive service is told. */
import { readFileSync, statSync } from 'node:fs'
import { MAX_ZONE_FILE_OCTETS } from '../dns/limits.ts'
import type { ZoneSource } from '../zone/source.ts'

/** The octets of `file`. Throws where it cannot be read, is no file, or has more than MAX_ZONE_FILE_OCTETS. */
export function readSource(file: string): ZoneSource {
  const stats = statSync(file)
  // pipes and devices have no end that must come: reading one would hold up every reload behind it
  if (!stats.isFile() && !stats.isDirectory()) throw new Error('it is not a file but a pipe, a socket or a device')
  const { size } = stats
  if (size > MAX_ZONE_FILE_OCTETS) throw new Error(`it has more than ${MAX_ZONE_FILE_OCTETS} octets`)
  return { octets: readFileSync(file), file }
}
