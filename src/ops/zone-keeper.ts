/**
 * Keeps the zones in service. Loading happens on another thread; here its results are weighed and take
 * effect: a good zone replaces the old in one step (a new directory), a bad one leaves the old in service
 * and says why. Queries are answered from the old directory until the very moment of the swap, so a client
 * meets old or new and never neither.
 */
import { printClass, TYPE } from '../dns/codes.ts'
import { keyInClass, type Name, wireLength } from '../dns/name.ts'
import { isNewerSerial } from '../dns/serial.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import { fingerprintOf } from '../zone/fingerprint.ts'
import { ZoneImage } from '../zone/image.ts'
import type { WritableZone } from '../update/writable-zone.ts'
import type { ConfigZone } from './config.ts'
import { hasErrors, type Finding } from './finding.ts'
import type { Log } from './log.ts'
import type { PreparedZone, Updating } from './updating.ts'
import type { LoadedZone } from './zone-jobs.ts'

/** A zone in service. */
export interface ServedZone {
  config: ConfigZone
  image: ZoneImage
  serial: number
  /** Milliseconds since 1970. */
  loadedAtMs: number
  loadMs: number
  /** Why the last reload was refused; undefined where it was not. */
  refusal: string | undefined
  /** Set where updates may change it; its serial is then the one to show. */
  writable?: WritableZone | undefined
}

/** What a reload did to one zone. `kept`: the new file is bad and the old zone stays; `refused`: it is bad and there is no old one. */
export interface ZoneOutcome {
  zone: string
  class: string
  outcome: 'loaded' | 'reloaded' | 'kept' | 'refused' | 'removed'
  serial?: number
  previousSerial?: number
  findings: Finding[]
}

/** What the keeper needs of the world. */
export interface KeeperWorld {
  /** The process's hash seed. */
  seed: number
  /** Loads zone files away from the answering thread, results in the order of `zones`. */
  load(zones: readonly ConfigZone[]): Promise<LoadedZone[]>
  /** Puts a directory into service; resolves when every thread answers from it. */
  publish(directory: ZoneDirectory): Promise<void>
  /** Zones that change while they are served; without it none does. */
  updating?: Pick<Updating, 'prepare' | 'regrant' | 'served' | 'remove'>
  log: Log
  nowMs(): number
}

/** The zones in service, and the only one who changes which they are. */
export class ZoneKeeper {
  private readonly world: KeeperWorld
  private served = new Map<string, ServedZone>()
  /** What is in service, for searches. */
  directory: ZoneDirectory

  constructor(world: KeeperWorld) {
    this.world = world
    this.directory = new ZoneDirectory([], world.seed)
  }

  /** Zones in service, in the order of the config. */
  get zones(): ServedZone[] {
    return [...this.served.values()]
  }

  /** The zone in service of that name and class. */
  find(zone: { name: Name; class: number }): ServedZone | undefined {
    return this.served.get(keyInClass(zone))
  }

  /**
   * Makes `zones` those in service: loads all of them, or those for which `only` is true where it is given,
   * and removes what is not listed. One outcome for each zone that was loaded or removed.
   */
  async apply(zones: readonly ConfigZone[], only: (zone: ConfigZone) => boolean = () => true): Promise<ZoneOutcome[]> {
    try {
      return await this.load(zones, only)
    } finally {
      this.world.updating?.served() // whatever became of the load, updates do not wait for ever
    }
  }

  private async load(zones: readonly ConfigZone[], only: (zone: ConfigZone) => boolean): Promise<ZoneOutcome[]> {
    const isStart = this.served.size === 0
    const wanted = zones.filter(only)
    const loaded = await this.world.load(wanted)
    const fresh = new Map(wanted.map((zone, i) => [keyInClass(zone), loaded[i]]))
    const next = new Map<string, ServedZone>()
    const outcomes: ZoneOutcome[] = []
    for (const config of zones) {
      const id = keyInClass(config)
      const old = this.served.get(id)
      const result = fresh.get(id)
      const zone = result === undefined ? this.keep(config, old) : await this.weigh(config, old, result, outcomes)
      if (zone !== undefined) next.set(id, zone)
    }
    for (const [id, old] of this.served) {
      if (next.has(id)) continue
      outcomes.push({ ...headOf(old.config), outcome: 'removed', previousSerial: old.serial, findings: [] })
      await this.world.updating?.remove(old.config)
    }
    // a zone that was not read again may have moved to a larger block meanwhile
    this.served = new Map([...next].map(([id, zone]) => [id, { ...zone, image: zone.writable?.image ?? zone.image }]))
    await this.publish()
    for (const outcome of outcomes) this.tell(outcome, isStart)
    return outcomes
  }

