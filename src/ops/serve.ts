/**
 * A server's life, from config to exit. `start` does everything that may fail before a first query is
 * answered, and undoes it where it fails; what it gives back is reloaded and stopped by signals or by hand.
 *
 *     read config ─► load zones ─► control socket ─► DNS sockets ─► ready ─► … reload … ─► stop
 *          │             │               │                │
 *          └─────────────┴───────────────┴────────────────┴──► StartFault: nothing stays open
 */
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { printAddress } from '../dns/address.ts'
import { CLASS } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { parsePrefix, PrefixList } from '../dns/prefix.ts'
import { adviseBlocks } from '../dns/shared-block.ts'
import { ALL_SHOWN } from '../discovery/faces/names.ts'
import type { Explained } from '../discovery/ranking/explain.ts'
import type { RegisteredAgent } from '../discovery/registration/registry.ts'
import { printEndpoint, type Endpoint } from '../transport/address.ts'
import { systemClock } from '../transport/clock.ts'
import { adviseHugePages } from '../transport/huge-pages.ts'
import { NodeDatagrams } from '../transport/upstream-dgram.ts'
import type { ZoneImage } from '../zone/image.ts'
import type { CacheDesk } from './cache-desk.ts'
import { collectGarbage } from './collect.ts'
import type { Commanded } from './command-parts.ts'
import { commandsOf } from './commands.ts'
import { controlPath, mergeValues, readConfig, type Config } from './config.ts'
import { CookieSecrets } from './cookie-secrets.ts'
import { isInUse, openControl, type ControlSocket } from './control.ts'
import { hasErrors, printFinding, type Finding } from './finding.ts'
import { makeFolders } from './folder.ts'
import type { Log } from './log.ts'
import { measureProcess } from './measure.ts'
import { MetricsAddress } from './metrics-http.ts'
import { discoveryMetrics, type Metric, processMetrics, pushMetrics, updateMetrics } from './metrics.ts'
import { OneAtATime, Turns } from './one-at-a-time.ts'
import { printPrometheus } from './prometheus.ts'
import { ReadingsFile } from './readings-file.ts'
import { reasonOf } from './reason.ts'
import type { AnchorLine } from './anchor-keeper.ts'
import { Probing } from './probing.ts'
import { Pushing } from './pushing.ts'
import { Pulling, type PullingOptions } from './pulling.ts'
import { Recursing } from './recursing.ts'
import { rehearse } from './rehearse.ts'
import type { Rehearsal } from './rehearsal.ts'
import { Serving } from './serving.ts'
import { loadZones, printZoneAside } from './zone-jobs.ts'
import { Updating } from './updating.ts'
import { zoneAbove } from './zone-lookup.ts'
import { writeZone, type ZoneCopy, type ZoneWritten } from './zone-writing.ts'
import { ZoneKeeper, type ServedZone, type ZoneOutcome } from './zone-keeper.ts'

/** Why a server cannot start: lines for standard error. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

/** A server in service. */
export class RunningServer implements Commanded {
  config: Config
  private readonly log: Log
  private readonly keeper: ZoneKeeper
  /** The process's hash seed. */
  private readonly seed = randomInt(-0x8000_0000, 0x8000_0000)
  private readonly secrets: CookieSecrets
  private readonly updating: Updating
  private readonly recursing: Recursing
  private readonly serving: Serving
  private readonly readings: ReadingsFile
  private readonly probing: Probing
  private readonly pulling: Pulling
  private readonly pushing: Pushing
  private readonly reloads: OneAtATime<string | undefined, ZoneOutcome[]>
  /** A zone's file is read or written, not both. */
  private readonly turns = new Turns()
  private readonly reloadCounts = { done: 0, failed: 0 }
  private readonly startMs = performance.now()
  private isReady = false
  private control: ControlSocket | undefined
  private rehearsal: Rehearsal | undefined
  private readonly metricsAddress = new MetricsAddress({
    print: () => printPrometheus(this.metrics()),
    onOpen: (address) => this.log('metrics open', { address }),
    onRefused: (address, reason) => this.log('metrics not open', { address, reason }),
  })

