/**
 * The words of master files (RFC 1035 5.1): a cursor over the octets of a text that gives out entries and
 * their tokens, knows parentheses, quotes, escapes and comments, and says where it is.
 *
 *     reader.beginEntry()   to the next line that holds something; `blankOwner` tells if it starts with a blank
 *     reader.token()        to the next token of the entry; false where the entry ends
 *     reader.need('port')   as token(), but an entry that ends here is a fault
 *
 * The current token is `octets[start … end)`, raw: escapes stand as written, `quoted` tells that it stood in
 * quotes (which are left out). Nothing is allocated per token, as a zone holds millions of them.
 */
import { shorten, TextFault, type Place } from './faults.ts'
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, MAX_TTL } from './limits.ts'
import type { WireWriter } from './octets.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const OPEN = 0x28
const CLOSE = 0x29
const DOT = 0x2e
const SEMICOLON = 0x3b
const AT = 0x40
const BACKSLASH = 0x5c
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const TTL_FORM = `must be seconds or use s m h d w, at most ${MAX_TTL}`

/** A cursor over the octets of a text: entry by entry, token by token, with the place of each. TextFault where the text breaks the rules of master files. */
export class TextReader implements Place {
  readonly octets: Uint8Array
  readonly file: string
  /** Wire form of the name that completes relative names; null where only absolute names may stand. */
  origin: Uint8Array | null = null
  start = 0
  end = 0
  quoted = false
  /** Whether the current entry began with a blank, so that it has the owner of the one before. */
  blankOwner = false
  line = 1
  private lineStart = 0
  private at = 0
  private depth = 0
  private openedAt: Place | null = null
  /** Where the first line inside parentheses starts that looks like an entry of its own; -1 where there is none. */
  private suspectAt = -1
  private suspectLine = 0

  constructor(octets: Uint8Array, file: string) {
    this.octets = octets
    this.file = file
  }

  /** Column of the current token, from 1. */
  get column(): number {
    return Math.max(1, this.start - this.lineStart + 1)
  }

  /** Octets read so far, for progress lines. */
  get offset(): number {
    return this.at
  }

  /** Moves to the next entry; false at the end of the text. What is left of the current entry must have been read or skipped. */
  beginEntry(): boolean {
    const { octets } = this
    for (;;) {
      const lineStart = this.at
      let at = lineStart
      while (octets[at] === SPACE || octets[at] === TAB || octets[at] === RETURN) at++
      if (at >= octets.length) return false
      if (octets[at] === SEMICOLON) while (at < octets.length && octets[at] !== NEWLINE) at++
      if (octets[at] === NEWLINE) {
        this.at = at + 1
        this.line++
        this.lineStart = this.at
        continue
      }
      if (at >= octets.length) return false
      this.blankOwner = at > lineStart
      this.at = this.start = this.end = at
      return true
    }
  }

  /** Moves to the next token of the entry; false where the entry ends. TextFault: unbalanced parenthesis or quote. */
  token(): boolean {
    const { octets } = this
    let at = this.at
    for (;;) {
      const c = octets[at]
      if (c === SPACE || c === TAB || c === RETURN) at++
      else if (at >= octets.length) return this.endOfText(at)
      else if (c === NEWLINE) {
        this.start = this.end = at
        if (this.depth === 0) {
          this.at = at
          return false
        }
        at++
        this.line++
        this.lineStart = at
        if (this.suspectAt < 0 && looksLikeEntry(octets[at])) this.suspect(at)
      } else if (c === SEMICOLON) while (at < octets.length && octets[at] !== NEWLINE) at++
      else if (c === OPEN) this.open(at++)
      else if (c === CLOSE) this.close(at++)
      else break
    }
    return octets[at] === QUOTE ? this.quotedToken(at) : this.plainToken(at)
  }

  /** Moves to the next token; TextFault saying that `what` is missing where the entry ends. */
  need(what: string): void {
    if (this.token()) return
    throw new TextFault(`Cannot parse ${what} as the entry ends before it`, this.here())
  }

  /**
   * Moves past the rest of the entry, whatever it holds, so that reading can go on after a fault. Where ")" was
   * most likely forgotten (another "(" or the end of the text comes before it, and a line in between starts in
   * the first column) it moves to that line instead and returns its number; else 0.
   */
  skipEntry(): number {
    let isForgotten = false
    while (!isForgotten) {
      try {
        if (!this.token()) break
        isForgotten = this.depth > 1 && this.suspectAt >= 0
      } catch {
        // an unbalanced quote or parenthesis has been reported or lies in what is skipped: go on behind it
        if (this.at < this.octets.length) continue
        isForgotten = this.depth > 0 && this.suspectAt >= 0
        break
      }
    }
    this.depth = 0
    if (!isForgotten) return 0
    this.at = this.lineStart = this.suspectAt
    this.line = this.suspectLine
    this.suspectAt = -1
    return this.line
  }

