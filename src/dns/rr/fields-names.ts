/**
 * Fields that are domain names. What a name's age allows differs (RFC 3597 4): the types of RFC 1035 compress
 * theirs in messages; the generation after was compressed by some senders, so it is read but never written so;
 * all later ones may not be. Whether a name is folded in canonical form is fixed by RFC 4034 6.2 and RFC 6840 5.1.
 */
import { Name } from '../name.ts'
import type { WireReader } from '../octets.ts'
import type { Field, NameRole } from './field.ts'

function nameField(nameRole: NameRole, pointers: boolean): Field<Name> {
  return {
    nameRole,
    parse(text, out, what) {
      text.need(what)
      text.readName(out, what)
    },
    print: (wire) => Name.read(wire, false).toString(),
    read: (wire) => Name.read(wire, false),
    write: (value, out) => out.bytes(value.wire),
    copy: (wire, out) => wire.name(out, pointers),
  }
}

/** A name of RFC 1035's own types: compressed in messages, folded in canonical form. */
export const compressedName = nameField('compressed', true)
/** A name of RP, AFSDB, RT, SIG, PX, NAPTR or SRV: never compressed by us, read even so (RFC 3597 4), folded. */
export const legacyName = nameField('folded', true)
/** A name that is never compressed but folded in canonical form: KX, DNAME, RRSIG (RFC 4034 6.2). */
export const foldedName = nameField('folded', false)
/** A name that is neither compressed nor folded: all types since RFC 3597, and NSEC (RFC 6840 5.1). */
export const plainName = nameField('plain', false)

/** Any number of names up to the end of the record, such as the rendezvous servers of HIP (RFC 8005 5). */
export const plainNames: Field<Name[]> = {
  parse(text, out, what) {
    while (text.token()) text.readName(out, what)
  },
  print: (wire) => readNames(wire).join(' '),
  read: readNames,
  write(value, out) {
    for (const name of value) out.bytes(name.wire)
  },
  copy(wire, out) {
    while (wire.remaining > 0) wire.name(out, false)
  },
}

function readNames(wire: WireReader): Name[] {
  const names: Name[] = []
  while (wire.remaining > 0) names.push(Name.read(wire, false))
  return names
}
