/**
 * Domain names (RFC 1034 3.1): octets as they travel, case kept, and a key that answers every question
 * asked of a name outside the answering path.
 *
 * The key is the name root-first, folded to lower case, each label closed by octet 0. Octets 0 and 1
 * inside a label are written (1, 1) and (1, 2), so that 0 only ever closes a label and order is kept:
 *
 *     a.key === b.key              the same name, case aside       RFC 1034 3.1
 *     a.key < b.key                canonical order                 RFC 4034 6.1
 *     a.key.startsWith(b.key)      a is b, or lies below b         RFC 1034 3.1
 */
import { TextFault } from './faults.ts'
import { MAX_LABEL_OCTETS, MAX_LABELS, MAX_NAME_OCTETS } from './limits.ts'
import { type WireReader, WireWriter } from './octets.ts'
import { TextReader } from './text.ts'

/** Places for names read lately: some names that come again and again keep theirs though each message brings one that does not. */
const READ_LATELY = 64

/** An absolute domain name; immutable. */
export class Name {
  static readonly root: Name = new Name(Uint8Array.of(0))
  /** Names read lately, by a hash: a zone, a key, an algorithm come with every message, and are made and folded once. */
  static readonly #readLately: Name[] = Array.from({ length: READ_LATELY }, () => Name.root)
  /** Uncompressed wire form, the root's zero octet included; 1 to 255 octets. */
  readonly wire: Uint8Array
  #key: string | undefined
  #keyIn: string | undefined
  #class = 0

  private constructor(wire: Uint8Array) {
    this.wire = wire
  }

  /** The name whose checked, uncompressed wire form starts `wire` at `at`; the octets are copied. */
  static fromWire(wire: Uint8Array, at = 0): Name {
    return new Name(wire.slice(at, at + wireLength(wire, at)))
  }

  /** The same, for a name that comes again and again: it is made and folded once. */
  static again(wire: Uint8Array, at = 0): Name {
    return Name.#lately(wire, at, at + wireLength(wire, at))
  }

  /** Reads a name from a message, following pointers. WireFault as `WireReader.name`. */
  static read(reader: WireReader, pointers = true): Name {
    readOctets.reset()
    reader.name(readOctets, pointers)
    return Name.#lately(readOctets.octets, 0, readOctets.at)
  }

  static #lately(octets: Uint8Array, at: number, end: number): Name {
    const slot = hashOf(octets, at, end) & (READ_LATELY - 1)
    const lately = Name.#readLately[slot]
    return isWrittenIn(lately.wire, octets, at, end) ? lately : (Name.#readLately[slot] = new Name(octets.slice(at, end)))
  }

  /**
   * The name that `text` writes in presentation form (RFC 1035 5.1), such as `www.example.` or `a\.b.example`.
   * A name without the final dot is completed by `origin` (default: the root). TextFault where it is no name.
   */
  static parse(text: string, origin: Name = Name.root): Name {
    const reader = new TextReader(Buffer.from(text), '<name>')
    reader.origin = origin.wire
    const out = new WireWriter(64, MAX_NAME_OCTETS)
    if (!reader.beginEntry() || !reader.token()) throw new TextFault('Cannot parse name "" as it is empty', { file: '<name>', line: 1, column: 1 })
    // a comment, a parenthesis or a second line behind a name would be dropped without a word
    if (reader.start !== 0 || reader.end !== reader.octets.length) throw new TextFault(`Cannot parse name "${text}" as it must be one word`, reader.here())
    reader.readName(out, 'name')
    return new Name(out.finish())
  }

