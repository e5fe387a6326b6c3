/**
 * An internet in a box (support.ts) whose zones are signed: each zone is given its address, its records and how it is signed; NS, glue
 * and DS go into the zone above. `signedPlay({ '.': {}, 'example.': { text: 'www.example. A 192.0.2.80' } })` gives a resolver that trusts the root's key.
 */
import assert from 'node:assert/strict'
import { printEde } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { SECURITY, type ResolverCache, type Settings } from '../../src/resolver/contract.ts'
import { NOW, recordsOf, signZone, type SignedZone, type Signing } from '../dnssec/zone-signer.ts'
import { Internet, Play, type Behaviour, type Told } from './support.ts'

/** One zone. */
export interface ZonePlan extends Behaviour {
  /** Absolute names. */
  text?: string
  /** `unsigned` has neither signatures nor DS. */
  signing?: Signing | 'unsigned'
  /** What stands for the DS in the zone above, text of records. */
  ds?: (own: string) => string
  /** Text of the zone as served, changed. */
  edits?: (text: string) => string
}

/** What was made of the plans. */
export interface SignedInternet {
  net: Internet
  zones: Map<string, SignedZone>
  play: Play
}

/** The time at which plays begin, on the machine's clock. */
export const START_MS = 1_000_000

/** The address of a zone's only server: the n-th plan has 192.0.2.n, the root 198.51.100.1. */
function addressOf(apex: string, plans: Record<string, ZonePlan>): string {
  return apex === '.' ? '198.51.100.1' : `192.0.2.${Object.keys(plans).indexOf(apex)}`
}

function serverOf(apex: string): string {
  return apex === '.' ? 'a.root.' : `ns.${apex}`
}

function parentOf(apex: string, plans: Record<string, ZonePlan>): string {
  let name = Name.parse(apex).parent()
  while (!(name.toString() in plans)) name = name.parent()
  return name.toString()
}

/** Signs and serves the zones of the plans, the deepest first as their DS go up. */
export function signedInternet(plans: Record<string, ZonePlan>, settings: Partial<Settings> = {}, cache?: ResolverCache): SignedInternet {
  const net = new Internet()
  const zones = new Map<string, SignedZone>()
  const delegations = new Map<string, string>()
  const deepestFirst = Object.keys(plans).sort((a, b) => Name.parse(b).labelCount - Name.parse(a).labelCount)
  for (const apex of deepestFirst) {
    const { text = '', signing = {}, ds = (own: string) => own, edits = (own: string) => own, ...behaviour } = plans[apex]
    const own = `${apex} NS ${serverOf(apex)}\n${serverOf(apex)} A ${addressOf(apex, plans)}\n${text}\n${delegations.get(apex) ?? ''}`
    const zone = signing === 'unsigned' ? undefined : signZone(apex, own, signing)
    if (zone !== undefined) zones.set(apex, zone)
    net.serve(addressOf(apex, plans), { [apex]: edits(zone?.text ?? own) }, behaviour)
    if (apex === '.') continue
    const parent = parentOf(apex, plans)
    const lines = `${apex} NS ${serverOf(apex)}\n${serverOf(apex)} A ${addressOf(apex, plans)}\n${ds(zone?.ds ?? '')}`
    delegations.set(parent, `${delegations.get(parent) ?? ''}\n${lines}`)
  }
  const root = zones.get('.')
  const anchors = root === undefined ? [] : [{ zone: root.apex, digests: recordsOf(root.ds).map(({ rdata }) => rdata), keys: [] }]
  const validation = { anchors, negativeAnchors: [], unixSeconds: (nowMs: number) => NOW + (nowMs - START_MS) / 1000 }
  return { net, zones, play: new Play(net, { validation, ...settings }, 1, cache) }
}

/** What came of a question, in a line: `secure`, `insecure`, or `bogus` with the error's name and its text. */
export function verdictOf({ kind, outcome, why }: Told): string {
  const code = outcome.explanation === undefined ? '' : ` ${printEde(outcome.explanation.infoCode)}: ${why}`
  if (outcome.kind === 'failure') return `${kind}${code}`
  const word = Object.entries(SECURITY).find(([, value]) => value === outcome.security)?.[0] ?? 'unchecked'
  return `${word} ${kind}${code}`
}

/** Asks and gives the verdict. */
export function verdict(play: Play, question: string): string {
  return verdictOf(play.ask(question))
}

/** Changes the octets of the signature over one name and type, in the zone as it is served. */
export function spoil(owner: string, type: string): (text: string) => string {
  return (text) => {
    const lines = text.split('\n')
    const at = lines.findIndex((line) => new RegExp(`^${owner.replaceAll('.', '\\.').replaceAll('*', '\\*')} \\d+ IN RRSIG ${type} `).test(line))
    assert.ok(at >= 0, `no signature over ${owner} ${type}`)
    lines[at] = lines[at].replace(/(.)(.{5})$/, (_, letter: string, rest: string) => `${letter === 'A' ? 'B' : 'A'}${rest}`)
    return lines.join('\n')
  }
}

/** Leaves records out of the zone as it is served. */
export function leaveOut(pattern: RegExp): (text: string) => string {
  return (text) => {
    const left = text.split('\n').filter((line) => !pattern.test(line))
    assert.notEqual(left.length, text.split('\n').length, `nothing matches ${pattern}`)
    return left.join('\n')
  }
}
