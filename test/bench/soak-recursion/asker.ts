/**
 * Asks the recursive server at an even rate, by UDP and now and then by TCP, for names that are popular, seldom, or of
 * chance alone; judge.ts says what is wrong with the answers.
 */
import { createSocket, type Socket } from 'node:dgram'
import { ask } from '../../../src/client/ask.ts'
import { CLASS, TYPE } from '../../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import type { Chance } from '../../battery/chance.ts'
import { type Asked, type HostState, Judge } from './judge.ts'
import { type Leaf, TOP_LEVEL, type Tree } from './tree.ts'

/** As stub resolvers do: who has no answer by then asks again, so often in all. */
const AGAIN_MS = 5_000
const TRIES = 3
const PATIENCE_MS = TRIES * AGAIN_MS
const HELD_UP_MS = 1_000
const SOCKETS = 4
const TICK_MS = 10
const EXAMPLES = 20
/** Popularity falls with the rank to this power, as seen at resolvers. */
const ZIPF = 0.95

/** A question under way. */
interface Sent extends Asked {
  readonly text: string
  readonly name: Name
  timer?: NodeJS.Timeout
}

/** Asks and checks; says at once what was wrong. `junk` percent of the names in zones are of chance alone, and asked once. */
export class Asker {
  readonly counts = { asked: 0, answered: 0, tcp: 0, again: 0, lost: 0, wrong: 0, lagMs: 0 }
  readonly judge: Judge
  /** The first answers that were wrong, and the first questions that had none: these come in crowds. */
  readonly wrong: string[] = []
  readonly unanswered: string[] = []
  private readonly tree: Tree
  private readonly chance: Chance
  private readonly port: number
  private readonly say: (line: string) => void
  private readonly sockets: Socket[] = []
  private readonly open: Map<number, Sent>[] = []
  private readonly shares: Float64Array
  private timer: NodeJS.Timeout | undefined
  private readonly junk: number
  private pending = 0

  constructor(tree: Tree, hosts: ReadonlyMap<number, HostState>, port: number, chance: Chance, say: (line: string) => void, junk: number) {
    this.junk = junk
    this.say = say
    this.tree = tree
    this.judge = new Judge(tree, hosts)
    this.chance = chance
    this.port = port
    let sum = 0
    this.shares = Float64Array.from(tree.leaves, (_, rank) => (sum += 1 / (rank + 1) ** ZIPF))
  }

  /** Asks `perSecond` times a second until `end`. */
  async begin(perSecond: number): Promise<void> {
    for (let i = 0; i < SOCKETS; i++) {
      const socket = createSocket('udp4')
      const open = new Map<number, Sent>()
      socket.on('message', (octets) => this.take(open, octets))
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
      this.sockets.push(socket)
      this.open.push(open)
    }
    const began = performance.now()
    let lastMs = began
    this.timer = setInterval(() => {
      this.counts.lagMs = Math.max(this.counts.lagMs, Math.round(performance.now() - lastMs - TICK_MS))
      lastMs = performance.now()
      const due = Math.floor(((performance.now() - began) / 1_000) * perSecond)
      while (this.counts.asked < due) this.send()
    }, TICK_MS)
  }

  /** Asks no more, and waits for what is open. */
  async end(): Promise<void> {
    clearInterval(this.timer)
    for (const until = performance.now() + PATIENCE_MS + 2 * HELD_UP_MS; this.pending > 0 && performance.now() < until;) await new Promise((resolve) => setTimeout(resolve, 100))
    for (const socket of this.sockets) socket.close()
  }

  private send(): void {
    const asked = this.choose()
    this.counts.asked++
    this.pending++
    if (this.chance.percent(3)) {
      void this.sendByTcp(asked)
      return
    }
    const at = this.chance.below(SOCKETS)
    const open = this.open[at]
    let id = this.chance.below(0x1_0000)
    while (open.has(id)) id = this.chance.below(0x1_0000)
    open.set(id, asked)
    this.sendByUdp(open, at, encode(id, asked), asked, 1)
  }

  private sendByUdp(open: Map<number, Sent>, at: number, octets: Uint8Array, asked: Sent, tries: number): void {
    this.sockets[at].send(octets, this.port, '127.0.0.1')
    const next = (): void => {
      if (tries < TRIES) {
        this.counts.again++
        return this.sendByUdp(open, at, octets, asked, tries + 1)
      }
      // an answer that lies there as this process was held up is read first
      asked.timer = setTimeout(() => open.delete((octets[0] << 8) | octets[1]) && this.lose(asked), HELD_UP_MS)
    }
    asked.timer = setTimeout(next, AGAIN_MS)
  }

