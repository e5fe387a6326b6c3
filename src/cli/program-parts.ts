/**
 * What the tables of commands are written with: examples in help, numbers among options, options said again.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExitCode } from './io.ts'

/** Makes of a command's work an action that leaves its exit code. */
export type Run = <Args extends unknown[]>(work: (...args: Args) => Promise<ExitCode>) => (...args: Args) => Promise<void>

/** The examples of a command's help, one per line. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`
}

/** A parser of options that are numbers from `from` to `to`. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < from || value > to) throw new InvalidArgumentError(`It must be a number from ${from} to ${to}.`)
    return value
  }
}

/** A parser of options that may be said again: the values in order. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

/** Adds to a command the options that name a running server. */
export function withServer(command: Command): Command {
  return command
    .addOption(new Option('-c, --config <file>', 'config file of the running server').conflicts('data'))
    .option('-d, --data <directory>', 'data directory of the running server')
}
