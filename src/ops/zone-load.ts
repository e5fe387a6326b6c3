/**
 * Loads one zone file as far as serving it needs: text to image, faults to findings. Used on the loading
 * thread by the server, and directly by `waggle check`.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ZoneBuilder } from '../zone/builder.ts'
import { parseZone } from '../zone/parse.ts'
import { hasErrors, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'
import type { LoadedZone, LoadJob } from './zone-jobs.ts'
import { serialOf } from './zone-keeper.ts'

/** The image of the zone in `job.file`, or the findings that forbid it. Never throws. */
export function loadZoneFile(job: LoadJob, seed: number): LoadedZone {
  const startMs = performance.now()
  const findings: Finding[] = []
  const builder = new ZoneBuilder({ apex: job.apex, class: job.class, seed })
  let octets: Uint8Array
  try {
    octets = readFileSync(job.file)
  } catch (error) {
    return { buffer: undefined, findings: [{ ...job.place, severity: 'error', message: `Cannot read zone file ${job.file}: ${reasonOf(error)}` }], loadMs: 0, serial: 0, records: 0 }
  }
  const readFile = (path: string, from: string) => ({ octets: readFileSync(resolve(dirname(from), path)), file: resolve(dirname(from), path) })
  const faults = parseZone({ octets, file: job.file }, { origin: job.apex, class: job.class, readFile }, {
    add: (owner, _ownerLength, type, ttl, rdata, rdataLength) => void builder.add(owner, type, ttl, rdata, rdataLength),
  })
  for (const { file, line, column, message } of faults.reported) findings.push({ file, line, column, severity: 'error', message })
  if (hasErrors(findings)) return { buffer: undefined, findings, loadMs: performance.now() - startMs, serial: 0, records: 0 }
  const image = builder.finish()
  return { buffer: image.buffer, findings, loadMs: performance.now() - startMs, serial: serialOf(image), records: image.recordCount }
}
