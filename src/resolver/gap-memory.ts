/**
 * Aggressive use of NSEC (RFC 8198): a proof that one name is not there says the same of all names in the same gap, so that these need not
 * be asked for. A flood of random names below a signed zone so ends here, with its first answers, and leaves nothing in the cache.
 *
 *     proven:  b.example. NSEC ns1.example. A RRSIG NSEC      asked: ml.example.   denied by the same record, if the wildcard is too
 *
 * NSEC alone is used: of NSEC3 the RFC asks for the same (5.1), but each name would cost its hashes, and a gap holds few names.
 * We differ: no answers are made from wildcards (5.3, MAY).
 */
import { MAX_GAP_ZONES, MAX_GAPS_PER_ZONE } from '../dns/limits-resolver.ts'
import { TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { denyByNsec, readNsec, type Nsec } from '../dnssec/nsec-denial.ts'
import { wildcardBelow, type SignedSet } from '../dnssec/rrsig.ts'
import { SECURITY, type Absence, type Milliseconds, type RRset } from './contract.ts'

/** A proven NSEC, and its records as they go into answers. */
interface Gap {
  readonly nsec: Nsec
  readonly records: readonly DnsRecord[]
  readonly endMs: Milliseconds
}

interface ZoneGaps {
  soa: RRset
  soaEndMs: Milliseconds
  /** By owner, in canonical order. */
  gaps: Gap[]
}

/** Gaps by zone. */
export class GapMemory {
  private readonly zones = new Map<string, ZoneGaps>()

  get size(): number {
    return this.zones.size
  }

  /** Keeps the NSEC sets of a proof whose signatures are good, beside the zone's SOA, for so many seconds (RFC 8198 5.4: no longer than the SOA says either). */
  keep(soa: RRset, sets: readonly SignedSet[], seconds: number, nowMs: Milliseconds): void {
    const own = sets.filter(({ type }) => type === TYPE.NSEC)
    if (own.length === 0) return
    const endMs = nowMs + Math.min(seconds, negativeTtl(soa)) * 1000
    const zone = this.zoneAt(soa, endMs)
    for (const { records, signatures } of own) {
      const nsec = records.length === 1 ? readNsec(records[0], soa.name) : undefined
      if (nsec !== undefined) put(zone, { nsec, records: [...records, ...signatures], endMs })
    }
  }

  /** The absence that gaps known at this time prove of a name and type; undefined where they prove none. */
  deny(name: Name, type: number, nowMs: Milliseconds): Absence | undefined {
    const zone = this.zoneOf(type === TYPE.DS ? name.parent() : name)
    if (zone === undefined || zone.soaEndMs <= nowMs || type === TYPE.ANY) return undefined
    const at = before(zone, name, nowMs)
    if (at === undefined) return undefined
    const wildcard = wildcardOf(at.nsec, name)
    const beside = wildcard && before(zone, wildcard, nowMs)
    const alone = deniedBy([at], name, type)
    const gaps = alone === undefined && beside !== undefined ? [at, beside] : [at]
    const kind = alone ?? deniedBy(gaps, name, type)
    if (kind === undefined) return undefined
    const endMs = Math.min(zone.soaEndMs, ...gaps.map((gap) => gap.endMs))
    const shorter = lasting(Math.ceil((endMs - nowMs) / 1000))
    const soa = { ...zone.soa, records: zone.soa.records.map(shorter), signatures: zone.soa.signatures.map(shorter) }
    return { kind, name, type, soa, proof: gaps.flatMap(({ records }) => records.map(shorter)), security: SECURITY.secure }
  }

  /** Forgets all, as where the world has changed before its proofs have run down. */
  clear(): void {
    this.zones.clear()
  }

  /** The innermost zone above a name of which gaps are known; used last, it is forgotten last. */
  private zoneOf(name: Name): ZoneGaps | undefined {
    for (let zone = name; ; zone = zone.parent()) {
      const found = this.zones.get(zone.key)
      if (found !== undefined) {
        this.zones.delete(zone.key)
        this.zones.set(zone.key, found)
        return found
      }
      if (zone.labelCount === 0) return undefined
    }
  }

  private zoneAt(soa: RRset, endMs: Milliseconds): ZoneGaps {
    const { key } = soa.name
    const zone = this.zones.get(key) ?? { soa, soaEndMs: endMs, gaps: [] }
    zone.soa = soa
    zone.soaEndMs = endMs
    this.zones.delete(key)
    this.zones.set(key, zone)
    if (this.zones.size > MAX_GAP_ZONES) this.zones.delete(this.zones.keys().next().value as string)
    return zone
  }
}

/** RFC 2308 5: the lesser of the SOA's TTL and its MINIMUM, its last four octets. */
function negativeTtl({ records: [{ ttl, rdata }] }: RRset): number {
  return Math.min(ttl, new DataView(rdata.buffer, rdata.byteOffset).getUint32(rdata.length - 4))
}

function put(zone: ZoneGaps, gap: Gap): void {
  const at = placeOf(zone, gap.nsec.owner)
  if (zone.gaps[at]?.nsec.owner.equals(gap.nsec.owner)) zone.gaps[at] = gap
  else if (zone.gaps.length >= MAX_GAPS_PER_ZONE) zone.gaps = [gap]
  else zone.gaps.splice(at, 0, gap)
}

/** Where an owner stands or would stand: the first that is not before it. */
function placeOf({ gaps }: ZoneGaps, owner: Name): number {
  let [low, high] = [0, gaps.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (gaps[middle].nsec.owner.compare(owner) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The gap whose owner is the name, or the last one before it: the only one that may deny it. */
function before(zone: ZoneGaps, name: Name, nowMs: Milliseconds): Gap | undefined {
  const at = placeOf(zone, name)
  const found = zone.gaps[at]?.nsec.owner.equals(name) ? zone.gaps[at] : zone.gaps[at - 1]
  return found !== undefined && found.endMs > nowMs ? found : undefined
}

/** The wildcard that would stand for a name in the gap (RFC 4592 3.3.1): below the longest of its ancestors that the record shows to be there. */
function wildcardOf({ owner, next }: Nsec, name: Name): Name | undefined {
  let encloser = name.parent()
  while (!owner.isWithin(encloser) && !next.isWithin(encloser)) encloser = encloser.parent()
  return wildcardBelow(encloser)
}

/** What gaps prove of a name and type (RFC 4035 5.4). */
function deniedBy(gaps: readonly Gap[], name: Name, type: number): Absence['kind'] | undefined {
  const nsecs = gaps.map(({ nsec }) => nsec)
  if (denyByNsec(nsecs, { kind: 'nxdomain', name }).kind === 'denied') return 'nxdomain'
  return denyByNsec(nsecs, { kind: 'nodata', name, type }).kind === 'denied' ? 'nodata' : undefined
}

function lasting(seconds: number): (record: DnsRecord) => DnsRecord {
  return (record) => (record.ttl > seconds ? { ...record, ttl: seconds } : record)
}
