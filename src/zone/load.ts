/**
 * From a zone file to a zone that may be served: parse, build, check. A zone with an error has no image, so
 * that nobody can serve it by mistake; warnings come beside the image.
 *
 * The image knows no lines. Where the checks found something, the text is read once more to see where the
 * records meant stand: good zones pay nothing for it.
 */
import type { Place } from '../dns/faults.ts'
import { MAX_REPORTED_FAULTS } from '../dns/limits.ts'
import { fold, printName, wireLength } from '../dns/name.ts'
import { printType } from '../dns/codes.ts'
import { ZoneBuilder, type Added } from './builder.ts'
import type { ZoneIssue } from './check-report.ts'
import { checkZone } from './checks.ts'
import { CHECKS, type CheckName, type Severity } from './checks-table.ts'
import type { ZoneImage } from './image.ts'
import { parseZone, type ParseOptions, type RecordSink, type ZoneFaults, type ZoneSource } from './parse.ts'

/** Something wrong in a zone file, at its place. A line of 0 means the file as a whole. */
export interface ZoneFinding extends Place {
  check: CheckName
  severity: Severity
  message: string
}

/** What loading needs beside the text. */
export interface LoadOptions extends ParseOptions {
  /** The process's hash seed; see BuilderOptions. */
  seed: number
  /** The time, seconds since 1970, that signatures are held against. */
  nowSeconds: number
  /** A clock that never goes back, in milliseconds. */
  nowMs: () => number
  /** Octets left free in the zone's block for changes; default 0. */
  roomOctets?: number
}

/** What loading gave. */
export interface ZoneLoad {
  /** The zone; undefined where a finding is an error. */
  image: ZoneImage | undefined
  /** In the order of the text; bounded, and never without the errors. */
  findings: ZoneFinding[]
  /** Findings left out because there are too many. */
  unreported: number
  /** Records read, duplicates among them. */
  records: number
  /** Octets read, of all files together. */
  octets: number
  tookMs: number
}

/** Loads the zone in `source`. Throws nothing that the text can cause. */
export function loadZone(source: ZoneSource, options: LoadOptions): ZoneLoad {
  const startMs = options.nowMs()
  const sink = new BuildingSink(source, options)
  const faults = parseZone(source, options, sink)
  const findings = [...faults.reported.map(syntaxFinding), ...sink.findings]
  let unreported = faults.count - faults.reported.length + sink.unreported
  let image: ZoneImage | undefined
  if (faults.count === 0) {
    image = sink.builder.finish()
    const { issues, count } = checkZone(image, options.nowSeconds)
    unreported += count - issues.length
    if (issues.length > 0) findings.push(...placeIssues(issues, source, options))
  }
  if (findings.some((finding) => finding.severity === 'error')) image = undefined
  const { records, octets } = faults
  return { image, findings: inOrder(findings, source), unreported, records, octets, tookMs: options.nowMs() - startMs }
}

function finding(check: CheckName, message: string, { file, line, column }: Place): ZoneFinding {
  return { check, severity: CHECKS[check].severity, message, file, line, column }
}

function syntaxFinding(fault: ZoneFaults['reported'][number]): ZoneFinding {
  return finding('syntax', fault.message, fault)
}

/** By line within a file; the zone's own file first, the others in the order of their names. */
function inOrder(findings: ZoneFinding[], source: ZoneSource): ZoneFinding[] {
  const rank = (file: string): string => (file === source.file ? '' : file)
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return findings.sort((a, b) => byText(rank(a.file), rank(b.file)) || a.line - b.line || a.column - b.column || byText(a.check, b.check) || byText(a.message, b.message))
}

/** What the checks do not see, as the image no longer shows it. */
const REFUSALS: Partial<Record<Added, { check: CheckName; why: string }>> = {
  duplicate: { check: 'duplicate-record', why: 'stands here a second time: one is enough' },
  'ttl-differs': { check: 'ttl-differs-in-rrset', why: 'has another TTL than the records of its set before it, whose TTL it gets' },
  'rrset-too-large': { check: 'rrset-too-large', why: 'does not fit into its set any more' },
  'zone-too-large': { check: 'zone-too-large', why: 'does not fit into the zone any more' },
}

