/**
 * What the command line chose: which rows, which servers, how long. The whole takes about a quarter of an hour;
 * `--quick` three minutes at most, enough to see whether a change helped.
 *
 *     npm run bench -- --help
 */
import { readOptions } from './command-line.ts'
import { ROWS, type RowId } from './rows.ts'
import { KINDS, type Kind } from './servers.ts'

/** What one run of the bench measures. */
export interface Chosen {
  rows: readonly RowId[]
  servers: readonly Kind[]
  /** Times that each server is measured on each row. */
  rounds: number
  /** Length of one measurement. */
  seconds: number
  /** Where the page of results is written; undefined writes none. */
  page: string | undefined
  /** Where every measurement is kept as JSON; undefined keeps none. */
  json: string | undefined
}

const USAGE = `
npm run bench -- [--quick] [--rows hit,…] [--servers nsd,…] [--rounds N] [--seconds S] [--page FILE] [--json FILE]

  --quick    three minutes instead of a quarter of an hour: whether a change helped
  --rows     which: ${ROWS.map(({ id }) => id).join(' ')} (all)
  --servers  which: ${KINDS.join(' ')} (all)
  --rounds   times that each is measured on each row (5)
  --seconds  length of one measurement (2)
  --page     where the page of results is written (docs/performance.md, where all is measured)
  --json     where every measurement is kept
`
const QUICK_ROWS: readonly RowId[] = ['hit', 'nxdomain', 'referral']
const QUICK_SERVERS: readonly Kind[] = ['echo', 'nsd', 'knot', 'ours']

/** What `args` (without program and script) choose. Throws an Error that says what is wrong with them. */
export function readArguments(args: readonly string[], page: string): Chosen {
  const values = readOptions(USAGE, {
    quick: { type: 'boolean', default: false }, rows: { type: 'string' }, servers: { type: 'string' }, rounds: { type: 'string' },
    seconds: { type: 'string' }, page: { type: 'string' }, json: { type: 'string' },
  }, args)
  const isWhole = !values.quick && values.rows === undefined && values.servers === undefined
  const everyRow = ROWS.map(({ id }) => id)
  return {
    rows: oneOf('rows', values.rows, values.quick ? QUICK_ROWS : everyRow, everyRow),
    servers: oneOf('servers', values.servers, values.quick ? QUICK_SERVERS : KINDS, KINDS),
    rounds: positive('rounds', values.rounds, values.quick ? 3 : 5),
    seconds: positive('seconds', values.seconds, values.quick ? 1.5 : 2),
    page: values.page ?? (isWhole ? page : undefined),
    json: values.json,
  }
}

function oneOf<Word extends string>(option: string, text: string | undefined, standard: readonly Word[], known: readonly Word[]): readonly Word[] {
  if (text === undefined) return standard
  const words = text.split(',').filter((word) => word !== '')
  const strange = words.find((word) => !known.includes(word as Word))
  if (strange !== undefined) throw new Error(`Cannot use --${option} ${strange} as it must be one of ${known.join(', ')}`)
  return known.filter((word) => words.includes(word))
}

/** The number above 0 that an option gives, `standard` where it is not given. Throws an Error that says what is wrong with it. */
export function positive(option: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  const value = Number(text)
  if (!(value > 0)) throw new Error(`Cannot use --${option} ${text} as it must be a number above 0`)
  return value
}