  /** Use `start`. */
  constructor(config: Config, log: Log) {
    this.config = config
    this.log = log
    const { seed } = this
    this.secrets = new CookieSecrets(config.values.cookies, {
      clock: systemClock,
      random: () => randomBytes(16),
      spread: () => this.serving.settle(),
      onRotated: () => log('cookie secret rotated'),
    })
    this.updating = new Updating({
      dataFolder: config.dataFolder,
      seed,
      keys: config.keys,
      zoneAbove: (name, rrClass) => this.zoneAbove(name, rrClass),
      facesOf: (zone) => this.find(zone.name, zone.class)?.config.faces ?? ALL_SHOWN,
      isWatched: (...at) => this.pushing.hasReader(...at),
      serve: (zone, image) => this.keeper.replace(zone, image),
      spreadClock: () => this.serving.settle(),
      republish: () => void this.keeper.republish().catch((fault: unknown) => this.tellFault(fault, 0)),
      log,
      onFault: (fault) => this.tellFault(fault, 0),
    })
    const throughNode = config.values.transport === 'dgram' ? { datagrams: new NodeDatagrams(printAddress) } : {}
    this.recursing = new Recursing({
      ...throughNode,
      zones: { holds: (name) => zoneAbove(this.keeper.directory, this.seed, name, CLASS.IN) !== undefined, answer: (...query) => this.serving.answerOwn(...query) },
      seed,
      cacheFile: join(config.dataFolder, 'cache'),
      anchorFile: join(config.dataFolder, 'trust-anchors'),
      log,
      onFault: (fault, untold) => this.tellFault(fault, untold),
    })
    this.recursing.configure(config.recursion)
    this.pulling = this.makePulling(throughNode)
    this.pushing = this.makePushing()
    this.serving = new Serving({
      seed,
      values: () => this.config.values,
      secrets: () => this.secrets.pair,
      handlers: { ...this.updating.handlers, resolve: this.recursing.resolve, freshen: this.pulling.freshen, session: this.pushing.sessions.take },
      hasSessions: () => this.pushing.isOpen,
      clients: () => this.recursing.clients,
      pulls: () => this.config.zones.some(({ pull }) => pull !== undefined),
      cache: () => this.recursing.shared,
      authenticator: this.updating.authenticator,
      leaseOriginMs: () => this.updating.leaseOriginMs,
      embeddings: config.embeddings && { config: config.embeddings, file: join(config.dataFolder, 'embeddings'), log },
      outcomes: { desk: this.updating.outcomes, onLost: (demands) => log('outcomes lost', { demands }) },
      onFault: (fault, untold) => this.tellFault(fault, untold),
    })
    this.probing = new Probing({
      clock: systemClock,
      random: () => randomInt(0x1_0000_0000) / 0x1_0000_0000,
      zones: () => this.zones(),
      candidatesOf: (zone) => this.updating.discovery.candidates.of(zone),
      log,
    })
    this.keeper = new ZoneKeeper({
      seed,
      load: (zones) => loadZones(zones, seed),
      publish: (directory) => {
        this.probing.watch()
        return this.serving.publish(directory, this.updating.discovery.candidates.tablesFor(directory.zones))
      },
      updating: this.updating,
      log,
      nowMs: () => Date.now(),
    })
    this.readings = this.makeReadings()
    this.reloads = new OneAtATime((requests) => this.turns.take(() => this.runReload(requests)))
  }

  private makeReadings(): ReadingsFile {
    const { discovery } = this.updating
    return new ReadingsFile({
      file: join(this.config.dataFolder, 'readings'),
      registrars: () => this.zones().flatMap(({ config: zone }) => {
        const candidates = discovery.candidates.of(zone)
        return candidates === undefined ? [] : [{ registrar: candidates.registrar, class: zone.class }]
      }),
      registrarAbove: (owner, rrClass) => this.updating.candidatesAbove(owner, rrClass)?.registrar,
      nowMs: discovery.nowMs,
      clock: systemClock,
      log: this.log,
    })
  }

  private makePushing(): Pushing {
    return new Pushing({
      clock: systemClock,
      leaseMs: this.updating.discovery.nowMs,
      values: () => this.config.values,
      zoneAbove: (name, rrClass) => this.zoneAbove(name, rrClass),
      tableAbove: (name, rrClass) => this.updating.candidatesAbove(name, rrClass)?.registrar.table,
      log: this.log,
    })
  }

