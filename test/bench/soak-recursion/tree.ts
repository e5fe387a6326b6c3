/**
 * The tree of names that is asked during the soak: a root, four domains below it, and zones below these whose content has
 * versions. Every second zone is signed, one in twenty is signed by a key that its parent does not vouch for. It remembers
 * when each version was in service, as that is what an answer is held against.
 */
import { signZone, type Signing } from '../../dnssec/zone-signer.ts'

/** Seconds that a zone's records may be remembered. */
export const TTL = 20
export const TOP_LEVEL = 4
/** Hosts of the zones; two serve each. */
export const LEAF_HOSTS = 6
/** Both serve the domains below the root. */
export const TOP_HOSTS: readonly [number, number] = [2, 3]
export const ROOT_HOST = 1
const FIRST_LEAF_HOST = 10

/** One zone, and what has been in service of it. */
export interface Leaf {
  readonly index: number
  readonly apex: string
  readonly hosts: readonly [number, number]
  readonly isSigned: boolean
  readonly isBogus: boolean
  version: number
  /** Milliseconds at which version `i + 1` was out of service everywhere. */
  readonly endedMs: number[]
}

/** What the hosts have to serve. */
export interface ServedText {
  readonly apex: string
  readonly text: string
}

/** The tree; `at` gives the address of a host. */
export class Tree {
  readonly leaves: Leaf[]
  /** DS of the root, in zone file form. */
  readonly rootKey: string
  readonly root: ServedText
  readonly tops: ServedText[]
  private readonly at: (host: number) => string
  private readonly signing: Signing

  constructor(zones: number, at: (host: number) => string, nowSeconds: number) {
    this.at = at
    this.signing = { inception: nowSeconds - 86_400, expiration: nowSeconds + 7 * 86_400 }
    this.leaves = Array.from({ length: zones }, (_, index) => {
      const first = index % LEAF_HOSTS
      const second = (first + 1 + (Math.floor(index / LEAF_HOSTS) % (LEAF_HOSTS - 1))) % LEAF_HOSTS
      const isBogus = index % 20 === 10
      return { index, apex: `z${index}.t${index % TOP_LEVEL}.`, hosts: [FIRST_LEAF_HOST + first, FIRST_LEAF_HOST + second] as const, isSigned: index % 2 === 0, isBogus, version: 1, endedMs: [] }
    })
    const up: string[] = ['. NS a.root.', `a.root. A ${at(ROOT_HOST)}`]
    this.tops = Array.from({ length: TOP_LEVEL }, (_, i) => {
      const apex = `t${i}.`
      const { text, ds } = signZone(apex, this.topText(apex, i), this.signing)
      up.push(...TOP_HOSTS.flatMap((host, n) => [`${apex} NS ns${n}.${apex}`, `ns${n}.${apex} A ${at(host)}`]), ds)
      return { apex, text }
    })
    const root = signZone('.', up.join('\n'), this.signing)
    this.root = { apex: '.', text: root.text }
    this.rootKey = root.ds
  }

  private topText(apex: string, i: number): string {
    const own = TOP_HOSTS.flatMap((host, n) => [`${apex} NS ns${n}.${apex}`, `ns${n}.${apex} A ${this.at(host)}`])
    const below = this.leaves.filter(({ index }) => index % TOP_LEVEL === i).flatMap((leaf) => [
      ...leaf.hosts.flatMap((host, n) => [`${leaf.apex} NS ns${n}.${leaf.apex}`, `ns${n}.${leaf.apex} A ${this.at(host)}`]),
      ...(leaf.isSigned ? [this.dsOf(leaf)] : []),
    ])
    return [...own, ...below].join('\n')
  }

  private dsOf(leaf: Leaf): string {
    const { ds } = signZone(leaf.apex, `${leaf.apex} NS ns0.${leaf.apex}`, this.signing)
    return leaf.isBogus ? ds.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) : ds
  }

  /** The zone that `far` of a zone leads to. */
  farOf({ index }: Leaf): Leaf {
    return this.leaves[(index * 7 + 3) % this.leaves.length]
  }

  /** The zone as its version has it. */
  textOf(leaf: Leaf): ServedText {
    const { apex, version, index } = leaf
    const line = (owner: string, rest: string): string => `${owner}${apex} ${TTL} IN ${rest}`
    const text = [
      `${apex} ${TTL} IN SOA ns0.${apex} host.${apex} ${version} 7200 3600 604800 10`,
      ...leaf.hosts.flatMap((host, n) => [`${apex} 60 IN NS ns${n}.${apex}`, `ns${n}.${apex} 60 IN A ${this.at(host)}`]),
      line('www.', `A 10.${index}.${version >> 8}.${version & 255}`), line('www.', `TXT "v${version}"`), line('alias.', `CNAME www.${apex}`),
      line('far.', `CNAME www.${this.farOf(leaf).apex}`), line('*.wild.', `TXT "v${version}"`),
    ].join('\n')
    // what signs leaves the SOA out, not its signature
    return { apex, text: leaf.isSigned ? `${text.split('\n')[0]}\n${signZone(apex, text, this.signing).text}` : text }
  }

  /** The next version, not in service yet. */
  step(leaf: Leaf): void {
    leaf.version++
  }

  /** All hosts serve the version now: what was before it is out of service. */
  settle(leaf: Leaf, nowMs: number): void {
    while (leaf.endedMs.length < leaf.version - 1) leaf.endedMs.push(nowMs)
  }

  /** Whether an answer of `version`, asked for at `askedMs`, may be: it was written by now, and was in service within what may be remembered. */
  mayShow(leaf: Leaf, version: number, askedMs: number, rememberedMs: number): boolean {
    if (version > leaf.version || version < 1) return false
    const ended = leaf.endedMs[version - 1]
    return ended === undefined || ended >= askedMs - rememberedMs
  }
}
