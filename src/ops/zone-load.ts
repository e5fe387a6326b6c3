/**
 * Loads one zone file: what src/zone/load.ts does with text, with the disk and the clock handed in. Used on
 * the loading thread by the server, and directly by `waggle check`.
 */
import { dirname, isAbsolute, join } from 'node:path'
import { UPDATE_ROOM_OCTETS } from '../dns/limits.ts'
import { fingerprintOf } from '../zone/fingerprint.ts'
import { loadZone, type ZoneFinding, type ZoneLoad } from '../zone/load.ts'
import type { ZoneSource } from '../zone/source.ts'
import type { Finding } from './finding.ts'
import { reasonOf } from './reason.ts'
import { readSource } from './source-file.ts'
import type { LoadedZone, LoadJob } from './zone-jobs.ts'
import { serialOf } from './zone-keeper.ts'

/** The image of the zone in `job.file`, or the findings that forbid it. Throws nothing that a file can cause. */
export function loadZoneFile(job: LoadJob, seed: number): LoadedZone {
  let source: ZoneSource
  try {
    source = readSource(job.file)
  } catch (error) {
    const finding: Finding = { ...job.place, severity: 'error', message: `Cannot read zone file ${job.file}: ${reasonOf(error)}` }
    return { buffer: undefined, findings: [finding], loadMs: 0, serial: 0, records: 0 }
  }
  const roomOctets = job.writable === true ? UPDATE_ROOM_OCTETS : 0
  const options = {
    origin: job.apex, class: job.class, seed, roomOctets, readFile: readIncluded, nowSeconds: Math.floor(Date.now() / 1_000), nowMs: () => performance.now(),
  }
  const load = loadZone(source, options)
  const { image, tookMs } = load
  const counts = image === undefined ? { serial: 0, records: 0 } : { serial: serialOf(image), records: image.recordCount }
  const fingerprint = job.writable === true && image !== undefined ? { fingerprint: fingerprintOf(image) } : {}
  return { buffer: image?.buffer, findings: findingsOf(load, job.file), loadMs: Math.round(tookMs), ...counts, ...fingerprint }
}

function findingsOf({ findings, unreported }: ZoneLoad, file: string): Finding[] {
  const all: Finding[] = findings.map(({ check, severity, message, file: at, line, column }: ZoneFinding) => ({ file: at, line, column, severity, message, check }))
  if (unreported > 0) all.push({ file, line: 0, column: 0, severity: 'warning', message: `Cannot list ${unreported} more findings as there are too many` })
  return all
}

/** The file that $INCLUDE names, from the folder of the file that names it. */
function readIncluded(path: string, fromFile: string): ZoneSource {
  try {
    return readSource(isAbsolute(path) ? path : join(dirname(fromFile), path))
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error })
  }
}
