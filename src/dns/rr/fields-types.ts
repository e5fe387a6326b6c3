/**
 * The type bitmap of NSEC, NSEC3 and CSYNC (RFC 4034 4.1.2): windows of 256 types, each a number, a count of octets and
 * the octets, of which bit 0 is the first type of the window. Text is the list of types.
 */
import { WireFault } from '../faults.ts'
import type { WireReader, WireWriter } from '../octets.ts'
import type { Field } from './field.ts'
import { typeNames } from './type-names.ts'

const WINDOW_OCTETS = 32
const WINDOWS = 256

/** Types gathered in any order and written as a bitmap; one object is used again and again. */
class TypeSet {
  readonly #bits = new Uint8Array(WINDOWS * WINDOW_OCTETS)
  /** Octets used of each window: the last one that is not zero, and those before it. */
  readonly #used = new Uint8Array(WINDOWS)
  #lowest = WINDOWS
  #highest = -1

  clear(): void {
    for (let window = this.#lowest; window <= this.#highest; window++) {
      if (this.#used[window] === 0) continue
      this.#bits.fill(0, window * WINDOW_OCTETS, (window + 1) * WINDOW_OCTETS)
      this.#used[window] = 0
    }
    this.#lowest = WINDOWS
    this.#highest = -1
  }

  add(type: number): void {
    const window = type >>> 8
    const octet = (type & 0xff) >>> 3
    this.#bits[window * WINDOW_OCTETS + octet] |= 0x80 >>> (type & 7)
    if (this.#used[window] <= octet) this.#used[window] = octet + 1
    if (window < this.#lowest) this.#lowest = window
    if (window > this.#highest) this.#highest = window
  }

  writeTo(out: WireWriter): void {
    for (let window = this.#lowest; window <= this.#highest; window++) {
      const used = this.#used[window]
      if (used === 0) continue // RFC 4034 4.1.2: blocks with no types are left out
      out.u8(window)
      out.u8(used)
      out.copy(this.#bits, window * WINDOW_OCTETS, used)
    }
  }
}

const gathered = new TypeSet()

/** Types as a bitmap up to the end of the record; the value is the list of types in ascending order. */
export const typeBitmap: Field<number[]> = {
  parse(text, out, what) {
    gathered.clear()
    while (text.token()) {
      const type = typeNames.read(text)
      if (type < 0) throw text.fault(what, 'must be a list of RR types, such as A AAAA TYPE65440')
      gathered.add(type)
    }
    gathered.writeTo(out)
  },
  print: (wire) => readTypes(wire).map((type) => typeNames.print(type)).join(' '),
  read: readTypes,
  write(value, out) {
    gathered.clear()
    for (const type of value) gathered.add(type)
    gathered.writeTo(out)
  },
  copy(wire, out) {
    for (let last = -1; wire.remaining > 0; ) {
      const start = wire.at
      last = readWindow(wire, last)
      out.copy(wire.octets, start, wire.at - start)
    }
  },
}

/** Moves past one window and returns its number, which must be above `last`. */
function readWindow(wire: WireReader, last: number): number {
  const at = wire.at
  const window = wire.u8()
  const count = wire.u8()
  if (window <= last) throw new WireFault('Cannot read type bitmap as its windows must ascend', at)
  if (count === 0 || count > WINDOW_OCTETS) throw new WireFault('Cannot read type bitmap as a window must hold 1 to 32 octets', at)
  // RFC 4034 4.1.2: trailing zero octets must be left out
  if (wire.bytes(count)[count - 1] === 0) throw new WireFault('Cannot read type bitmap as a window must not end with a zero octet', at)
  return window
}

function readTypes(wire: WireReader): number[] {
  const types: number[] = []
  for (let last = -1; wire.remaining > 0; ) {
    const start = wire.at + 2
    last = readWindow(wire, last)
    for (let bit = 0; bit < (wire.at - start) * 8; bit++) {
      if ((wire.octets[start + (bit >>> 3)] & (0x80 >>> (bit & 7))) !== 0) types.push(last * 256 + bit)
    }
  }
  return types
}
