/**
 * `waggle watch`: prints who comes, who goes and who changes at a capability, a line each, until a signal comes or the time is up.
 *
 *     + v2.translate.text.nlp._cap.acme.example. 60 IN AGENT 1 babel._sa.acme.example. latency=180ms     has come; - has gone, ~ is another
 */
import type { WatchChange } from '../client/pushed-records.ts'
import { notAServer, serverOf } from '../client/server-address.ts'
import { watch, WatchFault, type Watching, type WatchEvent } from '../client/watch.ts'
import { printClass, printType } from '../dns/codes.ts'
import { TextFault } from '../dns/faults.ts'
import { printRdata } from '../dns/rdata.ts'
import { printRecord } from '../dns/record-text.ts'
import { printEndpoint } from '../transport/address.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'
import type { Signals } from './renew.ts'

/** The options of the command as commander gives them. */
export interface WatchCommandOptions {
  server?: string
  class: string
  json?: boolean
  /** Seconds. */
  for?: number
}

const SIGN: Record<WatchChange['kind'], string> = { added: '+', removed: '-', changed: '~' }
const FORM = 'address[:port], such as 127.0.0.1:5300 or [::1]:5300'
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Watches and prints, until a signal comes or the time is up (done). Failed where the server refuses, or where no session comes about at the first try or in the time: what is lost later is tried
 * again and again. Usage where name, type, class or server cannot be read.
 */
export async function watchCommand(name: string, type: string, options: WatchCommandOptions, io: Io, signals: Signals = process): Promise<ExitCode> {
  if (options.server === undefined) return misused(`Cannot watch as nobody is named by --server: ${FORM}`, io)
  const endpoint = serverOf(options.server)
  if (endpoint === undefined) return misused(notAServer(options.server, 'address[:port]'), io)
  const server = printEndpoint(endpoint)
  let isConnected = false
  let failure: string | undefined
  const onEvent = (event: WatchEvent): void => {
    if (event.kind === 'connected') isConnected = true
    else if (event.kind === 'subscribed') io.err(`waggle: Connected to ${server}\n`)
    else if (isConnected) io.err(`waggle: Lost ${server}: ${event.reason}; it is tried again in ${(event.nextMs / 1_000).toFixed(1)} s\n`)
    else {
      failure = event.reason
      watching.close()
    }
  }
  let watching: Watching
  try {
    watching = watch(name, { server, type, class: options.class, onEvent })
  } catch (fault) {
    if (!(fault instanceof TextFault) && !(fault instanceof TypeError)) throw fault
    return misused(fault.message, io)
  }
  const end = (): void => watching.close()
  const forget = endAt(end, options.for, () => {
    if (!isConnected) failure = `none came about within ${options.for} s`
    end()
  }, signals)
  const reason = await printAll(watching, options.json === true, io).finally(forget)
  if (reason !== undefined || failure !== undefined) io.err(`waggle: ${reason ?? `No session with ${server}: ${failure}`}\n`)
  return reason === undefined && failure === undefined ? EXIT.done : EXIT.failed
}

function misused(what: string, io: Io): ExitCode {
  io.err(`waggle: ${what}\n`)
  return EXIT.usage
}

/** Prints each change as it comes; gives why no more can come, undefined where that was wanted. */
async function printAll(watching: Watching, json: boolean, io: Io): Promise<string | undefined> {
  try {
    for await (const change of watching) io.out(`${json ? JSON.stringify(toJson(change)) : `${SIGN[change.kind]} ${printRecord(change.record)}`}\n`)
    return undefined
  } catch (fault) {
    if (!(fault instanceof WatchFault)) throw fault
    return fault.message
  }
}

/** A change as plain values; documented in docs/cli.md. */
function toJson({ kind, record: { name, type, class: rrClass, ttl, rdata } }: WatchChange): object {
  return { kind, name: name.toString(), type: printType(type), class: printClass(rrClass), ttl, rdata: printRdata(type, rdata) }
}

/** Calls `work` at a signal, `late` after so many seconds; the function given back forgets both. */
function endAt(work: () => void, seconds: number | undefined, late: () => void, signals: Signals): () => void {
  const timer = seconds === undefined ? undefined : setTimeout(late, seconds * 1_000)
  for (const signal of SIGNALS) signals.on(signal, work)
  return () => {
    clearTimeout(timer)
    for (const signal of SIGNALS) signals.off(signal, work)
  }
}