  private makePulling(throughNode: Pick<PullingOptions, 'datagrams'>): Pulling {
    const { discovery } = this.updating
    return new Pulling({
      ...throughNode,
      clock: systemClock,
      nowMs: discovery.nowMs,
      zoneAbove: (owner, rrClass) => {
        const zone = this.zoneAbove(owner, rrClass)
        return zone && this.find(zone.name, rrClass)
      },
      local: () => new PrefixList(this.config.values.local.flatMap((text) => parsePrefix(text) ?? [])),
      candidatesOf: (zone) => discovery.candidates.of(zone),
    })
  }

  /** Starts a server of `config`; when it resolves, every socket is bound and every zone served. StartFault where that cannot be. */
  static async start(config: Config, log: Log): Promise<RunningServer> {
    adviseBlocks(adviseHugePages)
    const server = new RunningServer(config, log)
    try {
      await server.loadAll()
      await server.readings.restore()
      await server.openControlSocket()
      await server.openSockets()
      await server.metricsAddress.take(config.values.metrics)
    } catch (fault) {
      await server.stop()
      throw fault instanceof StartFault ? fault : new StartFault([`waggle: ${reasonOf(fault)}`])
    }
    server.isReady = true
    const { zones } = server
    const records = zones().reduce((sum, zone) => sum + zone.image.recordCount, 0)
    log('ready', {
      listen: server.endpoints.map(printEndpoint),
      ...server.serving.plan,
      zones: zones().length, records,
      pid: process.pid,
      startMs: Math.round(performance.now()),
    })
    server.rehearsal = rehearse(config, server.updating.engine.counts, (fault) => server.tellFault(fault, 0))
    return server
  }

  private async loadAll(): Promise<void> {
    const outcomes = await this.keeper.apply(this.config.zones)
    const errors = outcomes.flatMap((outcome) => outcome.findings).filter((finding) => finding.severity === 'error')
    if (errors.length > 0) throw new StartFault([...errors.map(printFinding), 'waggle: Cannot start as zones have errors (above)'])
  }

  private async openControlSocket(): Promise<void> {
    const path = controlPath(this.config.dataFolder)
    if (await isInUse(path)) throw new StartFault([`waggle: Cannot start as another server uses the data directory ${this.config.dataFolder}`])
    try {
      makeFolders(this.config.dataFolder)
      this.control = await openControl(path, commandsOf(this))
    } catch (error) {
      // answering comes first: a read-only disk costs the commands, not the service
      this.log('control socket not open', { path, reason: reasonOf(error) })
    }
  }

  private async openSockets(): Promise<void> {
    const { values } = this.config
    await this.serving.open()
    const { udpThreads, tcpThreads, fallback } = this.serving.plan
    if (udpThreads === 0) {
      this.log('udp without batches', { reason: fallback })
      if (values.workers !== undefined && values.workers > 1) this.log('workers without effect', { workers: values.workers })
    } else if (tcpThreads === 0) this.log('tcp without epoll', { reason: fallback })
  }

  private tellFault(fault: unknown, untold: number): void {
    this.log('fault', { fault: fault instanceof Error ? fault.stack : String(fault), untold })
  }

  // ---- Reload ----

  /** Reads the config and all its zones again; with `onlyKey` (a name's key) that zone's file alone. Runs do not overlap; calls during one share the next. */
  reload(onlyKey?: string): Promise<ZoneOutcome[]> {
    return this.reloads.request(onlyKey)
  }

  private async runReload(requests: readonly (string | undefined)[]): Promise<ZoneOutcome[]> {
    const only = new Set(requests)
    const isWhole = only.has(undefined)
    const fault = isWhole ? await this.takeConfig() : undefined
    if (fault !== undefined) {
      this.reloadCounts.failed++
      throw fault
    }
    const before = this.zones().map(({ config }) => config)
    const outcomes = await this.keeper.apply(this.config.zones, (zone) => isWhole || only.has(zone.name.key))
    this.pushing.zonesChanged(before, this.zones().map(({ config }) => config))
    collectGarbage()
    const isGood = outcomes.every(({ outcome }) => outcome !== 'kept' && outcome !== 'refused')
    this.reloadCounts[isGood ? 'done' : 'failed']++
    this.log('reload done', { zones: outcomes.length, complete: isGood })
    return outcomes
  }

