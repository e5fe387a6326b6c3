/**
 * The audit line: for every update one object that says who asked, from where, for what, and how it ended. Lines of
 * refusals are bounded, as anybody can cause them: those left out are counted in the next.
 */
import { printAddress } from '../dns/address.ts'
import { printClass, printRcode, RCODE } from '../dns/codes.ts'
import { MAX_AUDIT_RECORDS, MAX_AUDIT_REFUSALS } from '../dns/limits.ts'
import type { Name } from '../dns/name.ts'
import { printRecord } from '../dns/record-text.ts'
import type { Serial } from '../dns/serial.ts'
import type { Change, Requester, Verdict } from './contract.ts'

/** One line of the audit. */
export interface AuditLine {
  /** The key's name; undefined where nobody signed, and where the server made the change itself. */
  key?: string
  keyKind?: 'tsig' | 'sig0'
  /** Undefined where the server made the change itself. */
  address?: string
  transport?: 'udp' | 'tcp'
  zone: string
  class: string
  flow: string
  /** The RCODE's mnemonic. */
  verdict: string
  reason?: string
  added: number
  removed: number
  /** The first few changes: `+ a.example. 60 IN A 192.0.2.1`. */
  records?: string[]
  /** The zone's serial before and after, where it moved. */
  serial?: [Serial, Serial]
  lease?: number
  /** Lines of refusals left out since the last. */
  untold?: number
}

/** What a line is made of. */
export interface Audited {
  zone: Name | undefined
  class: number
  requester: Requester | undefined
  verdict: Verdict
  changes: readonly Change[]
  serial: [Serial, Serial]
}

/** The line of one update; `untold` lines of refusals were left out before it. */
export function auditLine({ zone, class: rrClass, requester, verdict, changes, serial }: Audited, untold = 0): AuditLine {
  const added = changes.reduce((sum, { kind }) => sum + (kind === 'added' ? 1 : 0), 0)
  return {
    ...whoOf(requester),
    zone: zone?.toString() ?? '',
    class: printClass(rrClass),
    flow: verdict.flow,
    verdict: printRcode(verdict.rcode),
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    added,
    removed: changes.length - added,
    ...(changes.length === 0 ? {} : { records: changes.slice(0, MAX_AUDIT_RECORDS).map((change) => printChange(change, rrClass)) }),
    ...(serial[0] === serial[1] ? {} : { serial }),
    ...(verdict.lease === undefined ? {} : { lease: verdict.lease.lease }),
    ...(untold === 0 ? {} : { untold }),
  }
}

function whoOf(requester: Requester | undefined): Partial<AuditLine> {
  if (requester === undefined) return {}
  const { signer, address, transport } = requester
  return { ...(signer === undefined ? {} : { key: signer.name.toString(), keyKind: signer.kind }), address: printAddress(address), transport }
}

function printChange({ kind, owner: name, type, ttl, rdata }: Change, rrClass: number): string {
  return `${kind === 'added' ? '+' : '-'} ${printRecord({ name, type, class: rrClass, ttl, rdata })}`
}

/** Bounds the lines of refusals to MAX_AUDIT_REFUSALS a second. */
export class AuditBound {
  private second = -1
  private told = 0
  private untold = 0

  /** How many lines were left out since the last, if one of this RCODE is to be written; undefined where it is one too many. */
  admit(rcode: number, nowMs: number): number | undefined {
    if (rcode === RCODE.NOERROR) return 0
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.second) {
      this.second = second
      this.told = 0
    }
    if (this.told === MAX_AUDIT_REFUSALS) {
      this.untold++
      return undefined
    }
    this.told++
    const { untold } = this
    this.untold = 0
    return untold
  }
}