  /** Where the outermost "(" of the current entry stands; null where it has none. */
  get opening(): Place | null {
    return this.openedAt
  }

  /** Moves back in front of the current token, so that `token()` gives it again. */
  unread(): void {
    this.at = this.quoted ? this.start - 1 : this.start
  }

  /** Where reading stands, to be given to `rewind`. */
  mark(): number {
    return this.at
  }

  /** Goes back to a mark on the same line of the same entry. */
  rewind(mark: number): void {
    this.at = mark
  }

  /** The current token as text, escapes as written. */
  word(): string {
    return Buffer.from(this.octets.buffer, this.octets.byteOffset + this.start, this.end - this.start).toString('utf8')
  }

  /** Whether the current token is `text` (given in lower case), case aside. */
  is(text: string): boolean {
    if (this.quoted || this.end - this.start !== text.length) return false
    for (let i = 0; i < text.length; i++) {
      const c = this.octets[this.start + i]
      if ((c >= 0x41 && c <= 0x5a ? c + 0x20 : c) !== text.charCodeAt(i)) return false
    }
    return true
  }

  /** Whether a quote stands right behind the current token, as in `alpn="h2,h3"`: the quoted part is then the next token. */
  quoteFollows(): boolean {
    return !this.quoted && this.octets[this.end] === QUOTE
  }

  /** Whether the current token starts with a digit. */
  startsWithDigit(): boolean {
    const c = this.octets[this.start]
    return !this.quoted && c >= DIGIT_0 && c <= DIGIT_9
  }

  /** The fault `Cannot parse WHAT "token" as it WANTED`, at the current token. */
  fault(what: string, wanted: string): TextFault {
    return new TextFault(`Cannot parse ${what} "${shorten(this.word())}" as it ${wanted}`, this.here())
  }

  /** The current token's place, as a value that later moves do not change. */
  here(): Place {
    return { file: this.file, line: this.line, column: this.column }
  }

  /** The current token as a decimal number from 0 to `max` (at most 2^53 − 1). */
  readNumber(what: string, max: number): number {
    let value = 0
    for (let at = this.start; at < this.end; at++) {
      const digit = this.octets[at] - DIGIT_0
      if (digit < 0 || digit > 9) throw this.fault(what, `must be a number from 0 to ${max}`)
      value = value * 10 + digit
      if (value > max) throw this.fault(what, `must be a number from 0 to ${max}`)
    }
    if (this.start === this.end) throw this.fault(what, `must be a number from 0 to ${max}`)
    return value
  }

  /** The current token as a time in seconds: a number, or numbers with s m h d w, such as `1h30m`. */
  readTtl(what: string): number {
    let total = 0
    let value = -1
    for (let at = this.start; at < this.end; at++) {
      const c = this.octets[at]
      if (c >= DIGIT_0 && c <= DIGIT_9) value = Math.max(value, 0) * 10 + c - DIGIT_0
      else {
        const unit = secondsPer(c)
        if (unit === 0 || value < 0) throw this.fault(what, TTL_FORM)
        total += value * unit
        value = -1
      }
      if (total + value > MAX_TTL) throw this.fault(what, TTL_FORM)
    }
    if (this.start === this.end || this.quoted) throw this.fault(what, TTL_FORM)
    return total + Math.max(value, 0)
  }

  /** Writes the current token, a domain name, to `out` in wire form, completed by `origin` where it is relative. */
  readName(out: WireWriter, what: string): void {
    const { octets, start, end } = this
    if (end - start === 1 && octets[start] === AT && !this.quoted) return this.completeName(out, out.at, what)
    if (end - start === 1 && octets[start] === DOT) return out.u8(0)
    if (start === end) throw this.fault(what, 'must be a domain name')
    const nameStart = out.at
    let labelStart = nameStart
    out.u8(0)
    for (let at = start; at < end; ) {
      let c = octets[at++]
      if (c === DOT) {
        this.closeLabel(out, labelStart, what)
        labelStart = out.at
        if (labelStart - nameStart >= MAX_NAME_OCTETS) throw this.tooLong(what)
        out.u8(0)
        continue
      }
      if (c === BACKSLASH) {
        c = this.escaped(at, end, what)
        at += octets[at] >= DIGIT_0 && octets[at] <= DIGIT_9 ? 3 : 1
      }
      if (out.at - nameStart >= MAX_NAME_OCTETS) throw this.tooLong(what)
      out.u8(c)
    }
    if (out.at - labelStart === 1) return // the final dot opened the root's empty label
    this.closeLabel(out, labelStart, what)
    this.completeName(out, nameStart, what)
  }

  /** Writes the current token's octets to `out` with escapes undone; no length is written. */
  readOctets(out: WireWriter, what: string): void {
    const { octets, end } = this
    for (let at = this.start; at < end; ) {
      let c = octets[at++]
      if (c === BACKSLASH) {
        c = this.escaped(at, end, what)
        at += octets[at] >= DIGIT_0 && octets[at] <= DIGIT_9 ? 3 : 1
      }
      out.u8(c)
    }
  }

