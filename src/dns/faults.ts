/**
 * The two faults that may be thrown: octets that break the wire format, and text that breaks the
 * master-file format. Everything else that can go wrong (NXDOMAIN, REFUSED, a bad key) is a value.
 */

/** Octets that cannot be a DNS message, a record or a name. The message says what was wanted; `offset` says where. */
export class WireFault extends Error {
  override readonly name = 'WireFault'
  /** Octets from the start of the buffer that was being read. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** What `read` gives; undefined where the octets that it reads are malformed. */
export function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (fault) {
    if (fault instanceof WireFault) return undefined
    throw fault
  }
}

/** A place in a text: `line` and `column` count from 1; columns count octets. */
export interface Place {
  file: string
  line: number
  column: number
}

/**
 * Text that cannot be read as records. `message` follows the grammar
 * `Cannot parse TTL "1x" as it must be seconds or use s m h d w`; `toString()` puts the place in front.
 */
export class TextFault extends Error implements Place {
  override readonly name = 'TextFault'
  readonly file: string
  readonly line: number
  readonly column: number

  constructor(message: string, place: Place) {
    super(printable(message))
    this.file = place.file
    this.line = place.line
    this.column = place.column
  }

  /** `file:line:column: message`, the form that editors and scripts read. */
  override toString(): string {
    return `${this.file}:${this.line}:${this.column}: ${this.message}`
  }
}

/** `text` with its control characters as escapes of RFC 1035 5.1: what a file holds by chance must not steer the terminal that shows the fault. */
function printable(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`)
}

/** `word` as a fault quotes it: whole, or its beginning where it is long, so that a hostile text makes no long message. */
export function shorten(word: string): string {
  return word.length > 80 ? `${word.slice(0, 77)}...` : word
}
