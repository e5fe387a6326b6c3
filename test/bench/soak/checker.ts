/**
 * Asks for samples of the zone while it is loaded anew, and judges each answer by the versions that it may show:
 * none older than what any answer had shown before the question was sent, none newer than what was written.
 * Questions come from several ports, so that every worker is asked; since all share one zone, what one of them
 * has shown binds the others.
 */
import { RCODE, TYPE } from '../../../src/dns/codes.ts'
import { Asker } from '../../battery/asker.ts'
import type { Chance } from '../../battery/chance.ts'
import { decode, type SeenMessage } from '../../battery/wire.ts'
import { encodeNamed } from '../queries.ts'
import { hostName } from '../rows.ts'
import { addressOf, APEX } from './zone.ts'

const ASKERS = 8
/** Faults that are told in words; more are only counted. */
const TOLD = 20

/** What one question is about. */
export type Topic = { about: 'version' } | { about: 'host'; host: number } | { about: 'only'; version: number } | { about: 'nobody'; name: string }

/** A checker of the server at `port`. Close it, or the process stays alive. */
export class Checker {
  /** The newest version that an answer has shown. */
  shown = 0
  asked = 0
  faults = 0
  readonly told: string[] = []
  private readonly askers: Asker[]
  private readonly hosts: number
  private readonly chance: Chance
  private written = 0

  /** `hosts` as the zone has; what is asked comes from `chance`. */
  constructor(port: number, hosts: number, chance: Chance) {
    this.hosts = hosts
    this.chance = chance
    this.askers = Array.from({ length: ASKERS }, () => new Asker(port))
  }

  /** From now on answers may show `version`, as its file is about to be put in place. */
  allow(version: number): void {
    this.written = version
  }

  /** Asks one question of chance, by TCP now and then. */
  async sample(): Promise<void> {
    await this.ask(this.draw())
  }

  /** Asks every port for the version. */
  async askVersion(): Promise<void> {
    await Promise.all(this.askers.map((asker) => this.ask({ about: 'version' }, asker)))
  }

  /** Ends the sockets. */
  close(): void {
    for (const asker of this.askers) asker.close()
  }

  private draw(): Topic {
    const { chance } = this
    const of = chance.below(20)
    if (of === 0) return { about: 'version' }
    if (of === 1) return { about: 'nobody', name: `x${chance.next()}` }
    if (of <= 3) return { about: 'only', version: Math.max(1, this.written - chance.below(3)) }
    return { about: 'host', host: chance.below(this.hosts) }
  }

  private async ask(topic: Topic, asker = this.chance.pick(this.askers)): Promise<void> {
    const { shown } = this
    const answer = await asker.ask(encodeNamed(`${nameOf(topic)}.${APEX}`, topic.about === 'version' ? TYPE.TXT : TYPE.A), this.chance.below(50) === 0)
    this.asked++
    const judged = judgeOctets(topic, answer, shown, this.written)
    if (typeof judged === 'number') this.shown = Math.max(this.shown, judged)
    else if (this.faults++ < TOLD) this.told.push(judged)
  }
}

/** As `judge`, of an answer's octets. */
export function judgeOctets(topic: Topic, answer: Uint8Array | undefined, oldest: number, newest: number): number | string {
  try {
    return judge(topic, answer && decode(answer), oldest, newest)
  } catch (fault) {
    return `${nameOf(topic)}: ${(fault as Error).message}` // the decoder is strict: octets that are no message are a fault of the server
  }
}

/** The version that an answer shows (0 where it shows none), or in words what is wrong with it, if it may show the versions from `oldest` to `newest`. */
export function judge(topic: Topic, answer: SeenMessage | undefined, oldest: number, newest: number): number | string {
  const name = nameOf(topic)
  if (answer === undefined) return `${name}: no answer`
  const { rcode, answer: records } = answer
  const may = (version: number): number | string => (version >= oldest && version <= newest ? version : `${name}: version ${version} where ${oldest} to ${newest} may be shown`)
  const isDenied = rcode === RCODE.NXDOMAIN && records.length === 0
  if (topic.about === 'nobody') return isDenied ? 0 : `${name}: RCODE ${rcode} with ${records.length} records for a name that is in no version`
  if (topic.about === 'only' && isDenied) return oldest === topic.version && newest === topic.version ? `${name}: denied in its own version` : 0
  if (rcode !== RCODE.NOERROR || records.length !== 1) return `${name}: RCODE ${rcode} with ${records.length} records`
  const rdata = Buffer.from(records[0].rdata, 'hex')
  switch (topic.about) {
    case 'version':
      return may(Number(rdata.toString('latin1', 1)))
    case 'only':
      return may(topic.version)
    case 'host':
      for (let version = newest; version >= Math.max(1, oldest - 1); version--) if (rdata.readUInt32BE() === addressOf(topic.host, version)) return may(version)
      return `${name}: the address ${records[0].rdata} is of no version from ${oldest} to ${newest}`
  }
}

function nameOf(topic: Topic): string {
  switch (topic.about) {
    case 'version':
      return 'version'
    case 'only':
      return `only${topic.version}`
    case 'nobody':
      return topic.name
    case 'host':
      return hostName(topic.host)
  }
}
