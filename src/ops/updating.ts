/**
 * Zones that change while they are served, joined together: who signed (src/dnssec), what the update does (src/update),
 * what is kept on disk (src/store), and who serves it then (zone-keeper.ts).
 *
 *     core ──▶ authenticator ──▶ engine and its flows ──▶ store ──▶ the zone's block ──▶ answer
 *                                   │      ▲ a lease ends      │ a larger block ──▶ ZoneKeeper ──▶ every thread
 *
 * The store is opened when the first zone is loaded that somebody may change; leases run from then on. One that cannot be opened costs updates, which are
 * refused and say why, and never the service.
 */
import { join } from 'node:path'
import { CLASS, TYPE } from '../dns/codes.ts'
import { MAX_IMAGE_OCTETS, UPDATE_ROOM_OCTETS } from '../dns/limits.ts'
import type { Message } from '../dns/message.ts'
import type { LookupName } from '../dns/lookup-name.ts'
import { keyInClass, Name } from '../dns/name.ts'
import { discoveryFlows, type Discovery } from '../discovery/flows.ts'
import { explainAt, movedOn, type Explained } from '../discovery/ranking/explain.ts'
import { DEFAULT_RANKING } from '../discovery/ranking/settings.ts'
import type { Candidates } from '../discovery/ranking/zone-candidates.ts'
import { OutcomeDesk } from '../discovery/sense/outcomes.ts'
import { DEFAULT_ZONE } from '../discovery/srp/rename.ts'
import { Authenticator, type Source } from '../dnssec/authenticate.ts'
import { makeKeyring, type TsigKey } from '../dnssec/tsig.ts'
import type { CoreHandlers, Reply } from '../server/core-contract.ts'
import { StoreFault } from '../store/fault.ts'
import { Store } from '../store/store.ts'
import { systemClock } from '../transport/clock.ts'
import type { Keeper, Requester, Verdict } from '../update/contract.ts'
import { UpdateEngine } from '../update/engine.ts'
import { Grants } from '../update/grants.ts'
import type { WritableZone } from '../update/writable-zone.ts'
import type { ZoneImage } from '../zone/image.ts'
import { rebuildImage } from '../zone/rebuild.ts'
import { isWritable, type ConfigZone } from './config.ts'
import { makeFolders } from './folder.ts'
import type { Log } from './log.ts'
import { machineMs } from './machine-clock.ts'
import { reasonOf } from './reason.ts'
import { keysIn } from './zone-lookup.ts'

/** What changing needs of the server around it. */
export interface UpdatingOptions {
  dataFolder: string
  /** The process's hash seed. */
  seed: number
  keys: readonly TsigKey[]
  /** The zone in service nearest above a name. */
  zoneAbove(name: Name, rrClass: number): { name: Name; image: ZoneImage } | undefined
  /** Bits of the faces that a zone shows. */
  facesOf(zone: { name: Name; class: number }): number
  /** Puts another block of a zone into service; resolves when every thread reads it. */
  serve(zone: { name: Name; class: number }, image: ZoneImage): Promise<void>
  /** Whether somebody is told of each reading there; by default nobody is. */
  isWatched?(owner: Name, rrClass: number): boolean
  /** A zone's candidates are in another block: publishes the zones in service once more. */
  republish(): void
  /** Tells every thread the clock that leases run by: `leaseOriginMs` is another. */
  spreadClock(): Promise<void>
  log: Log
  onFault(fault: unknown): void
}

/** A zone as it is to be served. */
export interface PreparedZone {
  image: ZoneImage
  /** Undefined where no grant lets anybody change it. */
  writable: WritableZone | undefined
}

/** Changes of zones; one for the whole server. */
export class Updating {
  readonly engine: UpdateEngine
  readonly authenticator: Authenticator
  readonly discovery: Discovery
  readonly handlers: CoreHandlers
  /** Weighs what demands tell of earlier choices. */
  readonly outcomes: OutcomeDesk
  private readonly options: UpdatingOptions
  private store: Store | undefined
  private opening: Promise<Store> | undefined
  private isLeasing = false
  /** The config's zones that can be changed, by `keyInClass`. */
  private readonly configs = new Map<string, ConfigZone>()
  /** Lets go on the zones that are being loaded. */
  private held: (() => void)[] = []