/** Octets of the image per octet of text: 3 to 4 for short records, about 1 for signatures. */
const OCTETS_PER_OCTET = 6
/** Octets of text per name: short lines of one record each come to about 25, signed names to hundreds. */
const OCTETS_PER_NAME = 32

/** Builds the image, and notes at once what only the moment of adding shows. */
class BuildingSink implements RecordSink {
  readonly builder: ZoneBuilder
  readonly findings: ZoneFinding[] = []
  private readonly counts: Record<Severity, number> = { error: 0, warning: 0 }

  constructor(source: ZoneSource, options: LoadOptions) {
    // room is reserved, not used: pages that nothing is written to cost nothing, moving to a larger block would
    const { origin: apex, class: rrClass, seed, roomOctets = 0 } = options
    const { length } = source.octets
    this.builder = new ZoneBuilder({ apex, class: rrClass, seed, expectedOctets: length * OCTETS_PER_OCTET + roomOctets, expectedNames: Math.ceil(length / OCTETS_PER_NAME) })
  }

  /** Findings left out because there are too many of their severity. */
  get unreported(): number {
    return this.counts.error + this.counts.warning - this.findings.length
  }

  add(owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array, rdataLength: number, place: Place): void {
    const added = this.builder.add(owner, type, ttl, rdata, rdataLength)
    if (added !== 'added') this.note(added, owner, type, place)
  }

  private note(added: Added, owner: Uint8Array, type: number, place: Place): void {
    const refusal = REFUSALS[added]
    if (refusal === undefined) throw new Error(`Cannot add record at ${printName(owner, 0)}: ${added}`) // out-of-zone: the parser lets none pass
    if (this.counts[CHECKS[refusal.check].severity]++ < MAX_REPORTED_FAULTS) this.findings.push(finding(refusal.check, `${printType(type)} at ${printName(owner, 0)} ${refusal.why}`, place))
  }
}

/** The issues as findings, each at the first record that it is about; at line 0 where no record is. */
function placeIssues(issues: readonly ZoneIssue[], source: ZoneSource, options: LoadOptions): ZoneFinding[] {
  const finder = new PlaceFinder(issues)
  const { onProgress: _silent, ...quiet } = options
  parseZone(source, quiet, finder)
  const whole: Place = { file: source.file, line: 0, column: 0 }
  return issues.map((issue) => finding(issue.check, issue.message, finder.places.get(issue) ?? whole))
}

/** Looks for the records of issues while the text is read again. */
class PlaceFinder implements RecordSink {
  readonly places = new Map<ZoneIssue, Place>()
  private readonly wanted = new Map<string, ZoneIssue[]>()
  /** Types that any issue is about, so that most records are passed over without a look at their owner. */
  private readonly types = new Uint8Array(65_536)

  constructor(issues: readonly ZoneIssue[]) {
    for (const issue of issues) {
      const key = Buffer.from(issue.owner).toString('latin1')
      this.wanted.set(key, [...(this.wanted.get(key) ?? []), issue])
      if (issue.type === 0) this.types.fill(1)
      else this.types[issue.type] = 1
    }
  }

  add(owner: Uint8Array, type: number, _ttl: number, rdata: Uint8Array, rdataLength: number, place: Place): void {
    if (this.types[type] === 0) return
    for (const issue of this.wanted.get(foldedKey(owner)) ?? []) {
      if (this.places.has(issue) || !isAbout(issue, type, rdata, rdataLength)) continue
      this.places.set(issue, { ...place })
    }
  }
}

const keyOctets = Buffer.alloc(256)

function foldedKey(owner: Uint8Array): string {
  const length = wireLength(owner, 0)
  for (let i = 0; i < length; i++) keyOctets[i] = fold(owner[i])
  return keyOctets.toString('latin1', 0, length)
}

function isAbout(issue: ZoneIssue, type: number, rdata: Uint8Array, rdataLength: number): boolean {
  if (issue.type !== 0 && issue.type !== type) return false
  if (issue.rdata === undefined) return true
  if (issue.rdata.length !== rdataLength) return false
  for (let i = 0; i < rdataLength; i++) if (issue.rdata[i] !== rdata[i]) return false
  return true
}
