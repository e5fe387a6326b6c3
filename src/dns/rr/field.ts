/**
 * The building bricks of RDATA: a field knows its value in four directions, and a type is a list of fields.
 *
 *         text  --parse-->  wire  --print-->  text
 *         value --write-->  wire  --read-->   value
 *
 * Wire here is RDATA at rest: uncompressed. `copy` takes a field from a message, checks it and undoes compression.
 */
import type { WireReader, WireWriter } from '../octets.ts'
import type { TextReader } from '../text.ts'

/** How a name inside RDATA is treated: compressed in messages (RFC 3597 4), folded in canonical form (RFC 4034 6.2), or neither. */
export type NameRole = 'compressed' | 'folded' | 'plain'

/** One field of RDATA: how it goes between text, wire and value. */
export interface Field<Value> {
  /** Reads the field's token or tokens (calling `text.need(what)`) and writes wire. TextFault where the text is wrong. */
  parse(text: TextReader, out: WireWriter, what: string): void
  /** The field in presentation form, reading RDATA at rest. */
  print(wire: WireReader): string
  read(wire: WireReader): Value
  write(value: Value, out: WireWriter): void
  /** Copies the field out of a message, checked and uncompressed. WireFault where it is malformed. */
  copy(wire: WireReader, out: WireWriter): void
  /** Set where the field is a domain name. */
  readonly nameRole?: NameRole
  /** Octets on the wire where that is always the same number. */
  readonly size?: number
}

/** The TypeScript shape of a list of fields. */
export type ValuesOf<Fields> = { [Key in keyof Fields]: Fields[Key] extends Field<infer Value> ? Value : never }