  constructor(options: UpdatingOptions) {
    const { keys, log } = options
    this.options = options
    const keeper = this.keeper()
    this.discovery = discoveryFlows({
      keeper,
      clock: { wallMs: () => Date.now(), monotonicMs: machineMs },
      every: (ms, run) => systemClock.every(ms, run),
      onFault: (fault) => options.onFault(fault),
      policyOf: (zone) => this.configs.get(keyInClass(zone))?.registration,
      defaultZone: () => this.defaultZone(),
      seed: options.seed,
      facesOf: (zone) => options.facesOf(zone),
      isWatched: (owner, rrClass) => options.isWatched?.(owner, rrClass) === true,
      onTables: () => void setImmediate(() => options.republish()),
    })
    this.engine = new UpdateEngine({
      keeper,
      flows: this.discovery.flows,
      zoneOf: (name, rrClass) => options.zoneAbove(name, rrClass)?.name,
      nowMs: this.discovery.nowMs,
      clockMs: () => performance.now(),
      soon: (run) => void setImmediate(run),
      rebuild: (image, leastOctets) => Promise.resolve(rebuildImage(image, roomFor(image, leastOctets))),
      serve: (zone, image) => this.move(zone, image),
      audit: (line) => log('update', line),
      onFault: (fault) => options.onFault(fault),
    })
    this.outcomes = new OutcomeDesk({
      candidatesAbove: (owner, rrClass) => this.candidatesAbove(owner, rrClass),
      nowMs: this.discovery.nowMs,
      onBroken: (told) => log('promise broken', told),
    })
    this.authenticator = new Authenticator({
      keys: makeKeyring(keys),
      nowMs: () => Date.now(),
      sig0: { keysOf: (signer) => this.keysOf(signer), introducedKeysOf: (signer, message, source) => this.introducedKeysOf(signer, message, source) },
    })
    this.handlers = { update: (message, requester) => this.change(message, requester), agent: (message, requester) => this.change(message, requester) }
  }

  /** Puts other TSIG keys into use. */
  useKeys(keys: readonly TsigKey[]): void {
    this.authenticator.useKeys(makeKeyring(keys))
  }

  /** Lays what updates have made of the zone over `image`, which its file has given and nobody reads yet. Updates of the zone wait until `served`. */
  async prepare(config: ConfigZone, image: ZoneImage, file: { serial: number; fingerprint: Uint8Array }): Promise<PreparedZone> {
    const { name, class: rrClass, grants = [] } = config
    const open = this.engine.find(name, rrClass)
    this.note(config)
    if (!isWritable(config)) {
      if (open !== undefined) await this.engine.close(open)
      return { image, writable: undefined }
    }
    await this.openStore()
    await this.runLeases()
    if (open === undefined) {
      const writable = await this.engine.open(image, file, new Grants(grants))
      this.held.push(await writable.queue.hold())
      return { image: writable.image, writable }
    }
    this.held.push(await open.queue.hold())
    open.grants = new Grants(grants)
    await open.open(image, file)
    return { image: open.image, writable: open }
  }

  /** A zone whose file was not read again, or not taken: who may change it is as the config says now. */
  regrant(config: ConfigZone): void {
    const { name, class: rrClass, grants = [] } = config
    const open = this.engine.find(name, rrClass)
    if (open === undefined) return
    this.note(config)
    open.grants = new Grants(grants)
  }

  /** A zone whose block is full goes on in a larger one. */
  private move(zone: { name: Name; class: number }, image: ZoneImage): Promise<void> {
    this.discovery.candidates.moved(zone, image)
    return this.options.serve(zone, image)
  }

  /** What was prepared is in service: updates go on. */
  served(): void {
    for (const release of this.held.splice(0)) release()
  }

  /** A zone that is no longer served. */
  async remove(zone: { name: Name; class: number }): Promise<void> {
    const open = this.engine.find(zone.name, zone.class)
    this.configs.delete(keyInClass(zone))
    if (open !== undefined) await this.engine.close(open)
  }

  /** What to add to the monotonic clock for the time that leases run by; undefined where none does. */
  get leaseOriginMs(): number | undefined {
    return this.isLeasing ? this.discovery.originMs : undefined
  }

  /** Ends after what is under way. */
  async close(): Promise<void> {
    await this.discovery.stop()
    await this.engine.stop()
    await this.store?.close()
  }

  private note(config: ConfigZone): void {
    const id = keyInClass(config)
    if (isWritable(config)) this.configs.set(id, config)
    else this.configs.delete(id)
  }

  /** Starts the clock of leases: with the store, which knows the last time it told. */
  private async runLeases(): Promise<void> {
    if (this.isLeasing) return
    this.isLeasing = true
    this.discovery.start(this.engine)
    await this.options.spreadClock()
  }

