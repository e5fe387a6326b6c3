/** A zone with agents that is asked as a client asks it, octets to octets: its agents report, and a test moves its clock. */
import assert from 'node:assert/strict'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import type { Query } from '../../../src/authority/query.ts'
import type { CandidateTable } from '../../../src/discovery/ranking/candidates.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import type { Demand } from '../../../src/discovery/ranking/demand.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import type { Reading } from '../../../src/discovery/ranking/reading.ts'
import { Sensing } from '../../../src/discovery/ranking/sensing.ts'
import { OPTION } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { printParameters } from '../../../src/dns/parameters.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import type { ZoneImage } from '../../../src/zone/image.ts'
import { type Asking, converser, type Conversed, SEED, zoneOf } from '../../authority/ask.ts'
import { agentName, BEGIN_MS, chance, demandOctets, holdAgent, setAgentState } from './hive.ts'

/** What a zone of these tests begins with. */
export const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
/** The zone of a desk that is given no other. */
export const ZONE = `${HEAD}
fast._sa A 192.0.2.10
slow._sa A 192.0.2.20
slow._sa AAAA 2001:db8::20
v2.translate.text.nlp._cap AGENT 7 slow._sa latency=900ms accuracy=0.99 concurrency=4 region=eu
v2.translate.text.nlp._cap AGENT 9 fast._sa latency=90ms accuracy=0.8 concurrency=4 region=us
mtls.v2.translate.text.nlp._cap AGENT 1 safe._sa.beta.test. latency=400ms accuracy=0.95 security=mtls
v1.translate.text.nlp._cap AGENT 0 v2.translate.text.nlp._cap
alias CNAME v2.translate.text.nlp._cap
*.wild._cap AGENT 5 fast._sa
v2.translate.text.nlp._cap TXT "beside"
`
/** Its apex. */
export const APEX = 'acme.example.'
/** A capability of ZONE. */
export const V2 = `v2.translate.text.nlp._cap.${APEX}`

/** What is asked besides the question. */
export interface Want extends Asking {
  demand?: string
  /** AG is set. */
  ag?: boolean
}

/** A zone that is asked, whose agents report and whose clock a test moves. */
export class Desk {
  nowMs = BEGIN_MS
  readonly image: ZoneImage
  readonly sensing: Sensing
  /** What was passed on of outcomes: type and length of the name asked for, and the value. */
  readonly outcomes: string[] = []
  private readonly registrar
  private readonly converse

  constructor(text = ZONE, seed = 1) {
    this.image = zoneOf(APEX, text)
    const { registrar, refused } = registerZone(this.image)
    assert.equal(refused, 0)
    this.registrar = registrar
    this.sensing = new Sensing(registrar)
    const onOutcomes = ({ qtype, qnameLength }: Query, { octets, outcome }: Demand): void => void this.outcomes.push(`${qtype} ${qnameLength} ${Buffer.from(octets.subarray(outcome.at, outcome.end)).toString('hex')}`)
    const chooser = new RankedChooser({ nowMs: () => this.nowMs, random: chance(seed), onOutcomes })
    chooser.useTables([registrar.table.buffer])
    this.converse = converser([], { authority: new ZoneAuthority(new ZoneDirectory([this.image], SEED), SEED, chooser) })
  }

  get table(): CandidateTable {
    return this.registrar.table
  }

  ask(name: string, { demand, ag, ...asking }: Want = {}, type = 'AGENT'): Conversed {
    const options: [number, string][] = demand === undefined ? [] : [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')]]
    return this.converse(`${name} ${type}`, { size: 4_096, options, ...(ag === true ? { header: 'ag' } : {}), ...asking })
  }

  /** Labels of the agents answered, in order. */
  order(name: string, want: Want = {}): string[] {
    return this.ask(name, want).answer.map((line) => line.split(' ')[5].split('.')[0])
  }

  report(label: string, reading: Reading, capability = V2): void {
    const slot = this.registrar.slotOf(Name.parse(capability).wire, agentName(label))
    assert.equal(this.sensing.report(slot, { atMs: this.nowMs, ...reading }, this.nowMs), 'taken')
  }

  hold(label: string): void {
    holdAgent(this.registrar, agentName(label), this.nowMs + 1_000)
  }

  fail(label: string): void {
    setAgentState(this.registrar, agentName(label), 4)
  }
}

/** OFFER in text; undefined without one. */
export function offerOf({ edns }: Conversed): string | undefined {
  const option = edns?.options.find(([code]) => code === OPTION.OFFER)
  return option && printParameters(Buffer.from(option[1], 'hex'), 'OFFER')
}

/** INFO-CODE and text of the Extended DNS Error; undefined without one. */
export function edeOf({ edns }: Conversed): [number, string] | undefined {
  const option = edns?.options.find(([code]) => code === OPTION.EDE)
  if (option === undefined) return undefined
  const octets = Buffer.from(option[1], 'hex')
  return [octets.readUInt16BE(0), octets.subarray(2).toString()]
}
