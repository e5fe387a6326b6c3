/**
 * A local copy of the root (RFC 8806): what root servers would be asked for is taken from a zone file, so that no question
 * goes to them but that for the root's own keys, which roll-overs are seen by (RFC 5011 2.3). Nobody is answered from it
 * as from a zone of ours: it stands behind the cache, and what it says is validated and kept as if servers had said it.
 *
 *     own zones ──▶ cache ──▶ local root ──▶ servers
 *
 * The copy is given up, and servers are asked, once it has expired (RFC 8806 2: by its SOA, from the time of its file
 * on) and where what it says is not proven; a reload with a new file takes it up again.
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_MESSAGE_OCTETS } from '../dns/limits.ts'
import { Name } from '../dns/name.ts'
import { CacheBehind } from '../resolver/cache-behind.ts'
import { TRUST, type Remembered, type ResolverCache, type Trust } from '../resolver/contract.ts'
import { askZones, type OwnZones } from './own-zones.ts'

/** What a local root takes. */
export interface LocalRootParts {
  /** Answers from the copy, as `Server.answer`. */
  readonly zone: Pick<OwnZones, 'answer'>
  /** Unix time from which on the copy is not believed any more. */
  readonly expiresSeconds: number
  readonly unixSeconds: () => number
  /** Whether the config says who is asked for names of the zone that `name` lies in, so that the root has no say. */
  readonly isConfigured: (name: Name) => boolean
  /** Told once, when the copy is given up. */
  readonly onGivenUp: (reason: 'expired' | 'bogus', name: Name) => void
}

/** A cache before a local root. */
export class LocalRoot extends CacheBehind {
  private readonly parts: LocalRootParts
  private readonly out = new Uint8Array(MAX_MESSAGE_OCTETS)
  private isGivenUp = false

  constructor(parts: LocalRootParts, cache: ResolverCache) {
    super(cache)
    this.parts = parts
  }

  override find(name: Name, type: number, nowSeconds: number, least: Trust): Remembered | undefined {
    return super.find(name, type, nowSeconds, least) ?? this.look(name, type, least)
  }

  override forget(name: Name, type: number): void {
    super.forget(name, type)
    // what is the root's own to say, and not what it delegates
    if (this.look(name, type, TRUST.authoritative) !== undefined) this.giveUp('bogus', name)
  }

  private look(name: Name, type: number, least: Trust): Remembered | undefined {
    const { zone, unixSeconds, expiresSeconds, isConfigured } = this.parts
    if (this.isGivenUp || (type === TYPE.DNSKEY && name.labelCount === 0) || isConfigured(holderOf(name, type))) return undefined
    if (unixSeconds() >= expiresSeconds) return this.giveUp('expired', Name.root)
    return askZones(zone, { name, type, least, trust: TRUST.authoritative }, this.out)
  }

  private giveUp(reason: 'expired' | 'bogus', name: Name): undefined {
    this.isGivenUp = true
    this.parts.onGivenUp(reason, name)
  }
}

/** DS stands above the cut (RFC 4034 5). */
function holderOf(name: Name, type: number): Name {
  return type === TYPE.DS && name.labelCount > 0 ? name.parent() : name
}