  /** Puts another block of a zone into service: one that updates have filled gives way to a larger one. */
  async replace(zone: { name: Name; class: number }, image: ZoneImage): Promise<void> {
    const served = this.find(zone)
    if (served === undefined) return
    this.served.set(keyInClass(served.config), { ...served, image })
    await this.publish()
  }

  /** The zones in service as one directory. */
  private publish(): Promise<void> {
    this.directory = new ZoneDirectory(this.zones.map((zone) => zone.image), this.world.seed)
    return this.republish()
  }

  /** Tells every thread once more what is in service. */
  republish(): Promise<void> {
    return this.world.publish(this.directory)
  }

  /** A zone whose file is not read again. */
  private keep(config: ConfigZone, old: ServedZone | undefined): ServedZone | undefined {
    if (old === undefined) return undefined
    this.world.updating?.regrant(config)
    return { ...old, config }
  }

  /** The zone to serve after a load: the new one, or the old one where the new is bad. */
  private async weigh(config: ConfigZone, old: ServedZone | undefined, result: LoadedZone, outcomes: ZoneOutcome[]): Promise<ServedZone | undefined> {
    const { findings, buffer, loadMs } = result
    const head = { ...headOf(config), findings }
    const before = old === undefined ? {} : { previousSerial: old.serial }
    if (buffer === undefined || hasErrors(findings)) {
      outcomes.push({ ...head, ...before, outcome: old === undefined ? 'refused' : 'kept' })
      const refusal = findings.find((finding) => finding.severity === 'error')?.message ?? 'the file could not be loaded'
      const kept = this.keep(config, old)
      return kept && { ...kept, refusal }
    }
    const { image, writable } = await this.prepare(config, new ZoneImage(buffer), result)
    const serial = serialOf(image)
    outcomes.push({ ...head, ...before, outcome: old === undefined ? 'loaded' : 'reloaded', serial })
    return { config, image, serial, writable, loadedAtMs: this.world.nowMs(), loadMs, refusal: undefined }
  }

  private async prepare(config: ConfigZone, image: ZoneImage, { serial, fingerprint }: LoadedZone): Promise<PreparedZone> {
    const { updating } = this.world
    if (updating === undefined) return { image, writable: undefined }
    return updating.prepare(config, image, { serial, fingerprint: fingerprint ?? fingerprintOf(image) })
  }

  private tell({ findings, ...fields }: ZoneOutcome, isStart: boolean): void {
    const { log } = this.world
    const { zone, class: rrClass, outcome, serial, previousSerial } = fields
    for (const { severity, file, line, column, message, check } of findings) {
      log(`zone ${severity}`, { zone, class: rrClass, at: `${file}:${line}:${column}`, text: message, check })
    }
    log(isStart && outcome === 'loaded' ? 'zone served' : `zone ${outcome}`, fields)
    if (serial !== undefined && previousSerial !== undefined && isNewerSerial(previousSerial, serial)) log('zone serial went backwards', fields)
  }
}

function headOf(zone: ConfigZone): { zone: string; class: string } {
  return { zone: zone.name.toString(), class: printClass(zone.class) }
}

/** SERIAL of the zone's SOA (RFC 1035 3.3.13). */
export function serialOf(image: ZoneImage): number {
  const { octets } = image
  const soa = image.rrsetOf(image.apex, TYPE.SOA)
  let at = image.rdataAt(image.firstRecordAt(soa))
  at += wireLength(octets, at)
  at += wireLength(octets, at)
  return ((octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]) >>> 0
}
