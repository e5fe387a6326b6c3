/**
 * `waggle query … --explain`: why an answer to a question for agents is as it is, told by the server itself over its
 * control socket, as only its operator may know what others claim and how loaded they are.
 */
import { isCapabilityUrl, nameOrUrl } from '../discovery/identifier/capability.ts'
import type { ExplainedCandidate, ExplainedCriterion, Explanation } from '../discovery/ranking/explain.ts'
import { decodeParameters, PARAMETERS } from '../dns/parameters.ts'
import { encodeDemand } from './demand.ts'
import { askServer, columns, type ServerOptions } from './control.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** The options of the command that count here. */
export interface ExplainOptions extends ServerOptions {
  class: string
  demand?: string
  json?: boolean
}

const WORDS = 'Cannot explain what words mean: ask without --explain first, then explain, without intent, at the capability that OFFER names (translated=…)'

/** Asks why, and prints it as columns or as one JSON object. Failed where no server can be reached or the capability is not served; usage where the demand cannot be read, or has words. */
export async function explainCommand(name: string, options: ExplainOptions, io: Io): Promise<ExitCode> {
  const { demand = '', json = false } = options
  let octets: Uint8Array
  let asked = name
  try {
    if (isCapabilityUrl(name)) asked = nameOrUrl(name).toString()
    octets = encodeDemand(demand)
  } catch (error) {
    io.err(`waggle: ${(error as Error).message}\n`)
    return EXIT.usage
  }
  if (decodeParameters(octets, 'DEMAND').has(PARAMETERS.intent.key)) {
    io.err(`waggle: ${WORDS}\n`)
    return EXIT.usage
  }
  const answer = await askServer(options, { command: 'agent explain', name: asked, class: options.class, demand: Buffer.from(octets).toString('hex') }, io)
  if (typeof answer === 'number') return answer
  const explanation = answer.explanation as Explanation
  io.out(json ? `${JSON.stringify({ name: asked, class: options.class, demand, ...explanation })}\n` : printExplanation(asked, demand, explanation))
  return EXIT.done
}

/** An explanation for people: a line for each candidate, then what is known of each. */
export function printExplanation(name: string, demand: string, { candidates, kappa, explained, isSampled }: Explanation): string {
  const inAnswer = explained.filter(({ rank }) => rank !== undefined).length
  const out = explained.filter(({ out: reason }) => reason !== undefined).length
  const head = [
    `;; ${candidates} at ${name}${demand === '' ? '' : ` for ${demand}`}: ${inAnswer} in the answer, ${explained.length - inAnswer - out} behind them, ${out} out`,
    ...(explained.length < candidates ? [`;; ${candidates - explained.length} were not looked at`] : []),
    ...(isSampled ? [';; an answer scores 64 of them, drawn by chance; here are more'] : []),
    ...(kappa > 1.05 ? [`;; ${kappa.toFixed(1)} requests reach the agents for each that is sent from here`] : []),
  ]
  const rows = [['RANK', 'AGENT', 'SCORE', 'STATE', 'LOAD', 'READING', 'WHY'], ...explained.map(rowOf)]
  return `${head.join('\n')}\n${columns(rows)}${explained.map((one) => `\n${detailsOf(one)}`).join('')}`
}

function rowOf({ rank, agent, score, load, why }: ExplainedCandidate): string[] {
  return [rank === undefined ? '-' : String(rank), agent, score === undefined ? '-' : score.toFixed(4), load.state, `${round(load.sessions ?? load.active)}/${load.slots}`, printAge(load.ageMs), why]
}

function detailsOf({ agent, capability, load, criteria, reputation, unmet }: ExplainedCandidate): string {
  const { active, slots, queue, serviceMs, handed, sessions, costMs, entry = 1, faded = 0 } = load
  const told = load.ageMs === null ? 'no reading' : `reading ${printAge(load.ageMs)} old: ${round(active)} active, ${round(slots)} slots, ${round(queue)} waiting places`
  const reckoned = sessions === undefined ? '' : `; reckoned ${round(sessions)} there now, ${round(handed)} of them sent from here since; one more costs ${round(costMs ?? 0)} ms${entry < 0.9 ? ` and is let in with a probability of ${round(entry)}` : ''}`
  const { outcomes, right, slowness, accuracy } = reputation
  const met = outcomes === 0 && slowness === 1 ? 'no outcomes' : `${round(outcomes)} outcomes, ${round(right)} right, ${round(slowness)} times as slow as it says`
  return [
    `${agent} at ${capability}`,
    `  load        ${told}${serviceMs > 0 ? `, ${round(serviceMs)} ms a session` : ''}${faded > 0 ? `, faded by ${Math.round(faded * 100)} %` : ''}${reckoned}`,
    ...criteria.map((criterion) => `  ${criterion.name.padEnd(11)} ${printCriterion(criterion)}`),
    `  reputation  ${met}${accuracy === undefined ? '' : `; accuracy is believed to be ${accuracy.toFixed(4)}`}`,
    ...(unmet.length === 0 ? [] : [`  unmet       ${unmet.join(' ')}`]),
  ].join('\n') + '\n'
}

function printCriterion({ claimed, measured, believed, bound, worth, weight }: ExplainedCriterion): string {
  const known = [claimed && `claims ${claimed}`, measured && `measured ${measured}`, believed && believed !== (measured ?? claimed) && `believed ${believed}`].filter(Boolean)
  const worthText = weight === 0 ? 'without weight' : `${worth === undefined ? 'not scored' : `worth ${worth.toFixed(3)}`}, weight ${weight}`
  return [known.length === 0 ? 'not known' : known.join(', '), ...(bound === undefined ? [] : [`demanded ${bound}`]), worthText].join('; ')
}

function printAge(ageMs: number | null): string {
  return ageMs === null ? 'none' : `${(ageMs / 1_000).toFixed(1)} s`
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100)
}
