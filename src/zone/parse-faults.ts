/**
 * What is wrong in a zone's text: the first faults in full, the rest as a number, so that a file of another kind
 * (a million lines that are no records) costs no memory and no reader's patience.
 */
import type { TextFault } from '../dns/faults.ts'
import { MAX_REPORTED_FAULTS } from '../dns/limits.ts'

/** The outcome of parsing a zone: it may be served only where `count` is 0. */
export class ZoneFaults {
  /** The first MAX_REPORTED_FAULTS faults, in the order of the text. */
  readonly reported: TextFault[] = []
  /** All faults, reported or not. */
  count = 0
  /** Records given to the sink, those of entries without fault. */
  records = 0
  /** Octets read, of all files together. */
  octets = 0

  /** Takes one more fault. */
  add(fault: TextFault): void {
    if (this.count++ < MAX_REPORTED_FAULTS) this.reported.push(fault)
  }

  /** Whether further faults are only counted. */
  get isFull(): boolean {
    return this.count >= MAX_REPORTED_FAULTS
  }
}
