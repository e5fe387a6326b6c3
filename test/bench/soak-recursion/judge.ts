/**
 * What is believed of an answer: it is held against what the tree says, or said within what may be remembered, and SERVFAIL
 * against whether the servers of the zone were away.
 */
import { OPTION, RCODE, TYPE } from '../../../src/dns/codes.ts'
import { MAX_PASSING_SECONDS, REST_SECONDS, TCP_ANSWER_MS } from '../../../src/dns/limits-resolver.ts'
import type { Message } from '../../../src/dns/message.ts'
import { type Leaf, TTL, type Tree } from './tree.ts'

/** An answer may be as old as this; the rest of it is time on the way. */
const REMEMBERED_MS = (TTL + 3) * 1_000
/**
 * Failure may be told so long after both servers of a zone were away: the last message that they did not hear is waited for,
 * then they rest, and what failed last meanwhile is remembered (RFC 9520 3.2).
 */
const FAILURE_MS = TCP_ANSWER_MS + (REST_SECONDS + MAX_PASSING_SECONDS) * 1_000
const STALE = 3
const EXAMPLES = 20

/** What is asked, and what must come. */
export interface Asked {
  readonly type: number
  readonly leaf: Leaf | undefined
  /** Where the answer's version is from: that zone, or where an alias leads. */
  readonly shown: Leaf | undefined
  readonly expects: 'version' | 'nodata' | 'nxdomain'
  readonly dnssecOk: boolean
  readonly checkingDisabled: boolean
  readonly atMs: number
}

/** Whether a host answers, and since when it does (`performance.now()`). */
export interface HostState {
  readonly state: 'up' | 'silent' | 'down'
  readonly upSinceMs: number
}

/** Judges answers, and counts those that are right though they tell of trouble. */
export class Judge {
  readonly counts = { failures: 0, failuresOneAway: 0, stale: 0, proven: 0 }
  /** What the server said of the first failures while one of two servers was up. */
  readonly oneAway: string[] = []
  private readonly tree: Tree
  private readonly hosts: ReadonlyMap<number, HostState>

  constructor(tree: Tree, hosts: ReadonlyMap<number, HostState>) {
    this.tree = tree
    this.hosts = hosts
  }

  /** What is wrong with an answer that came at `nowMs`; undefined where it is right. */
  faultOf(asked: Asked, message: Message, nowMs: number): string | undefined {
    const zones = [asked.leaf, asked.shown].filter((leaf) => leaf !== undefined)
    const isBogus = !asked.checkingDisabled && zones.some((leaf) => leaf.isBogus)
    if (message.rcode === RCODE.SERVFAIL) return isBogus ? undefined : this.failureOf(zones, message, nowMs)
    if (isBogus) return `rcode ${message.rcode} of a zone that is bogus`
    const isStale = errorOf(message) === STALE
    if (isStale) this.counts.stale++
    const wanted = asked.expects === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR
    if (message.rcode !== wanted) return `rcode ${message.rcode}, not ${wanted}`
    if (asked.expects === 'version') {
      const why = this.versionFault(asked, message, isStale)
      if (why !== undefined) return why
    } else if (message.answers.some(({ type }) => type === asked.type)) return 'records where there are none'
    return isStale ? undefined : this.proofFault(asked, zones, message)
  }

  private versionFault({ shown, type, atMs }: Asked, { answers }: Message, isStale: boolean): string | undefined {
    const rdata = answers.find((record) => record.type === type)?.rdata
    if (rdata === undefined || shown === undefined) return 'no record of the type'
    const version = type === TYPE.A ? (rdata[2] << 8) | rdata[3] : Number(Buffer.from(rdata).toString('latin1', 2))
    if (type === TYPE.A && rdata[1] !== shown.index) return `the address of zone ${rdata[1]}`
    if (this.tree.mayShow(shown, version, atMs, isStale ? Infinity : REMEMBERED_MS)) return undefined
    return `version ${version} of ${shown.apex}, whose version is ${shown.version}`
  }

  /** AD is for who asks by DO or AD, where all of it is proven (RFC 4035 3.2.3). */
  private proofFault({ dnssecOk, checkingDisabled, leaf }: Asked, zones: readonly Leaf[], { authenticData }: Message): string | undefined {
    const isProven = zones.every(({ isSigned, isBogus }) => isSigned && !isBogus)
    if (authenticData) this.counts.proven++
    if (authenticData && (!dnssecOk || !isProven)) return 'AD where nothing is proven, or nobody wants to know'
    if (!authenticData && dnssecOk && !checkingDisabled && isProven && leaf !== undefined) return 'no AD where all is proven'
    return undefined
  }

  /** SERVFAIL is right while both servers of a zone are away, and as long as that is remembered. */
  private failureOf(zones: readonly Leaf[], message: Message, nowMs: number): string | undefined {
    const wereAway = ({ hosts }: Leaf): number => hosts.filter((number) => {
      const { state, upSinceMs } = this.hosts.get(number) as HostState
      return state !== 'up' || upSinceMs > nowMs - FAILURE_MS
    }).length
    const most = Math.max(...zones.map(wereAway), 0)
    if (most === 2) this.counts.failures++
    else if (most === 1) {
      this.counts.failuresOneAway++
      if (this.oneAway.length < EXAMPLES) this.oneAway.push(`${new Date().toISOString()} ${zones.map(({ apex, hosts }) => `${apex} at ${hosts.join(' and ')}`).join(', ')}: ${reasonOf(message)}`)
    }
    return most === 0 ? `SERVFAIL though all servers of the zone were up: ${reasonOf(message)}` : undefined
  }
}

/** What the server says of a failure (RFC 8914): code and words of each. */
function reasonOf({ edns }: Message): string {
  const told = edns?.options.filter(({ code }) => code === OPTION.EDE).map(({ octets }) => `EDE ${(octets[0] << 8) | octets[1]} ${Buffer.from(octets).toString('utf8', 2)}`.trim())
  return told === undefined || told.length === 0 ? 'it says nothing' : told.join('; ')
}

/** INFO-CODE of the Extended DNS Error (RFC 8914 2). */
function errorOf({ edns }: Message): number | undefined {
  const told = edns?.options.find(({ code }) => code === OPTION.EDE)?.octets
  return told && (told[0] << 8) | told[1]
}
