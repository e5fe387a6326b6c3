/**
 * Address prefixes as operators write them, `192.0.2.0/24` or `2001:db8::/32` (RFC 4632 3.1, RFC 4291 2.3), and
 * lists of them that are asked with every query: numbers compared under a mask, nothing allocated.
 */
import { parseAddress } from './address.ts'

/** A network: its address, 4 or 16 octets, and how many of its leading bits count. */
export interface Prefix {
  address: Uint8Array
  bits: number
}

/** The prefix that `text` writes; a bare address stands for itself alone. Undefined where it is none, or where bits behind the prefix are set. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const bits = slash < 0 ? address.length * 8 : Number(text.slice(slash + 1))
  const isWhole = slash < 0 || /^(0|[1-9]\d{0,2})$/.test(text.slice(slash + 1))
  if (!isWhole || bits > address.length * 8) return undefined
  return wordsOf(address).every((word, i) => (word & ~maskOf(bits, i)) === 0) ? { address, bits } : undefined
}

/** A list of prefixes; `holds` takes time in proportion to its length. */
export class PrefixList {
  /** For each IPv4 prefix its network and its mask. */
  private readonly four: Int32Array
  /** For each IPv6 prefix the four words of its network, then of its mask. */
  private readonly sixteen: Int32Array

  constructor(prefixes: readonly Prefix[]) {
    const flat = (octets: number): Int32Array =>
      Int32Array.from(prefixes.filter(({ address }) => address.length === octets).flatMap(({ address, bits }) => {
        const words = wordsOf(address)
        return [...words, ...words.map((_, i) => maskOf(bits, i))]
      }))
    this.four = flat(4)
    this.sixteen = flat(16)
  }

  /** Whether `address`, 4 or 16 octets, lies in one of the prefixes. */
  holds(address: Uint8Array): boolean {
    return address.length === 4 ? this.holdsFour(wordAt(address, 0)) : this.holdsSixteen(address)
  }

  private holdsFour(word: number): boolean {
    const { four } = this
    for (let i = 0; i < four.length; i += 2) if ((word & four[i + 1]) === four[i]) return true
    return false
  }

  private holdsSixteen(address: Uint8Array): boolean {
    const { sixteen } = this
    for (let i = 0; i < sixteen.length; i += 8) {
      let word = 0
      while (word < 4 && (wordAt(address, word * 4) & sixteen[i + 4 + word]) === sixteen[i + word]) word++
      if (word === 4) return true
    }
    return false
  }
}

function wordsOf(address: Uint8Array): number[] {
  return Array.from({ length: address.length / 4 }, (_, i) => wordAt(address, i * 4))
}

/** The mask of a prefix of `bits` bits over word `i` of an address. */
function maskOf(bits: number, i: number): number {
  const count = Math.min(32, Math.max(0, bits - 32 * i))
  return count === 0 ? 0 : (-1 << (32 - count)) | 0
}

function wordAt(address: Uint8Array, at: number): number {
  return (address[at] << 24) | (address[at + 1] << 16) | (address[at + 2] << 8) | address[at + 3]
}
