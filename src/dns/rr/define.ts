/**
 * How a record type is defined: a mnemonic, a code point and the list of its fields in the order of the wire.
 *
 *     export const MX = rr('MX', 15, { preference: u16, exchange: compressedName })   // RFC 1035 3.3.9
 *
 * This one line gives wire and text in both directions and the TypeScript type of the fields. A new type is its
 * definition and its place in `rr/index.ts`.
 */
import type { Field, ValuesOf } from './field.ts'

/** What is known of one record type. */
export interface RrType<Mnemonic extends string = string, Code extends number = number, Fields extends object = object> {
  readonly mnemonic: Mnemonic
  readonly code: Code
  readonly fields: Fields
  /** The same fields in order, for code that walks over them. */
  readonly steps: readonly Step[]
}

/** One field of a type, with what faults call it, such as `MX preference`. */
export interface Step {
  readonly name: string
  readonly what: string
  readonly field: Field<unknown>
}

/** The TypeScript shape of a record's data: `FieldsOf<typeof MX>` is `{ preference: number, exchange: Name }`. */
export type FieldsOf<Definition> = Definition extends RrType<string, number, infer Fields> ? ValuesOf<Fields> : never

/** Defines a record type. `fields` stand in the order of the wire, which is that of the text too. */
export function rr<const Mnemonic extends string, const Code extends number, Fields extends object>(
  mnemonic: Mnemonic,
  code: Code,
  fields: Fields,
): RrType<Mnemonic, Code, Fields> {
  const steps = Object.entries(fields).map(([name, field]) => ({ name, what: `${mnemonic} ${words(name)}`, field: field as Field<unknown> }))
  return { mnemonic, code, fields, steps }
}

/** `typeCovered` as people write it: `type covered`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
