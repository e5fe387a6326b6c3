/** What tests of validation share: a judge with a clock that stands, and verdicts as text. */
import { printEde } from '../../src/dns/codes.ts'
import type { AbsenceProven } from '../../src/dnssec/check-absence.ts'
import type { KeysProven } from '../../src/dnssec/check-keys.ts'
import type { Proven } from '../../src/dnssec/check-rrset.ts'
import type { Denial } from '../../src/dnssec/denial.ts'
import { Effort } from '../../src/dnssec/effort.ts'
import { KeyCache } from '../../src/dnssec/public-key.ts'
import type { Bogus, Insecure, Judge } from '../../src/dnssec/verdict.ts'
import { NOW } from './zone-signer.ts'

const keys = new KeyCache()

/** A judge at `unixSeconds` whose question has spent nothing yet. */
export function judgeAt(unixSeconds = NOW): Judge {
  return { unixSeconds, keys, effort: new Effort() }
}

/** A verdict as text: `proven`, `proven below example.`, `absent`, `opt-out`, `insecure: …`, or the error and its text. */
export function shown(verdict: Proven | Bogus | Insecure | KeysProven | AbsenceProven | Denial): string {
  switch (verdict.kind) {
    case 'proven':
      return verdict.encloser === undefined ? 'proven' : `proven below ${verdict.encloser}`
    case 'keys':
      return `${verdict.zone.keys.length} keys`
    case 'absent':
      return verdict.isOptOut ? 'opt-out' : verdict.isCut ? 'absent at a cut' : 'absent'
    case 'denied':
      return verdict.isCut ? 'denied at a cut' : 'denied'
    case 'opt-out':
      return 'opt-out'
    case 'insecure':
      return verdict.why === undefined ? 'insecure' : `insecure: ${printEde(verdict.why.infoCode)}: ${verdict.why.text}`
    case 'unproven':
      return `unproven: ${verdict.why.text}`
    case 'bogus':
      return `${printEde(verdict.infoCode)}: ${verdict.text}`
  }
}
