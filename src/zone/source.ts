/**
 * What goes into parsing a zone and what comes out: the text and what it does not say itself, and the sink
 * that takes the records.
 */
import type { Place } from '../dns/faults.ts'

/** A text to parse; `file` is what faults call it, and what relative names of included files start from. */
export interface ZoneSource {
  octets: Uint8Array
  file: string
}

/** How far parsing has come. */
export interface ParseProgress {
  file: string
  octetsRead: number
  octets: number
  records: number
}

/** What the text alone does not say. */
export interface ParseOptions {
  /** Wire form of the zone's name; it is the origin at first. */
  origin: Uint8Array
  /** CLASS of the zone: a record of another is a fault. */
  class: number
  /** Seconds, as if the text began with $TTL. */
  defaultTtl?: number
  /** Reads the file that $INCLUDE names in `fromFile`; what it throws becomes a fault at the directive. Without it $INCLUDE is a fault. */
  readFile?: (path: string, fromFile: string) => ZoneSource
  /** Called now and then in long files. */
  onProgress?: (progress: ParseProgress) => void
}

/** Takes the records of a zone. Buffers and place are filled again for the next record: copy what is to be kept. */
export interface RecordSink {
  /**
   * One record: its owner's wire name starts `owner`, its uncompressed RDATA is `rdata[0 … rdataLength)`, `ttl` is in
   * seconds, and `place` is where its entry starts. Names may hold capitals. What it returns is not looked at.
   */
  add(owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array, rdataLength: number, place: Place): unknown
}
