/**
 * What a command needs of the world around it, handed in so that commands run in tests without a process.
 */

/** Streams of one command. Text is written as it is: commands end their lines themselves. */
export interface Io {
  out(text: string): void
  err(text: string): void
}

/** Exit codes that scripts may rely on. */
export const EXIT = {
  /** Done. */
  done: 0,
  /** Refused or failed; the reason is on standard error. */
  failed: 1,
  /** Called wrongly; the right way is on standard error. */
  usage: 2,
} as const

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The process's own streams. A reader that goes away (`| head`) ends the process quietly. */
export function processIo(): Io {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed))
  process.stderr.on('error', () => undefined) // nobody reads what went wrong: the exit code still says it
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  }
}
