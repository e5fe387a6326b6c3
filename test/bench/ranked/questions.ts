/**
 * What bench:ranked asks: a zone for each number of candidates, and every kind of question about it. Each agent has an address,
 * and half of the questions' cost may be in it, as the answer brings addresses along (docs/protocol.md 4).
 */
import { OPCODE, OPTION } from '../../../src/dns/codes.ts'
import { encodeQueries } from '../../authority/ask.ts'
import { demandOctets } from '../../discovery/ranking/hive.ts'

/** One kind of question. */
export interface Kind {
  readonly title: string
  /** Names below the zone and their types; more than one makes a batch. */
  readonly asked: readonly string[]
  /** The demand in text; empty for none. */
  readonly demand: string
}

const CAPABILITY = 'v2.translate.text.nlp._cap'
const UDP_OCTETS = 1_232

/** All kinds; the first is the plain one that others are compared with, the second one of as many records as AGENT without `count` has. */
export const QUESTIONS: readonly Kind[] = [
  { title: 'plain, A', asked: ['ns A'], demand: '' },
  { title: 'plain, SVCB of eight', asked: ['eight SVCB'], demand: '' },
  { title: 'AGENT', asked: [`${CAPABILITY} AGENT`], demand: '' },
  { title: 'AGENT, one answer', asked: [`${CAPABILITY} AGENT`], demand: 'count=1' },
  { title: 'AGENT, bounds and place', asked: [`${CAPABILITY} AGENT`], demand: 'latency=3s accuracy=0.7 near=48.1,16.4 count=1' },
  { title: 'AGENT, closure', asked: ['v1.report._cap AGENT'], demand: 'closure count=1' },
  // no two questions of a batch are the same: ancestors have the same candidates
  { title: 'batch of 4, one answer each', asked: ['', 'v2.', 'v2.translate.', 'v2.translate.text.'].map((below) => `${CAPABILITY.slice(below.length)} AGENT`), demand: 'count=1' },
]

/** The apex of the zone with so many candidates, absolute. */
export function apexOf(candidates: number): string {
  return `c${candidates}.example.`
}

/** The zone in master format: that many agents with one capability, one agent that depends on it, and eight records that lead to the first of them. */
export function zoneText(candidates: number): string {
  const agents = Array.from({ length: candidates }, (_, i) =>
    `${CAPABILITY} AGENT 1 a${i}._sa latency=${200 + (i % 900)}ms accuracy=0.${70 + (i % 30)} concurrency=8 location=${(i % 80) - 40},${(i % 300) - 150}\na${i}._sa A 192.0.2.${i % 250}`)
  const eight = agents.slice(0, 8).map((_, i) => `eight SVCB 1 a${i}._sa alpn=h2,h3 port=8443 key65400="latency ${200 + i} accuracy 7${i}"`)
  return `$ORIGIN ${apexOf(candidates)}\n$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nr._sa A 192.0.2.2\n`
    + `v1.report._cap AGENT 1 r._sa depends=${CAPABILITY}.${apexOf(candidates)}\n${[...eight, ...agents].join('\n')}\n`
}

/** The message that asks `kind` of the zone with so many candidates, ID 0 for the generator to fill. */
export function encodeKind({ asked, demand }: Kind, candidates: number): Buffer {
  const questions = asked.map((question) => { const [name, type] = question.split(' '); return `${name}.${apexOf(candidates)} ${type}` })
  const options: [number, string][] = demand === '' ? [] : [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')]]
  return Buffer.from(encodeQueries(questions, { id: 0, opcode: questions.length > 1 ? OPCODE.AGENT : OPCODE.QUERY, size: UDP_OCTETS, options }))
}
