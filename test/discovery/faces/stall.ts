/** A zone with agents that is asked for its faces, through the whole path without sockets; a test moves its clock and what becomes of its agents. */
import assert from 'node:assert/strict'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { AgentFaces } from '../../../src/discovery/faces/faces.ts'
import { ALL_SHOWN } from '../../../src/discovery/faces/names.ts'
import { Askers, type AskerValues } from '../../../src/discovery/ranking/askers.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import type { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { CLASS, OPTION, printClass } from '../../../src/dns/codes.ts'
import { Name } from '../../../src/dns/name.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import type { ZoneImage } from '../../../src/zone/image.ts'
import { type Asking, type Conversed, converserOf, SEED, serverOf, zoneOf } from '../../authority/ask.ts'
import type { Server } from '../../../src/server/server.ts'
import { agentName, BEGIN_MS, chance, demandOctets, holdAgent, setAgentState } from '../ranking/hive.ts'

export const APEX = 'acme.example.'
export const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'

/** What is asked besides the question. */
export interface Want extends Asking {
  demand?: string
}

/** One such zone. */
export class Stall {
  nowMs = BEGIN_MS
  /** Demands that told what became of earlier choices. */
  told = 0
  readonly image: ZoneImage
  readonly registrar: Registrar
  readonly server: Server
  private readonly chooser: RankedChooser
  private readonly converse

  constructor(text: string, shown = ALL_SHOWN, seed = 1, rrClass: number = CLASS.IN) {
    this.image = zoneOf(APEX, HEAD + text, rrClass)
    const { registrar, refused } = registerZone(this.image, () => undefined)
    assert.equal(refused, 0)
    registrar.showFaces(shown)
    this.registrar = registrar
    const chooser = this.chooser = new RankedChooser({ nowMs: () => this.nowMs, random: chance(seed), onOutcomes: () => void this.told++ })
    chooser.useTables([registrar.table.buffer])
    this.server = serverOf([], { authority: new ZoneAuthority(new ZoneDirectory([this.image], SEED), SEED, new AgentFaces(chooser, SEED)) })
    this.converse = converserOf(this.server)
  }

  /** Shows agents to these alone. */
  showTo(askers: AskerValues): void {
    this.chooser.useAskers([new Askers(askers)])
  }

  /** Asks `name` below the apex; `''` is the apex. */
  ask(name: string, type: string, { demand, ...asking }: Want = {}): Conversed {
    const options: [number, string][] = demand === undefined ? [] : [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')]]
    return this.converse(`${name}${name === '' ? '' : '.'}${APEX} ${type} ${printClass(this.image.class)}`, { size: 4_096, options, ...asking })
  }

  /** What is answered, as `TYPE RDATA` of each record; an RCODE where there is none. */
  tell(name: string, type: string, want: Want = {}): string[] {
    const { answer, rcode } = this.ask(name, type, want)
    return answer.length === 0 ? [rcode] : answer.map((line) => line.split(' ').slice(3).join(' '))
  }

  /** The lease of the agent has ended, though nothing has taken it away yet. */
  expire(label: string): void {
    for (const slot of this.registrar.slotsOf(agentName(label))) this.registrar.renew(slot, this.nowMs)
  }

  /** The agent withdraws. */
  leave(label: string): void {
    for (const slot of this.registrar.slotsOf(agentName(label))) this.registrar.remove(this.registrar.ownerOf(slot), agentName(label))
    this.registrar.commit()
  }

  /** The agent is `state` 4 failed, 3 draining …; or held by somebody. */
  setState(label: string, state: number): void {
    setAgentState(this.registrar, agentName(label), state)
  }

  hold(label: string): void {
    holdAgent(this.registrar, agentName(label), this.nowMs + 1_000)
  }

  /** A name in wire form, in hexadecimal. */
  static hex(name: string): string {
    return Buffer.from(Name.parse(name).wire).toString('hex')
  }
}
