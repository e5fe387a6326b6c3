/**
 * Proofs by NSEC3 (RFC 5155 8): as by NSEC, but of hashes of names, so that what encloses a name must be shown apart.
 *
 *     closest encloser    the longest ancestor whose hash is an owner                                  RFC 5155 8.3
 *     next closer name    one label longer; its hash is covered, so that it is not, nor any below it
 *     opt-out             a covering record that says so leaves unsigned delegations out               RFC 5155 6
 *
 * Each name costs 1 + iterations rounds of SHA-1, on the question's account.
 */
import { EDE } from '../dns/codes.ts'
import { MAX_NSEC3_ITERATIONS } from '../dns/limits-resolver.ts'
import type { DnsRecord } from '../dns/message.ts'
import { fold, type Name } from '../dns/name.ts'
import { readRdata } from '../dns/rdata.ts'
import { NSEC3 } from '../dns/rr/dnssec.ts'
import { DENIED, deniesType, hidesBelow, isDelegation, unproven, type Claim, type Denial } from './denial.ts'
import type { Effort } from './effort.ts'
import { HASH_LABEL_OCTETS, HASH_OCTETS, printHash, writeHashLabel } from './nsec3.ts'
import { lastLabels, wildcardBelow } from './rrsig.ts'

/** One NSEC3 record; hashes in base32hex, whose order is that of the octets (RFC 5155 1.3). */
export interface Nsec3 {
  readonly owner: string
  readonly next: string
  readonly types: readonly number[]
  readonly optOut: boolean
  readonly iterations: number
  /** RDATA from its start: algorithm, flags, iterations, salt. */
  readonly params: Uint8Array
}

/** SHA-1, the only hash there is (RFC 5155 11). */
const SHA1 = 1
const OPT_OUT = 1

/** The NSEC3 of a record as it came from a message; undefined where it is to be ignored: of another hash, other flags (RFC 5155 8.1, 8.2), or not right below its zone. */
export function readNsec3({ name, rdata }: DnsRecord, zone: Name): Nsec3 | undefined {
  const { hashAlgorithm, flags, iterations, nextHashedOwner, types } = readRdata(NSEC3, rdata)
  if (hashAlgorithm !== SHA1 || flags > OPT_OUT || nextHashedOwner.length !== HASH_OCTETS) return undefined
  if (name.wire[0] !== HASH_LABEL_OCTETS || !name.parent().equals(zone)) return undefined
  const owner = Buffer.from(name.wire.subarray(1, 1 + HASH_LABEL_OCTETS)).toString('latin1').toLowerCase()
  return { owner, next: printHash(nextHashedOwner), types, optOut: flags === OPT_OUT, iterations, params: rdata }
}

/** What the records of `zone` show of the claim. */
export function denyByNsec3(records: readonly Nsec3[], zone: Name, claim: Claim, effort: Effort): Denial {
  const dear = records.find(({ iterations }) => iterations > MAX_NSEC3_ITERATIONS)
  // RFC 9276 3.2: the signatures have been checked, so that nobody but the zone asks for so much
  if (dear !== undefined) return { kind: 'insecure', why: { infoCode: EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE, text: `${dear.iterations} iterations of NSEC3` } }
  // RFC 5155 8.2: all of one zone are of the same parameters; such as differ are not of this chain
  const chain = new Chain(records.filter(({ params }) => isSameHash(params, records[0].params)), zone, effort)
  const denial = deny(chain, claim)
  return chain.isSpent ? unproven('hashing costs more than one question may') : denial
}

function deny(chain: Chain, claim: Claim): Denial {
  switch (claim.kind) {
    case 'nxdomain':
      return denyName(chain, claim.name)
    case 'nodata':
      return denyType(chain, claim.name, claim.type)
    case 'expansion': // RFC 5155 8.8: the wildcard shows that its parent is there, so the next closer name is all that is left
      return denialOf(chain.covering(lastLabels(claim.name, claim.encloser.labelCount + 1)), `no NSEC3 shows that no name is nearer to ${claim.name} than the wildcard`)
  }
}

