/**
 * `waggle renew`: keeps an agent registered as long as the process runs, for agents that are not written in TypeScript.
 * What happens is told in JSON lines; SIGTERM and SIGINT end it.
 *
 *     {"time":"2026-11-25T20:37:29.123Z","event":"registered","agent":"babel._sa.acme.example.","lease":7200,…,"nextMs":5760000}
 */
import { Agent, AgentFault, type AgentEvent } from '../client/agent.ts'
import { planFrom, serverText, type AgentFlags } from './agent-plan.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** Where signals come from: the process. */
export interface Signals {
  on(signal: 'SIGTERM' | 'SIGINT', work: () => void): unknown
  off(signal: 'SIGTERM' | 'SIGINT', work: () => void): unknown
}

/** Registers and renews until a signal comes (done), or the server refuses (failed). With `withdrawAtEnd` a signal withdraws the agent. */
export async function renewCommand(flags: AgentFlags & { withdrawAtEnd?: boolean; soon?: boolean }, io: Io, signals: Signals = process): Promise<ExitCode> {
  const plan = await planFrom(flags, io)
  if (typeof plan === 'number') return plan
  const { agent: name, registration, lease, ask } = plan
  const server = serverText(plan)
  let end: (code: ExitCode) => void = () => undefined
  const ended = new Promise<ExitCode>((resolve) => (end = resolve))
  const onEvent = (event: AgentEvent) => {
    io.out(lineOf(event, name, server))
    if (event.kind === 'refused') end(EXIT.failed)
  }
  const agent = new Agent({ ...registration, ...ask, server, lease, onEvent })
  const forget = watchForEnd(signals, () => end(EXIT.done))
  const registering = agent.register({ soon: flags.soon === true }).catch(passAgentFault)
  try {
    const code = await Promise.race([ended, registering.then(() => ended)])
    agent.stop()
    return code === EXIT.done && flags.withdrawAtEnd === true ? await withdraw(agent, io) : code
  } finally {
    forget()
  }
}

/** A refusal is told by its event. */
function passAgentFault(fault: unknown): void {
  if (!(fault instanceof AgentFault)) throw fault
}

async function withdraw(agent: Agent, io: Io): Promise<ExitCode> {
  try {
    await agent.withdraw()
    return EXIT.done
  } catch (fault) {
    if (!(fault instanceof AgentFault)) throw fault
    io.err(`waggle: ${fault.message}\n`)
    return EXIT.failed
  }
}

/** One line for an event. */
function lineOf(event: AgentEvent, agent: string, server: string): string {
  const { kind, ...rest } = event
  const fields = 'lease' in rest ? { ...rest.lease, ...rest, lease: rest.lease.lease } : rest
  return `${JSON.stringify({ time: new Date().toISOString(), event: kind, agent, server, ...fields })}\n`
}

/** Calls `work` at the first signal; a second one ends the process at once. */
function watchForEnd(signals: Signals, work: () => void): () => void {
  let hasCome = false
  const come = () => {
    if (hasCome) process.exit(EXIT.failed)
    hasCome = true
    work()
  }
  signals.on('SIGTERM', come)
  signals.on('SIGINT', come)
  return () => {
    signals.off('SIGTERM', come)
    signals.off('SIGINT', come)
  }
}