  get key(): string {
    return (this.#key ??= keyOf(this.wire))
  }

  /** How many labels, the root not counted: 0 to 127. */
  get labelCount(): number {
    return countLabels(this.wire, 0)
  }

  /** The key with a class before it: what stands for the same name in the same class. */
  keyIn(rrClass: number): string {
    if (this.#keyIn === undefined || this.#class !== rrClass) {
      this.#class = rrClass
      this.#keyIn = `${rrClass} ${this.key}`
    }
    return this.#keyIn
  }

  equals(other: Name): boolean {
    return this.wire.length === other.wire.length && sameNameAt(this.wire, 0, other.wire, 0)
  }

  /** Whether this name is `other` or lies below it. */
  isWithin(other: Name): boolean {
    return this.key.startsWith(other.key)
  }

  /** The name with its first label removed; the root is its own parent. */
  parent(): Name {
    return this.wire[0] === 0 ? this : new Name(this.wire.slice(this.wire[0] + 1))
  }

  /** Negative, 0 or positive in canonical order (RFC 4034 6.1). */
  compare(other: Name): number {
    return this.key < other.key ? -1 : this.key > other.key ? 1 : 0
  }

  /** Presentation form, absolute, with the final dot: `www.example.`; the root is `.`. */
  toString(): string {
    return printName(this.wire, 0)
  }
}

/** Octets of the uncompressed wire name at `at`, its zero octet included. The octets must be a checked name. */
export function wireLength(octets: Uint8Array, at: number): number {
  let end = at
  while (octets[end] !== 0) end += octets[end] + 1
  return end + 1 - at
}

/** Labels of the uncompressed wire name at `at`, the root not counted. */
export function countLabels(octets: Uint8Array, at: number): number {
  let count = 0
  for (; octets[at] !== 0; at += octets[at] + 1) count++
  return count
}

/** `octet` with A-Z folded to a-z (RFC 4343). */
export function fold(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
}

/** Whether `octets[at … at + size)` is a label of letters, digits and hyphens, none of them at an end (RFC 1123 2.1): what certificates and browsers take for a host's. */
export function isHostLabel(octets: Uint8Array, at: number, size: number): boolean {
  if (size === 0 || size > MAX_LABEL_OCTETS || octets[at] === HYPHEN || octets[at + size - 1] === HYPHEN) return false
  for (let i = at; i < at + size; i++) {
    const octet = fold(octets[i])
    const isLetterOrDigit = (octet >= 0x61 && octet <= 0x7a) || (octet >= 0x30 && octet <= 0x39)
    if (!isLetterOrDigit && octet !== HYPHEN) return false
  }
  return true
}

const HYPHEN = 0x2d

/** Whether the uncompressed wire names at `a[aAt]` and `b[bAt]` are the same, case aside (RFC 4343 3). */
export function sameNameAt(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  if (a === b && aAt === bAt) return true
  for (let left = 0; ; ) {
    const x = a[aAt++]
    const y = b[bAt++]
    if (left === 0) {
      if (x !== y) return false
      if (x === 0) return true
      left = x
    } else {
      if (x !== y && fold(x) !== fold(y)) return false
      left--
    }
  }
}

const ESCAPED = new Set(Array.from('".;\\@$()', (c) => c.charCodeAt(0)))

/** One label or character-string octet in presentation form: itself, `\X` or `\DDD` (RFC 1035 5.1). */
export function printOctet(octet: number): string {
  if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, '0')}`
  return ESCAPED.has(octet) ? `\\${String.fromCharCode(octet)}` : String.fromCharCode(octet)
}

/** Presentation form of the uncompressed wire name at `at`. */
export function printName(octets: Uint8Array, at: number): string {
  if (octets[at] === 0) return '.'
  let text = ''
  while (octets[at] !== 0) {
    const end = at + 1 + octets[at]
    while (++at < end) text += printOctet(octets[at])
    text += '.'
  }
  return text
}

/** What a name in a class is known by, such as a zone: equal for the same two, case aside. */
export function keyInClass({ name, class: rrClass }: { name: Name; class: number }): string {
  return name.keyIn(rrClass)
}

/** `name` with its end `above` replaced by `target` (RFC 6672 2.2); undefined where that would be longer than a name may be. */
export function renamed(name: Name, above: Name, target: Name): Name | undefined {
  const kept = name.wire.subarray(0, name.wire.length - above.wire.length)
  if (kept.length + target.wire.length > MAX_NAME_OCTETS) return undefined
  return Name.fromWire(Uint8Array.from([...kept, ...target.wire]))
}

function hashOf(octets: Uint8Array, at: number, end: number): number {
  let hash = end - at
  for (let i = at; i < end; i++) hash = (Math.imul(hash, 31) + octets[i]) | 0
  return hash ^ (hash >>> 15)
}

/** Whether these octets are the name, in the same case. */
function isWrittenIn(wire: Uint8Array, octets: Uint8Array, at: number, end: number): boolean {
  if (wire.length !== end - at) return false
  for (let i = 0; i < wire.length; i++) if (wire[i] !== octets[at + i]) return false
  return true
}

const readOctets = new WireWriter(MAX_NAME_OCTETS, MAX_NAME_OCTETS)
const labelStarts = new Uint8Array(MAX_LABELS)
const keyOctets = Buffer.alloc(2 * MAX_NAME_OCTETS) // twice: covers every octet escaped

function keyOf(wire: Uint8Array): string {
  let count = 0
  for (let at = 0; wire[at] !== 0; at += wire[at] + 1) labelStarts[count++] = at
  let end = 0
  while (count > 0) {
    const at = labelStarts[--count]
    for (let i = at + 1; i <= at + wire[at]; i++) {
      let octet = fold(wire[i])
      if (octet < 2) {
        keyOctets[end++] = 1
        octet++
      }
      keyOctets[end++] = octet
    }
    keyOctets[end++] = 0
  }
  return keyOctets.toString('latin1', 0, end)
}
