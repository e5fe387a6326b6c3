/**
 * The log: one JSON line per event on standard output, by pino. Nothing is logged per query, as a line costs
 * as much as an answer; what happens per query is counted (metrics.ts).
 */
import { pino } from 'pino'

/** What the server needs of a log: structured fields, then the message. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A log of lines at `level` or above: `{"level":"info","time":"2026-11-01T12:00:00.000Z","msg":"ready",…}`. Each line is written before the call returns. */
export function openLog(level: string): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, pino.destination({ dest: 1, sync: true }))
}

/** A log that keeps nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