  /** Writes the current token as a character-string: a length octet and up to 255 octets (RFC 1035 3.3). */
  readCharacterString(out: WireWriter, what: string): void {
    const lengthAt = out.at
    out.u8(0)
    this.readOctets(out, what)
    const size = out.at - lengthAt - 1
    if (size > 255) throw this.fault(what, 'must be at most 255 octets long')
    out.octets[lengthAt] = size
  }

  private closeLabel(out: WireWriter, labelStart: number, what: string): void {
    const size = out.at - labelStart - 1
    if (size === 0) throw this.fault(what, 'must not hold an empty label')
    if (size > MAX_LABEL_OCTETS) throw this.fault(what, `must have labels of at most ${MAX_LABEL_OCTETS} octets`)
    out.octets[labelStart] = size
  }

  private completeName(out: WireWriter, nameStart: number, what: string): void {
    if (this.origin === null) throw this.fault(what, 'must end with a dot, as no origin is known')
    // checked before it is written, so that a writer limited to one name is not overrun
    if (out.at - nameStart + this.origin.length > MAX_NAME_OCTETS) throw this.tooLong(what)
    out.copy(this.origin, 0, this.origin.length)
  }

  private tooLong(what: string): TextFault {
    return this.fault(what, `must be at most ${MAX_NAME_OCTETS} octets long`)
  }

  /** The octet that the escape whose backslash stands before `at` means: `\X` or `\DDD`. */
  private escaped(at: number, end: number, what: string): number {
    const c = this.octets[at]
    if (at >= end) throw this.fault(what, 'must not end with a lone backslash')
    if (c < DIGIT_0 || c > DIGIT_9) return c
    const d1 = this.octets[at + 1] - DIGIT_0
    const d2 = this.octets[at + 2] - DIGIT_0
    const value = (c - DIGIT_0) * 100 + d1 * 10 + d2
    if (at + 3 > end || d1 < 0 || d1 > 9 || d2 < 0 || d2 > 9 || value > 255) throw this.fault(what, 'must write escapes as \\X or \\DDD up to \\255')
    return value
  }

  private plainToken(at: number): boolean {
    const { octets } = this
    this.start = at
    this.quoted = false
    for (;;) {
      const c = octets[at]
      if (c === BACKSLASH) {
        if (octets[at + 1] === NEWLINE || at + 1 >= octets.length) break
        at += 2
      } else if (at >= octets.length || c <= SPACE || c === SEMICOLON || c === OPEN || c === CLOSE || c === QUOTE) {
        if (c < SPACE && c !== TAB && c !== NEWLINE && c !== RETURN && at < octets.length) at++
        else break
      } else at++
    }
    if (octets[at] === BACKSLASH) at++
    this.at = this.end = at
    return true
  }

  private quotedToken(open: number): boolean {
    const { octets } = this
    let at = open + 1
    this.start = at
    this.quoted = true
    while (octets[at] !== QUOTE) {
      if (at >= octets.length || octets[at] === NEWLINE) {
        this.at = this.end = Math.min(at, octets.length)
        throw new TextFault('Cannot parse text as its closing quote is missing on this line', { ...this.here(), column: open - this.lineStart + 1 })
      }
      at += octets[at] === BACKSLASH && octets[at + 1] !== NEWLINE ? 2 : 1
    }
    this.end = at
    this.at = at + 1
    return true
  }

  private open(at: number): void {
    if (this.depth++ > 0) return
    this.openedAt = { file: this.file, line: this.line, column: at - this.lineStart + 1 }
    this.suspectAt = -1
  }

  private suspect(at: number): void {
    this.suspectAt = at
    this.suspectLine = this.line
  }

  private close(at: number): void {
    if (this.depth > 0) {
      this.depth--
      return
    }
    this.at = at + 1
    throw new TextFault('Cannot parse ")" as no "(" was opened', { file: this.file, line: this.line, column: at - this.lineStart + 1 })
  }

  private endOfText(at: number): boolean {
    this.at = this.start = this.end = at
    if (this.depth === 0) return false
    throw new TextFault('Cannot parse entry as its "(" is never closed', this.openedAt ?? this.here())
  }
}

/** Whether a line that starts with `octet` looks like the start of an entry. */
function looksLikeEntry(octet: number): boolean {
  return octet > SPACE && octet !== SEMICOLON && octet !== OPEN && octet !== CLOSE && octet !== QUOTE
}

function secondsPer(unit: number): number {
  switch (unit | 0x20) {
    case 0x73:
      return 1
    case 0x6d:
      return 60
    case 0x68:
      return 3_600
    case 0x64:
      return 86_400
    case 0x77:
      return 604_800
    default:
      return 0
  }
}
