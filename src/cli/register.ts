/**
 * `waggle register` and `waggle withdraw`: one registration made, or taken back, and what the server said to it.
 */
import { randomInt } from 'node:crypto'
import { requestChange, type ChangeOutcome } from '../client/change.ts'
import { registerMessage } from '../client/registration.ts'
import { withdrawBy } from '../client/withdrawal.ts'
import { TYPE } from '../dns/codes.ts'
import type { UpdateLease } from '../dns/edns.ts'
import { printRecord } from '../dns/record-text.ts'
import { planFrom, serverText, type AgentFlags, type AgentPlan } from './agent-plan.ts'
import { columns } from './control.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** RFC 5452 9.2: not to be guessed. */
const messageId = () => randomInt(0x1_0000)

/** Registers once and prints what was granted. Failed where the server refuses or does not answer, or a file has faults. */
export async function registerCommand(flags: AgentFlags & { dryRun?: boolean; json?: boolean }, io: Io): Promise<ExitCode> {
  const plan = await planFrom(flags, io)
  if (typeof plan === 'number') return plan
  if (flags.dryRun === true) return dryRun(plan, io)
  const outcome = await requestChange(registerMessage(plan.registration, plan.lease, messageId()), plan.ask)
  if (outcome.kind !== 'done') return tellFailure('register', plan, outcome, io)
  if (outcome.waits !== undefined) io.err(`waggle: ${plan.agent} is registered, but ${visible(outcome.waits)}\n`)
  io.out(flags.json === true ? `${JSON.stringify(grantOf(plan, outcome))}\n` : printGrant(plan, outcome.lease))
  return EXIT.done
}

/** Prints what would be sent, as lines of a zone file. */
function dryRun(plan: AgentPlan, io: Io): ExitCode {
  const { registration, signer, lease } = plan
  io.out(`; zone ${registration.provider}, lease ${lease.lease} s, key lease ${lease.keyLease} s, signed by ${signer?.label ?? 'nobody'}\n`)
  for (const record of plan.records) io.out(`${printRecord(record)}\n`)
  return EXIT.done
}

function capabilitiesOf({ records }: AgentPlan): string[] {
  return records.filter(({ type }) => type === TYPE.AGENT).map(({ name }) => name.toString())
}

function grantOf(plan: AgentPlan, { lease, waits }: Extract<ChangeOutcome, { kind: 'done' }>): object {
  const granted = { lease: lease?.lease ?? null, keyLease: lease?.keyLease ?? null }
  return { agent: plan.agent, server: serverText(plan), ...granted, capabilities: capabilitiesOf(plan), ...(waits !== undefined && { waits }) }
}

function printGrant(plan: AgentPlan, lease: UpdateLease | undefined): string {
  const rows = [['agent', plan.agent], ['server', serverText(plan)]]
  if (lease === undefined) rows.push(['lease', 'none: this server keeps it until it is withdrawn'])
  else rows.push(['lease', `${lease.lease} s, to be renewed before (waggle renew)`])
  if (lease?.keyLease !== undefined) rows.push(['key lease', `${lease.keyLease} s`])
  return columns([...rows, ...capabilitiesOf(plan).map((name) => ['capability', name])])
}

/** Withdraws. Failed where the server refuses or does not answer, or a file has faults. */
export async function withdrawCommand(flags: AgentFlags & { keepName?: boolean }, io: Io): Promise<ExitCode> {
  const plan = await planFrom(flags, io)
  if (typeof plan === 'number') return plan
  const keyLease = flags.keepName === true ? plan.lease.keyLease : 0
  const outcome = await withdrawBy((message) => requestChange(message, plan.ask), plan.registration, { keyLease, messageId })
  if (outcome.kind !== 'done') return tellFailure('withdraw', plan, outcome, io)
  io.out(`${plan.agent} is withdrawn\n`)
  return EXIT.done
}

function tellFailure(what: string, plan: AgentPlan, outcome: Exclude<ChangeOutcome, { kind: 'done' }>, io: Io): ExitCode {
  const why = outcome.kind === 'refused' ? `${serverText(plan)} refuses: ${outcome.reason}` : `no good answer from ${serverText(plan)}: ${outcome.reason}`
  io.err(`waggle: Cannot ${what} ${plan.agent} as ${visible(why)}\n`)
  return EXIT.failed
}

/** RFC 8914 6: words of a server are not to be trusted, and no control character of them may reach a terminal. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '.')
}
