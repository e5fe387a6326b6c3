/**
 * Collects what the checks find. A finding knows owner, type and sometimes the very record, but no line: the
 * image holds no places, as they would cost memory for every record of every good zone. load.ts reads the text a
 * second time, where there is something to place.
 */
import { MAX_REPORTED_FAULTS } from '../dns/limits.ts'
import { printName } from '../dns/name.ts'
import { CHECKS, type CheckName, type Severity } from './checks-table.ts'
import type { NodeId, ZoneImage } from './image.ts'

/** Something found in an image, not yet placed in the text. */
export interface ZoneIssue {
  check: CheckName
  message: string
  /** Wire form of the owner, folded. */
  owner: Uint8Array
  /** RR type of the records meant; 0 for any. */
  type: number
  /** RDATA of the record meant; undefined for any of the type. */
  rdata: Uint8Array | undefined
}

/** The first MAX_REPORTED_FAULTS errors and as many warnings in full, so that no error is lost among warnings; all of them counted. */
export class CheckReport {
  readonly issues: ZoneIssue[] = []
  readonly counts: Record<Severity, number> = { error: 0, warning: 0 }
  private readonly image: ZoneImage

  constructor(image: ZoneImage) {
    this.image = image
  }

  /** Takes an issue at `node`, about its records of `type` (0: any), or about the one whose record starts at `recordAt` in the image. */
  add(check: CheckName, node: NodeId, type: number, message: string, recordAt = 0): void {
    if (this.counts[CHECKS[check].severity]++ >= MAX_REPORTED_FAULTS) return
    const { image } = this
    const nameAt = image.foldedNameAt(node)
    const owner = image.octets.slice(nameAt, nameAt + image.nameLength(node))
    const rdataAt = image.rdataAt(recordAt)
    const rdata = recordAt === 0 ? undefined : image.octets.slice(rdataAt, rdataAt + image.rdataLength(recordAt))
    this.issues.push({ check, message, owner, type, rdata })
  }

  /** All that was found, reported or not. */
  get count(): number {
    return this.counts.error + this.counts.warning
  }

  /** The node's name for a message. */
  name(node: NodeId): string {
    return printName(this.image.octets, this.image.nameAt(node))
  }
}
