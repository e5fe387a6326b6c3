/**
 * A client that changes a zone over UDP and knows at each moment what the zone may hold of what it asked for. It asks for one
 * change at a time, so that after a crash there are two states to find: before the last change and after it.
 *
 *     add      na-4.c2 and nb-4.c2, one TXT each      two names
 *     replace  r.c2: both records away, two new ones   one RRset
 *     delete   both names of an earlier pair
 *
 * Every change touches two records; half of one is a state that the client does not know.
 */
import { CLASS, OPCODE, TYPE } from '../../src/dns/codes.ts'
import { encodeMessage, makeMessage, type DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import { parseTsigAlgorithm } from '../../src/dnssec/tsig-algorithms.ts'
import { ask, type Asked } from '../../src/client/ask.ts'
import { readOutcome, type ChangeOutcome, type ChangeSigner } from '../../src/client/change.ts'
import { tsigSigner } from '../../src/client/signers.ts'
import type { Endpoint } from '../../src/transport/address.ts'
import type { Chance } from '../battery/chance.ts'

/** The secret of `agents-key`, base64. */
export const SECRET = Buffer.alloc(32, 5).toString('base64')
export const ORIGIN = 'example.com.'
/** The zone that every client changes. */
export const ZONE = '$TTL 300\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\n'

/** With it a response may say why (RFC 8914 3). */
const EDNS = { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: [] }

/** More than a server needs that shares two cores with much else, and has to start a process that writes. */
const PATIENCE_MS = 20_000

/** A config with that zone, for whoever has the key to change. */
export function configText(more = ''): string {
  return `listen: ["127.0.0.1:0"]\n${more}keys: [{ name: agents-key, secret: "${SECRET}" }]\nzones:\n  - name: ${ORIGIN}\n    file: example.com.zone\n    grants: [{ key: agents-key, scope: zone, types: [ANY] }]\n`
}

/** Who signs by `agents-key`. */
export function makeSigner(): ChangeSigner {
  const algorithm = parseTsigAlgorithm('hmac-sha256')
  if (typeof algorithm === 'string') throw new Error(algorithm)
  return tsigSigner({ name: Name.parse('agents-key.'), algorithm, secret: Buffer.from(SECRET, 'base64') })
}

/** Asks for `updates`, records as text, once and over UDP; where `gone` comes first there is no answer. */
export async function change(server: Endpoint, signer: ChangeSigner, id: number, updates: readonly string[], timeoutMs: number, gone?: Promise<Asked>): Promise<ChangeOutcome> {
  const zone = { name: Name.parse(ORIGIN), type: TYPE.SOA, class: CLASS.IN }
  const { octets, check } = await signer.sign(encodeMessage(makeMessage({ id, opcode: OPCODE.UPDATE, questions: [zone], authorities: updates.map(readUpdate), edns: EDNS })))
  const asking = ask(octets, { server, timeoutMs, tries: 1 })
  const asked = await (gone === undefined ? asking : Promise.race([asking, gone]))
  if ('failed' in asked) return { kind: 'unreachable', reason: asked.failed }
  const wrong = await check(asked.octets)
  return wrong === undefined ? readOutcome(asked.octets) : { kind: 'unreachable', reason: wrong }
}

/** `name 60 IN TXT "x"` adds, `name 0 NONE TXT "x"` removes a record, `name 0 ANY TXT` an RRset (RFC 2136 2.5). */
function readUpdate(text: string): DnsRecord {
  const [name, , rrClass, type, ...rdata] = text.split(' ')
  if (rrClass !== 'ANY' || rdata.length > 0 || type !== 'TXT') return parseRecord(text)
  return { name: Name.parse(name), type: TYPE.TXT, class: CLASS.ANY, ttl: 0, rdata: new Uint8Array(0) }
}

/** What the zone holds: `name TXT "value"`. */
export type State = ReadonlySet<string>

/** One client. */
export class UpdateClient {
  /** What must stand in the zone. */
  state: State = new Set()
  /** What may stand there instead, after a change that nobody has answered. */
  doubtful: State | undefined
  /** Changes that the server has acknowledged. */
  acknowledged = 0
  /** Answers that a server in good health would not have given. */
  readonly complaints: string[] = []
  readonly name: string
  private readonly chance: Chance
  private readonly signer = makeSigner()
  private count = 0

  constructor(index: number, chance: Chance) {
    this.name = `c${index}.${ORIGIN}`
    this.chance = chance
  }

  /** Asks for change after change until one is not acknowledged, or `isOver`; nothing answers after `gone`. */
  async run(server: Endpoint, isOver: () => boolean, gone: Promise<Asked>): Promise<void> {
    while (!isOver()) {
      const outcome = await this.ask(server, gone)
      if (outcome.kind !== 'done') return this.lose(outcome)
    }
  }

  /** Asks for one change; one before it that was not acknowledged must not have been, from the moment that this one is. */
  async ask(server: Endpoint, gone?: Promise<Asked>): Promise<ChangeOutcome> {
    const { updates, after } = this.next()
    this.doubtful = after
    const outcome = await change(server, this.signer, this.chance.below(0x1_0000), updates, PATIENCE_MS, gone)
    if (outcome.kind !== 'done') return outcome
    this.settle(after)
    this.acknowledged++
    return outcome
  }

  /** Takes what was found in the zone for true; gives what is wrong with it. */
  judge(found: State): string[] {
    const { state, doubtful } = this
    const possible = doubtful === undefined ? [state] : [doubtful, state]
    const fitting = possible.find((one) => isSame(one, found))
    if (fitting === undefined) return [...differences(state, found, 'acknowledged'), ...(doubtful === undefined ? [] : differences(doubtful, found, 'or, with the last change'))].map((line) => `${this.name}: ${line}`)
    this.settle(fitting)
    return []
  }

  private lose(outcome: Exclude<ChangeOutcome, { kind: 'done' }>): void {
    // a crash is seen as a closed port or silence; a server that answers has no reason to say no
    if (outcome.kind === 'refused' || !/^(nothing listens|none came|the server ended)/.test(outcome.reason)) this.complaints.push(`${this.name}: ${outcome.kind}: ${outcome.reason}`)
  }

  private settle(state: State): void {
    this.state = state
    this.doubtful = undefined
  }

  private next(): { updates: string[]; after: State } {
    const n = this.count++
    const pairs = [...this.state].filter((line) => line.startsWith('na-'))
    const kind = this.chance.below(10)
    if (kind < 2 && pairs.length > 3) return this.remove(this.chance.pick(pairs))
    return kind < 5 ? this.replace(n) : this.add(n)
  }

  private add(n: number): { updates: string[]; after: State } {
    const names = [`na-${n}.${this.name}`, `nb-${n}.${this.name}`]
    const after = new Set([...this.state, ...names.map((name) => `${name} TXT "${n}"`)])
    return { updates: names.map((name) => `${name} 60 IN TXT "${n}"`), after }
  }

  private replace(n: number): { updates: string[]; after: State } {
    const owner = `r.${this.name}`
    const after = new Set([...this.state].filter((line) => !line.startsWith(`${owner} `)))
    for (const word of ['one', 'two']) after.add(`${owner} TXT "${word} ${n}"`)
    return { updates: [`${owner} 0 ANY TXT`, `${owner} 60 IN TXT "one ${n}"`, `${owner} 60 IN TXT "two ${n}"`], after }
  }

  private remove(line: string): { updates: string[]; after: State } {
    const [first, , value] = line.split(' ')
    const second = first.replace('na-', 'nb-')
    const after = new Set([...this.state].filter((one) => !one.startsWith(`${first} `) && !one.startsWith(`${second} `)))
    return { updates: [`${first} 0 ANY TXT`, `${second} 0 NONE TXT ${value}`], after }
  }
}

function isSame(a: State, b: State): boolean {
  return a.size === b.size && [...a].every((line) => b.has(line))
}

function differences(wanted: State, found: State, which: string): string[] {
  const gone = [...wanted].filter((line) => !found.has(line)).map((line) => `${which}: gone: ${line}`)
  const surplus = [...found].filter((line) => !wanted.has(line)).map((line) => `${which}: not asked for: ${line}`)
  return [...gone, ...surplus]
}