  /** Why a demand at a capability is answered as it is; undefined where no agent is registered there. WireFault where the demand is malformed. */
  explain(name: Name, rrClass: number, demand: Uint8Array): Explained | undefined {
    const table = this.candidatesAbove(name, rrClass)?.registrar.table
    const home = this.options.zoneAbove(name, rrClass)?.image
    const zoneOf = (host: LookupName): ZoneImage | null => {
      const image = this.options.zoneAbove(Name.fromWire(host.octets), rrClass)?.image
      image?.refresh()
      return image ?? null
    }
    const options = { settings: DEFAULT_RANKING, random: Math.random, nowMs: this.discovery.nowMs(), hosts: { zoneOf }, ...(home && { home }) }
    return table && (explainAt(table, name, demand, options) ?? movedOn(table, name))
  }

  /** The candidates of the zone that a name is in. */
  candidatesAbove(owner: Name, rrClass: number): Candidates | undefined {
    const zone = this.options.zoneAbove(owner, rrClass)
    return zone && this.discovery.candidates.of({ name: zone.name, class: rrClass })
  }

  private change(message: Message, requester: Requester): Promise<Reply> {
    return this.engine.submit(message, requester).then((verdict) => replyTo(message, verdict))
  }

  /** RDATA of the KEY records that speak for `signer`, as a zone of ours holds them (RFC 2931 3.1). */
  private keysOf(signer: Name): readonly Uint8Array[] {
    const zone = this.options.zoneAbove(signer, CLASS.IN)
    return zone === undefined ? [] : keysIn(zone.image, signer)
  }

  /** KEYs that the update itself puts at the name of its signer, where the zone is open to whoever sent it (RFC 9665 3.2.5.2). */
  private introducedKeysOf(signer: Name, { questions, authorities }: Message, { address }: Source): readonly Uint8Array[] {
    const [zone] = questions
    if (zone === undefined) return []
    const name = zone.name.equals(DEFAULT_ZONE) ? this.defaultZone() : zone.name
    const policy = name && this.configs.get(keyInClass({ name, class: zone.class }))?.registration
    if (policy?.networks.holds(address) !== true) return []
    return authorities.filter((record) => record.type === TYPE.KEY && record.class === zone.class && record.name.equals(signer)).map(({ rdata }) => rdata)
  }

  private defaultZone(): Name | undefined {
    return [...this.configs.values()].find(({ isDefaultService }) => isDefaultService === true)?.name
  }

  // ---- Keeping ----

  private keeper(): Keeper {
    return {
      keep: (writes) => this.openStore().then((store) => store.keep(writes)),
      get: (space, key) => this.store?.get(space, key),
      scan: (space, prefix) => this.store?.scan(space, prefix) ?? [],
    }
  }

  private openStore(): Promise<Store> {
    this.opening ??= this.open().then((store) => (this.store = store))
    return this.opening
  }

  private async open(): Promise<Store> {
    const { dataFolder, log } = this.options
    const folder = join(dataFolder, 'store')
    try {
      makeFolders(dataFolder)
      const store = await Store.open({
        folder,
        onFault: (fault) => log('store fault', { code: fault.code, reason: fault.message }),
        onRecovered: () => log('store recovered', { folder }),
      })
      if (store.refusal !== undefined) log('updates refused', { code: store.refusal.code, reason: store.refusal.message })
      return store
    } catch (error) {
      const fault = error instanceof StoreFault ? error : new StoreFault('readonly', `Cannot open the store ${folder}: ${reasonOf(error)}`, error)
      log('updates refused', { code: fault.code, reason: fault.message })
      return Store.refusing(fault)
    }
  }
}

/** What an update is answered: its verdict, and where the message says AG what is offered (docs/protocol.md 1). */
export function replyTo({ agent }: Message, { rcode, ede, lease, offer }: Verdict): Reply {
  const told = agent && offer !== undefined ? { offer } : {}
  return { rcode, agent: true, ...(ede === undefined ? {} : { ede }), ...(lease === undefined ? {} : { lease }), ...told }
}

/** Octets to leave free in a block that a zone moves to: as much again as the zone needs, or what a change that did not fit asks for, within what a block may have. */
function roomFor(image: ZoneImage, leastOctets: number): number {
  const octets = image.usedOctets - image.wasteOctets
  return Math.max(0, Math.min(Math.max(UPDATE_ROOM_OCTETS, octets, leastOctets), MAX_IMAGE_OCTETS - octets * 2))
}