  /** Reads the config again; on errors everything stays as it is and the fault says why. */
  private async takeConfig(): Promise<Error | undefined> {
    const { config, findings } = readConfig(this.config.file)
    this.logFindings(findings)
    if (config === undefined) return new Error(['Cannot reload as the config has errors:', ...findings.map(printFinding)].join('\n'))
    const { values, taken, waiting } = mergeValues(this.config.values, config.values)
    if (waiting.length > 0) this.log('config keys wait', { keys: waiting })
    const areZonesNew = !isDeepStrictEqual(this.config.values.zones, values.zones) // who may look for agents, and whose readings are fetched
    this.config = { ...this.config, values, zones: config.zones, keys: config.keys, recursion: config.recursion }
    this.updating.useKeys(config.keys)
    await this.metricsAddress.take(values.metrics)
    const hasRules = config.recursion?.policy !== undefined || config.recursion?.localRoot !== undefined // whose files may have changed
    if (taken.includes('recursion') || hasRules) this.recursing.configure(config.recursion)
    if (taken.length === 0 && !hasRules && !areZonesNew) return undefined
    this.secrets.configure(values.cookies)
    this.pushing.settle()
    await this.serving.settle()
    if (taken.length > 0) this.log('config keys taken', { keys: taken })
    return undefined
  }

  private logFindings(findings: readonly Finding[]): void {
    for (const { severity, file, line, column, message } of findings) {
      this.log(`config ${severity}`, { at: `${file}:${line}:${column}`, text: message })
    }
    if (hasErrors(findings)) this.log('config kept')
  }

  // ---- What commands ask ----

  zones = (): ServedZone[] => this.keeper.zones

  get endpoints(): readonly Endpoint[] {
    return this.serving.endpoints
  }

  find(name: Name, rrClass: number): ServedZone | undefined {
    return this.keeper.find({ name, class: rrClass })
  }

  agents({ config, writable }: ServedZone, name?: Name): Iterable<RegisteredAgent> {
    return writable === undefined ? [] : this.updating.discovery.agents(config, name)
  }

  explain(name: Name, rrClass: number, demand: Uint8Array): Explained | undefined {
    return this.updating.explain(name, rrClass, demand)
  }

  leasesIn({ config }: ServedZone): number {
    return this.updating.discovery.leasesIn(config)
  }

  write({ config: { name, class: rrClass } }: ServedZone, copy: ZoneCopy): Promise<ZoneWritten> {
    const { seed } = this
    return this.turns.take(async () => {
      const zone = this.find(name, rrClass)
      if (zone === undefined) throw new Error(`Cannot write zone ${name.toString()} as it is no longer served`)
      const written = await writeZone(zone, copy, { load: async (config) => (await loadZones([config], seed))[0], print: printZoneAside })
      collectGarbage()
      return written
    })
  }

  get cache(): CacheDesk | undefined {
    return this.recursing.desk
  }

  get anchors(): readonly AnchorLine[] | undefined {
    return this.recursing.anchorLines
  }

  tell(...told: Parameters<Commanded['tell']>): void {
    this.log(...told)
  }

  private zoneAbove(name: Name, rrClass: number): { name: Name; image: ZoneImage } | undefined {
    const image = zoneAbove(this.keeper.directory, this.seed, name, rrClass)
    return image && { name: Name.fromWire(image.octets, image.nameAt(image.apex)), image }
  }

  dump(zone: ServedZone, send: (text: string) => Promise<void>): Promise<void> {
    return printZoneAside(zone.image.buffer, send)
  }

  metrics(): Metric[] {
    const { serving, startMs, reloadCounts } = this
    const discovery = [...discoveryMetrics(this.updating.outcomes.counts, this.probing.prober.counts, this.pulling.puller.counts), ...pushMetrics(this.pushing.sessions)]
    const updates = [...updateMetrics(this.updating.engine.counts.values), ...discovery]
    const own = measureProcess({ zones: this.zones(), startMs, reloads: reloadCounts, tcpConnections: serving.connectionCount })
    return [...serving.metrics(), ...updates, ...this.recursing.metrics(), ...processMetrics(own)]
  }

  // ---- Stop ----

  /** Takes no more queries, finishes what is in flight within SHUTDOWN_MS, and closes everything. */
  async stop(): Promise<void> {
    this.rehearsal?.stop()
    for (const part of [this.secrets, this.probing, this.pulling]) part.stop()
    await this.pushing.stop()
    await Promise.all([this.recursing.stop(), this.control?.close(), this.metricsAddress.take(undefined), this.serving.close()])
    await this.readings.stop(this.isReady)
    await this.updating.close()
    if (this.isReady) this.log('stopped')
  }
}
