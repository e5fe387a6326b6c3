/**
 * The file of rules (src/server/policy.ts): read and checked with the config, and made into a block that every thread reads.
 * Rules by anything but the name asked for (`rpz-ip` and the like) are left out, and told.
 */
import { CLASS, TYPE } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { ZoneBuilder } from '../zone/builder.ts'
import type { ZoneImage } from '../zone/image.ts'
import { parseZone } from '../zone/parse.ts'
import { readSource } from './source-file.ts'

/** Rules as they were read. */
export interface PolicySource {
  readonly file: string
  readonly octets: Uint8Array
  /** Rules that are left out as we do not act on their kind. */
  readonly ignored: number
}

/** Last labels of triggers and actions that are not acted on. */
const OTHER_KINDS: ReadonlySet<string> = new Set(['rpz-ip', 'rpz-client-ip', 'rpz-nsip', 'rpz-nsdname', 'rpz-drop', 'rpz-tcp-only'])

/** Reads the rules of a file. Throws where it cannot be read, or has a fault: its place and what is wrong. */
export function readPolicy(file: string): PolicySource {
  const source = { ...readSource(file), ignored: 0 }
  const { ignored, fault } = build(source, 0)
  if (fault !== undefined) throw new Error(fault)
  return { ...source, ignored }
}

/** The block of rules, to be searched with names made ready by `seed`. */
export function policyImage(source: PolicySource, seed: number): ZoneImage {
  return build(source, seed).image
}

function build({ octets, file }: PolicySource, seed: number): { image: ZoneImage; ignored: number; fault: string | undefined } {
  const builder = new ZoneBuilder({ apex: Name.root.wire, class: CLASS.IN, seed })
  let ignored = 0
  const add = (owner: Uint8Array, type: number, ttl: number, rdata: Uint8Array, length: number): void => {
    if (isRule(owner, type, rdata)) builder.add(owner, type, ttl, rdata, length)
    else if (owner[0] !== 0) ignored++
  }
  const [fault] = parseZone({ octets, file }, { origin: Name.root.wire, class: CLASS.IN, defaultTtl: RULE_TTL }, { add }).reported
  return { image: builder.finish(), ignored, fault: fault && String(fault) }
}

/** Seconds that what a rule says may be kept where its file does not say. */
const RULE_TTL = 60

/** NS and DNAME would cut the tree that rules are searched in, and are no rules. */
function isRule(owner: Uint8Array, type: number, rdata: Uint8Array): boolean {
  if (owner[0] === 0 || type === TYPE.NS || type === TYPE.DNAME) return false
  const action = type === TYPE.CNAME ? lastLabel(rdata) : ''
  return !OTHER_KINDS.has(lastLabel(owner)) && !OTHER_KINDS.has(action)
}

function lastLabel(wire: Uint8Array): string {
  let label = ''
  for (let at = 0; wire[at] !== 0; at += wire[at] + 1) label = Buffer.from(wire.subarray(at + 1, at + 1 + wire[at])).toString('latin1').toLowerCase()
  return label
}
