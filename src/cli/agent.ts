/**
 * `waggle agent …`: what the registry of a running server holds of its agents.
 */
import { Name } from '../dns/name.ts'
import type { RegisteredAgent } from '../discovery/registration/registry.ts'
import { askServer, columns, type ServerOptions } from './control.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** Rows that are put into columns together: a registry may hold a million. */
const ROWS = 1_000
const HEAD = ['AGENT', 'KEY', 'LEASE ENDS', 'CAPABILITIES']

/** Lists the agents of a zone, or of all. */
export async function agentListCommand(zone: string | undefined, options: ServerOptions & { json?: boolean }, io: Io): Promise<ExitCode> {
  let rest = ''
  let rows: string[][] = [HEAD]
  const flush = (): void => {
    io.out(columns(rows))
    rows = []
  }
  const take = (text: string): void => {
    if (options.json === true) return void io.out(text)
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (rows.push(rowOf(JSON.parse(line) as RegisteredAgent)) > ROWS) flush()
  }
  const answer = await askServer(options, { command: 'agent list', ...(zone === undefined ? {} : { zone }) }, io, take)
  if (typeof answer === 'number') return answer
  if (options.json !== true) flush()
  return EXIT.done
}

function rowOf({ agent, key, leaseEnds, capabilities }: RegisteredAgent): string[] {
  const waiting = capabilities.filter(({ state }) => state === 'waiting').length
  return [agent, key ?? 'TSIG', leaseEnds ?? 'ended', `${capabilities.length}${waiting === 0 ? '' : ` (${waiting} waiting)`}`]
}

/** Shows all that is held of one agent. */
export async function agentShowCommand(name: string, options: ServerOptions & { json?: boolean }, io: Io): Promise<ExitCode> {
  try {
    Name.parse(name)
  } catch (error) {
    io.err(`waggle: ${(error as Error).message}\n`)
    return EXIT.usage
  }
  const answer = await askServer(options, { command: 'agent show', agent: name }, io)
  if (typeof answer === 'number') return answer
  const agent = answer.agent as RegisteredAgent
  io.out(options.json === true ? `${JSON.stringify(agent)}\n` : columns(rowsOf(agent)))
  return EXIT.done
}

function rowsOf({ agent, kind, key, granted, leaseEnds, keyEnds, capabilities, records, private: fields = [] }: RegisteredAgent): string[][] {
  return [
    ['agent', agent],
    ['kind', kind],
    ['key', key ?? 'TSIG'],
    ['granted', granted],
    ['lease ends', leaseEnds ?? 'ended: the key keeps the name'],
    ['key ends', keyEnds],
    ...capabilities.map(({ name, offer, state }) => ['capability', `${name} AGENT ${offer}${state === 'waiting' ? ' (waits for what it depends on)' : ''}`]),
    ...records.map((record) => ['record', record]),
    ...fields.map((field) => ['private', field]),
  ]
}
