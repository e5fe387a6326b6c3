/**
 * QNAME minimisation (RFC 9156): a server learns no more of a name than it needs to send us on. The names on the way are
 * asked for with type A (RFC 9156 2.1), one label more each time at first, several at a time in long names (2.3).
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_MINIMISED_STEPS, SINGLE_LABEL_STEPS } from '../dns/limits-resolver.ts'
import { Name } from '../dns/name.ts'

/** What is asked of one server; `whole` where it is what the client asked. */
export interface Step {
  readonly name: Name
  readonly type: number
  readonly whole: boolean
}

/** The questions on the way to one name. */
export class Minimiser {
  private readonly name: Name
  private readonly type: number
  private readonly labels: number
  private steps = 0
  /** Labels of the longest name asked for so far. */
  private asked = 0
  private isOff: boolean

  constructor(name: Name, type: number, on: boolean) {
    this.name = name
    this.type = type
    this.labels = name.labelCount
    this.isOff = !on
  }

  /** What to ask the servers of `zone`: a name longer than the zone's and than those asked for before. */
  next(zone: Name): Step {
    const from = Math.max(zone.labelCount, this.asked)
    const left = this.labels - from
    if (this.isOff || left <= 1 || this.steps >= MAX_MINIMISED_STEPS) return this.whole()
    const jump = this.steps < SINGLE_LABEL_STEPS ? 1 : Math.ceil(left / (MAX_MINIMISED_STEPS - this.steps))
    let count = from + jump
    // RFC 9156 2.3: no zone is cut at an underscored name (RFC 8552), so none needs asking for
    while (count < this.labels && this.isUnderscored(count)) count++
    if (count >= this.labels) return this.whole()
    this.steps++
    this.asked = count
    return { name: suffix(this.name, count), type: TYPE.A, whole: false }
  }

  /** Servers do not answer names on the way as they should: from now on the whole name is asked for (RFC 9156 2.3, 4). */
  giveUp(): void {
    this.isOff = true
  }

  private whole(): Step {
    return { name: this.name, type: this.type, whole: true }
  }

  private isUnderscored(count: number): boolean {
    return suffix(this.name, count).wire[1] === 0x5f
  }
}

/** The last `count` labels of `name`: `suffix(a.b.example., 2)` is `b.example.` */
export function suffix(name: Name, count: number): Name {
  let at = 0
  for (let drop = name.labelCount - count; drop > 0; drop--) at += name.wire[at] + 1
  return Name.fromWire(name.wire, at)
}
