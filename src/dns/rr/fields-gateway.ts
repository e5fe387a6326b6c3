/**
 * A gateway whose form is told by a number: none, an IPv4 address, an IPv6 address or a name. IPSECKEY puts its algorithm
 * between number and gateway (RFC 4025 2.1); AMTRELAY puts a bit beside the number (RFC 8777 4.2).
 */
import { WireFault } from '../faults.ts'
import { Name } from '../name.ts'
import type { WireReader, WireWriter } from '../octets.ts'
import type { TextReader } from '../text.ts'
import type { Field } from './field.ts'
import { ipv4, ipv6 } from './fields-addresses.ts'
import { plainName } from './fields-names.ts'

/** What stands for the gateway in text where there is none: `.` (RFC 4025 3.1). */
const NONE: Field<string> = {
  parse(text, _out, what) {
    text.need(what)
    if (!text.is('.')) throw text.fault(what, 'must be . as its type is 0')
  },
  print: () => '.',
  read: () => '.',
  write: () => undefined,
  copy: () => undefined,
}

const NAMED: Field<string> = {
  parse: (text, out, what) => plainName.parse(text, out, what),
  print: (wire) => plainName.print(wire),
  read: (wire) => plainName.read(wire).toString(),
  write: (value, out) => out.bytes(Name.parse(value).wire),
  copy: (wire, out) => plainName.copy(wire, out),
}

const FORMS = [NONE, ipv4, ipv6, NAMED]

function formOf(kind: number, at: number): Field<string> {
  const form = FORMS[kind]
  if (form === undefined) throw new WireFault('Cannot read gateway as its type is not 0 to 3', at)
  return form
}

function readKind(text: TextReader, what: string): number {
  text.need(`${what} type`)
  return text.readNumber(`${what} type`, FORMS.length - 1)
}

/** The gateway of IPSECKEY with its algorithm: kind 0 none, 1 IPv4, 2 IPv6, 3 name (RFC 4025 2.3). */
export interface KeyGateway {
  kind: number
  algorithm: number
  /** An address, a name, or `.` for none. */
  gateway: string
}

/** Gateway type, algorithm and gateway of IPSECKEY (RFC 4025 2.1, 3.1). */
export const keyGateway: Field<KeyGateway> = {
  parse(text, out, what) {
    const kind = readKind(text, what)
    text.need(`${what} algorithm`)
    out.u8(kind)
    out.u8(text.readNumber(`${what} algorithm`, 0xff))
    FORMS[kind].parse(text, out, what)
  },
  print(wire) {
    const { kind, algorithm, gateway } = keyGateway.read(wire)
    return `${kind} ${algorithm} ${gateway}`
  },
  read(wire) {
    const form = formOf(wire.u8(), wire.at - 1)
    const kind = FORMS.indexOf(form)
    return { kind, algorithm: wire.u8(), gateway: form.read(wire) }
  },
  write(value, out) {
    out.u8(value.kind)
    out.u8(value.algorithm)
    FORMS[value.kind].write(value.gateway, out)
  },
  copy: (wire, out) => copyGateway(wire, out, 2),
}

/** The relay of AMTRELAY: whether discovery is optional, and kind 0 none, 1 IPv4, 2 IPv6, 3 name (RFC 8777 4.2). */
export interface Relay {
  discoveryOptional: boolean
  kind: number
  /** An address, a name, or `.` for none. */
  relay: string
}

const DISCOVERY_BIT = 0x80

/** D bit, relay type and relay of AMTRELAY (RFC 8777 4.2, 4.3). */
export const relay: Field<Relay> = {
  parse(text, out, what) {
    text.need(`${what} discovery bit`)
    const discovery = text.readNumber(`${what} discovery bit`, 1)
    const kind = readKind(text, what)
    out.u8((discovery * DISCOVERY_BIT) | kind)
    FORMS[kind].parse(text, out, what)
  },
  print(wire) {
    const value = relay.read(wire)
    return `${value.discoveryOptional ? 1 : 0} ${value.kind} ${value.relay}`
  },
  read(wire) {
    const octet = wire.u8()
    const kind = octet & ~DISCOVERY_BIT
    return { discoveryOptional: (octet & DISCOVERY_BIT) !== 0, kind, relay: formOf(kind, wire.at - 1).read(wire) }
  },
  write(value, out) {
    out.u8((value.discoveryOptional ? DISCOVERY_BIT : 0) | value.kind)
    FORMS[value.kind].write(value.relay, out)
  },
  copy: (wire, out) => copyGateway(wire, out, 1),
}

/** Copies `lead` octets, the first of which tells the kind, and the gateway behind them. */
function copyGateway(wire: WireReader, out: WireWriter, lead: number): void {
  const at = wire.at
  const octets = wire.bytes(lead)
  out.bytes(octets)
  // in IPSECKEY the whole octet is the kind, so a high bit there makes it unknown
  const kind = lead === 1 ? octets[0] & ~DISCOVERY_BIT : octets[0]
  formOf(kind, at).copy(wire, out)
}
