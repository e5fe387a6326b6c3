/**
 * `waggle serve`: a server as a process, with its signals, its log and a hint for who tries it by hand.
 */
import { CLASS, printClass } from '../dns/codes.ts'
import { readConfig, type Config } from '../ops/config.ts'
import { printFinding } from '../ops/finding.ts'
import { openLog, type Log } from '../ops/log.ts'
import { RunningServer, StartFault } from '../ops/serve.ts'
import { isWildcard, type Endpoint } from '../transport/address.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** Serves until a signal ends it. Failed where it cannot start; the reasons are on standard error. */
export async function serveCommand(file: string, io: Io): Promise<ExitCode> {
  const { config, findings } = readConfig(file)
  for (const finding of findings) io.err(`${printFinding(finding)}\n`)
  if (config === undefined) return EXIT.failed
  const log = openLog(config.values.log)
  const stopped = watchForStop(log)
  let server: RunningServer | undefined
  let isReloadWanted = false
  const reload = () => {
    if (server === undefined) isReloadWanted = true // it came while starting: what was read may be old already
    else void server.reload().catch(() => undefined) // why it failed is in the log
  }
  process.on('SIGHUP', reload)
  try {
    server = await RunningServer.start(config, log)
  } catch (fault) {
    if (!(fault instanceof StartFault)) throw fault
    for (const line of fault.lines) io.err(`${line}\n`)
    return EXIT.failed
  } finally {
    if (server === undefined) forgetSignals(stopped, reload)
  }
  io.err(hintFor(config, server.endpoints))
  if (isReloadWanted) reload()
  await stopped.signal
  await server.stop()
  forgetSignals(stopped, reload)
  return EXIT.done
}

function forgetSignals(stopped: StopWatch, reload: () => void): void {
  stopped.forget()
  process.off('SIGHUP', reload)
}

interface StopWatch {
  /** Resolves at the first SIGTERM or SIGINT; a second ends the process at once. */
  signal: Promise<void>
  forget(): void
}

function watchForStop(log: Log): StopWatch {
  let hasCome = false
  let resolve: () => void = () => undefined
  const signal = new Promise<void>((done) => (resolve = done))
  const come = (name: string) => {
    if (hasCome) process.exit(EXIT.failed)
    hasCome = true
    log('stopping', { signal: name })
    resolve()
  }
  process.on('SIGTERM', come)
  process.on('SIGINT', come)
  return { signal, forget: () => void process.off('SIGTERM', come).off('SIGINT', come) }
}

/** A line to paste, such as `Try: dig @127.0.0.1 -p 5300 example.com. SOA`; empty where nothing is served. */
export function hintFor(config: Config, endpoints: readonly Endpoint[]): string {
  const [zone] = config.zones
  const [endpoint] = endpoints
  if (zone === undefined || endpoint === undefined) return ''
  const host = !isWildcard(endpoint) ? endpoint.host : endpoint.family === 6 ? '::1' : '127.0.0.1'
  const rrClass = zone.class === CLASS.IN ? '' : ` -c ${printClass(zone.class).replace('LOCAL', `CLASS${CLASS.LOCAL}`)}`
  return `Try: dig @${host} -p ${endpoint.port}${rrClass} ${zone.name.toString()} SOA\n`
}