/** RFC 5155 8.4. */
function denyName(chain: Chain, name: Name): Denial {
  const found = chain.enclose(name)
  if (found === undefined) return unproven(`no NSEC3 show what encloses ${name}`)
  const wildcard = wildcardBelow(found.encloser)
  if (wildcard !== undefined && chain.covering(wildcard) === undefined) return unproven(`no NSEC3 covers the wildcard below ${found.encloser}`)
  return denialOf(found.covering, '')
}

/** RFC 5155 8.5 to 8.7. */
function denyType(chain: Chain, name: Name, type: number): Denial {
  const own = chain.at(name)
  if (own !== undefined) return deniesType(own.types, type, name) ? { kind: 'denied', isCut: isDelegation(own.types) } : unproven(`the NSEC3 of ${name} does not deny the type`)
  const found = chain.enclose(name)
  if (found === undefined) return unproven(`no NSEC3 is at ${name}`)
  const wildcard = wildcardBelow(found.encloser)
  const above = wildcard && chain.at(wildcard)
  if (above !== undefined) return deniesType(above.types, type, wildcard) ? denialOf(found.covering, '') : unproven('the NSEC3 of the wildcard does not deny the type')
  // RFC 5155 8.6: below an opt-out span lies what is not signed, names that only lead there among them (RFC 5155 errata 3441)
  return found.covering.optOut ? { kind: 'opt-out' } : unproven(`no NSEC3 is at ${name} or the wildcard`)
}

function denialOf(covering: Nsec3 | undefined, lacking: string): Denial {
  if (covering === undefined) return unproven(lacking)
  return covering.optOut ? { kind: 'opt-out' } : DENIED
}

/** Whether two hash alike: algorithm, iterations and salt (RFC 5155 8.2). */
function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(hashParams(a), hashParams(b)) === 0
}

function hashParams(params: Uint8Array): Uint8Array {
  return params.subarray(2, 5 + params[4]) // of one algorithm; flags may differ
}

/** Records of one chain, and the names hashed for it so far. */
class Chain {
  /** The question's account did not allow for a hash. */
  isSpent = false
  private readonly records: readonly Nsec3[]
  private readonly zone: Name
  private readonly effort: Effort
  private readonly hashes = new Map<string, string>()

  constructor(records: readonly Nsec3[], zone: Name, effort: Effort) {
    this.records = records
    this.zone = zone
    this.effort = effort
  }

  /** The record whose owner a name's hash is. */
  at(name: Name): Nsec3 | undefined {
    const hash = this.hashOf(name)
    return this.records.find(({ owner }) => owner === hash)
  }

  /** The record that shows that a name is not. */
  covering(name: Name): Nsec3 | undefined {
    const hash = this.hashOf(name)
    if (hash === '') return undefined
    return this.records.find(({ owner, next }) => (owner < next ? owner < hash && hash < next : owner < hash || hash < next))
  }

  /** The closest encloser of a name below the zone's apex, and what covers the next closer name (RFC 5155 8.3). */
  enclose(name: Name): { encloser: Name; covering: Nsec3 } | undefined {
    for (let nextCloser = name; nextCloser.labelCount > this.zone.labelCount && !this.isSpent; nextCloser = nextCloser.parent()) {
      const encloser = nextCloser.parent()
      const found = this.at(encloser)
      if (found === undefined) continue
      const covering = hidesBelow(found.types) ? undefined : this.covering(nextCloser)
      return covering && { encloser, covering }
    }
    return undefined
  }

  /** Empty where the account is spent. */
  private hashOf(name: Name): string {
    const known = this.hashes.get(name.key)
    if (known !== undefined) return known
    const [{ params, iterations }] = this.records
    if (this.isSpent || !this.effort.takeRounds(iterations + 1)) {
      this.isSpent = true
      return ''
    }
    const folded = name.wire.map(fold)
    writeHashLabel(folded, 0, folded.length, params, 0, label, 0)
    const hash = Buffer.from(label.subarray(1)).toString('latin1')
    this.hashes.set(name.key, hash)
    return hash
  }
}

const label = new Uint8Array(1 + HASH_LABEL_OCTETS)