  private async sendByTcp(asked: Sent): Promise<void> {
    this.counts.tcp++
    const told = await ask(encode(this.chance.below(0x1_0000), asked), { server: { host: '127.0.0.1', family: 4, port: this.port }, tcp: true, timeoutMs: PATIENCE_MS, tries: 1 })
    if ('octets' in told) this.look(asked, decodeMessage(told.octets))
    else this.lose(asked)
  }

  private take(open: Map<number, Sent>, octets: Buffer): void {
    const id = octets.readUInt16BE(0)
    const asked = open.get(id)
    const message = decodeMessage(octets)
    // the second answer to one that was asked again may come under the ID of the next
    if (asked === undefined || !message.questions.some(({ name, type }) => type === asked.type && name.equals(asked.name))) return
    open.delete(id)
    clearTimeout(asked.timer)
    this.look(asked, message)
  }

  private choose(): Sent {
    const { chance, tree } = this
    const flags = { dnssecOk: chance.percent(30), checkingDisabled: chance.percent(10), atMs: performance.now() }
    const make = (text: string, type: number, leaf: Leaf | undefined, shown: Leaf | undefined, expects: Asked['expects']): Sent => ({ text, name: Name.parse(text), type, leaf, shown, expects, ...flags })
    const junk = `x${chance.next().toString(36)}`
    if (chance.percent(3)) return make(`${junk}.`, TYPE.A, undefined, undefined, 'nxdomain')
    if (chance.percent(3)) return make(`www.${junk}.t${chance.below(TOP_LEVEL)}.`, TYPE.A, undefined, undefined, 'nxdomain')
    const leaf = this.popular()
    const kind = chance.below(100)
    if (chance.percent(this.junk)) {
      if (kind < 75) return make(`${junk}.${leaf.apex}`, TYPE.A, leaf, undefined, 'nxdomain')
      return make(`${junk}.wild.${leaf.apex}`, TYPE.TXT, leaf, leaf, 'version')
    }
    if (kind < 6) return make(`www.${leaf.apex}`, TYPE.MX, leaf, undefined, 'nodata')
    if (kind < 18) return make(`alias.${leaf.apex}`, TYPE.A, leaf, leaf, 'version')
    if (kind < 31) return make(`far.${leaf.apex}`, TYPE.TXT, leaf, tree.farOf(leaf), 'version')
    return make(`www.${leaf.apex}`, kind < 65 ? TYPE.A : TYPE.TXT, leaf, leaf, 'version')
  }

  private popular(): Leaf {
    const { shares, chance, tree } = this
    const at = (chance.next() / 2 ** 32) * shares[shares.length - 1]
    let [from, to] = [0, shares.length - 1]
    while (from < to) {
      const middle = (from + to) >> 1
      if (shares[middle] < at) from = middle + 1
      else to = middle
    }
    return tree.leaves[from]
  }

  private lose(asked: Sent): void {
    this.pending--
    this.counts.lost++
    this.tell(asked, `nothing within ${PATIENCE_MS} ms`, this.unanswered)
  }

  private look(asked: Sent, message: Message): void {
    this.pending--
    this.counts.answered++
    const why = this.judge.faultOf(asked, message, performance.now())
    if (why !== undefined) this.tell(asked, why, this.wrong)
  }

  private tell({ text, type, dnssecOk, checkingDisabled }: Sent, why: string, examples: string[]): void {
    this.counts.wrong++
    if (examples.length >= EXAMPLES) return
    examples.push(`${new Date().toISOString()} ${text} type ${type}${dnssecOk ? ' DO' : ''}${checkingDisabled ? ' CD' : ''}: ${why}`)
    this.say(`FAULT: ${examples[examples.length - 1]}`)
  }
}

function encode(id: number, { name, type, dnssecOk, checkingDisabled }: Sent): Uint8Array {
  const edns = { udpSize: 1_232, version: 0, dnssecOk, compactOk: false, options: [] }
  return encodeMessage(makeMessage({ id, recursionDesired: true, checkingDisabled, questions: [{ name, type, class: CLASS.IN }], edns }))
}
