/**
 * Judges proofs of absence as a validator does: RFC 4035 5.4 and RFC 6840 4 for NSEC, RFC 5155 8.3 to 8.9 for
 * NSEC3. It knows the question and the records of the authority section, and nothing of the zone.
 */
import { compareNames, hashOf, isWithin, labelsOf } from './naming.ts'

/** What an answer claims; `encloser` is how many labels a signature says that the wildcard's parent has (RFC 4035 5.3.4). */
export type Claim = { says: 'name error' } | { says: 'no data'; type: string } | { says: 'wildcard'; encloserLabels: number } | { says: 'insecure referral' }

/** `unprovable` is what opt-out leaves open: the answer would be treated as from an unsigned zone (RFC 5155 6, 8.9). */
export type Verdict = 'proven' | 'unprovable' | 'bogus'

interface Denial {
  owner: string[]
  types: string[]
}
interface Nsec extends Denial {
  next: string[]
}
interface Nsec3 extends Denial {
  hash: string
  nextHash: string
  optOut: boolean
  iterations: number
  salt: string
}

/** Whether `authority`, records as text, proves `claim` about `name`. */
export function judge(claim: Claim, name: readonly string[], apex: readonly string[], authority: readonly string[]): Verdict {
  const rows = authority.map((line) => line.split(' '))
  const nsec = rows.filter((row) => row[3] === 'NSEC').map(([owner, , , , next, ...types]): Nsec => ({ owner: labelsOf(owner), next: labelsOf(next), types }))
  const nsec3 = rows.filter((row) => row[3] === 'NSEC3').map(([owner, , , , , flags, iterations, salt, next, ...types]): Nsec3 => {
    const labels = labelsOf(owner)
    return { owner: labels, hash: labels[0], nextHash: next.toLowerCase(), optOut: flags === '1', iterations: Number(iterations), salt, types }
  })
  if (nsec3.length > 0) return judgeHashed(claim, name, apex, nsec3)
  return judgePlain(claim, name, nsec) ? 'proven' : 'bogus'
}

/** What says of a type that it is not there, though the name is (RFC 4035 5.4; a cut's own record speaks of DS alone: RFC 6840 4.1). */
function lacks({ types }: Denial, type: string): boolean {
  if (types.includes(type) || types.includes('CNAME')) return false
  const isCut = types.includes('NS') && !types.includes('SOA')
  return type === 'DS' ? !types.includes('SOA') : !isCut
}

function isInsecureCut({ types }: Denial): boolean {
  return types.includes('NS') && !types.includes('DS') && !types.includes('SOA')
}

// ---- NSEC ----

function judgePlain(claim: Claim, name: readonly string[], records: readonly Nsec[]): boolean {
  const own = records.find(({ owner }) => compareNames(owner, name) === 0)
  const over = records.find((record) => covers(record, name))
  switch (claim.says) {
    case 'insecure referral':
      return own !== undefined && isInsecureCut(own)
    case 'no data':
      if (own !== undefined) return lacks(own, claim.type)
      if (over === undefined) return false
      return isEmptyBy(over, name) || hasWildcardWithout(claim.type, encloserBy(over, name), records)
    case 'wildcard':
      return over !== undefined && !isEmptyBy(over, name) && encloserBy(over, name).length === claim.encloserLabels
    case 'name error':
      return over !== undefined && !isEmptyBy(over, name) && records.some((record) => isAbsentBy(record, ['*', ...encloserBy(over, name)]))
  }
}

function covers({ owner, next, types }: Nsec, name: readonly string[]): boolean {
  // RFC 6840 4.1: a cut, or a DNAME, says nothing of what lies below it
  if (isWithin(name, owner) && ((types.includes('NS') && !types.includes('SOA')) || types.includes('DNAME'))) return false
  if (compareNames(owner, name) >= 0) return false
  return compareNames(name, next) < 0 || compareNames(next, owner) <= 0
}

function isEmptyBy({ next }: Nsec, name: readonly string[]): boolean {
  return next.length > name.length && isWithin(next, name)
}

function isAbsentBy(record: Nsec, name: readonly string[]): boolean {
  return covers(record, name) && !isEmptyBy(record, name)
}

/** The closest encloser: the longest ancestor of the name that the covering record shows. */
function encloserBy({ owner, next }: Nsec, name: readonly string[]): string[] {
  let encloser = name.slice(1)
  while (!isWithin(owner, encloser) && !isWithin(next, encloser)) encloser = encloser.slice(1)
  return encloser
}

function hasWildcardWithout(type: string, encloser: readonly string[], records: readonly Nsec[]): boolean {
  const wildcard = ['*', ...encloser]
  return records.some((record) => (compareNames(record.owner, wildcard) === 0 ? lacks(record, type) : covers(record, wildcard) && isEmptyBy(record, wildcard)))
}

// ---- NSEC3 ----

interface EncloserProof {
  encloser: readonly string[]
  optOut: boolean
}

function judgeHashed(claim: Claim, name: readonly string[], apex: readonly string[], records: readonly Nsec3[]): Verdict {
  const own = matching(name, records)
  if (claim.says === 'wildcard') return coveringOf(name.slice(name.length - claim.encloserLabels - 1), records) === undefined ? 'bogus' : 'proven' // RFC 5155 8.8
  if (own !== undefined && claim.says === 'no data') return lacks(own, claim.type) ? 'proven' : 'bogus' // RFC 5155 8.5
  if (own !== undefined && claim.says === 'insecure referral') return isInsecureCut(own) ? 'proven' : 'bogus' // RFC 5155 8.9
  const proof = closestEncloser(name, apex, records)
  if (own !== undefined || proof === undefined) return 'bogus'
  if (claim.says === 'insecure referral' || (claim.says === 'no data' && claim.type === 'DS' && proof.optOut)) return proof.optOut ? 'proven' : 'bogus' // RFC 5155 8.6, 8.9
  const wildcard = ['*', ...proof.encloser]
  const isProven = claim.says === 'name error' ? coveringOf(wildcard, records) !== undefined : isWithout(matching(wildcard, records), claim.type) // RFC 5155 8.4, 8.7
  return isProven ? 'proven' : proof.optOut ? 'unprovable' : 'bogus'
}

function isWithout(record: Nsec3 | undefined, type: string): boolean {
  return record !== undefined && lacks(record, type)
}

/** RFC 5155 8.3: the longest ancestor with a record of its own, the next closer name covered. */
function closestEncloser(name: readonly string[], apex: readonly string[], records: readonly Nsec3[]): EncloserProof | undefined {
  for (let i = 1; i <= name.length - apex.length; i++) {
    const match = matching(name.slice(i), records)
    if (match === undefined) continue
    if (match.types.includes('DNAME') || (match.types.includes('NS') && !match.types.includes('SOA'))) return undefined
    const cover = coveringOf(name.slice(i - 1), records)
    return cover === undefined ? undefined : { encloser: name.slice(i), optOut: cover.optOut }
  }
  return undefined
}

function matching(name: readonly string[], records: readonly Nsec3[]): Nsec3 | undefined {
  return records.find((record) => record.hash === hashOf(name, record))
}

function coveringOf(name: readonly string[], records: readonly Nsec3[]): Nsec3 | undefined {
  return records.find((record) => {
    const hash = hashOf(name, record)
    if (record.nextHash > record.hash) return record.hash < hash && hash < record.nextHash
    return hash !== record.hash && (hash > record.hash || hash < record.nextHash)
  })
}
