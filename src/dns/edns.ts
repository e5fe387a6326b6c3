/**
 * EDNS(0) (RFC 6891): what the OPT record of a message says beyond the header, and the options whose
 * content the server, the client and the tools read or write alike.
 *
 *     OPT as a record     owner: root | TYPE 41 | CLASS: UDP size | TTL: rcode 8, version 8, flags 16 | options
 *     one option          code u16 | length u16 | octets
 *
 * The upper eight bits of the response code are joined with those of the header in `Message.rcode`.
 */
import { OPTION } from './codes.ts'
import { WireFault } from './faults.ts'
import { MAX_EDNS_OPTIONS } from './limits.ts'
import { WireReader, WireWriter } from './octets.ts'

/** The DO bit among the OPT flags: DNSSEC records are wanted (RFC 3225 3). */
export const DO_BIT = 0x8000
/** The CO bit: NXDOMAIN by NSEC at the name asked for is understood (RFC 9824 5.1). */
export const CO_BIT = 0x4000

/** One option: its code and its octets, uninterpreted (RFC 6891 6.1.2). */
export interface EdnsOption {
  code: number
  octets: Uint8Array
}

/** What an OPT record says (RFC 6891 6.1.3), its part of the response code aside. */
export interface Edns {
  /** Octets that the sender takes over UDP, as sent: below 512 it means 512 (RFC 6891 6.2.3). */
  udpSize: number
  version: number
  dnssecOk: boolean
  compactOk: boolean
  /** In the order in which they stand. */
  options: EdnsOption[]
}

/** An Extended DNS Error (RFC 8914 2), such as `{ infoCode: 49152, text: 'all leases ended' }`. */
export interface ExtendedError {
  infoCode: number
  text: string
}

/** An Update Lease (RFC 9664 4), in seconds. `keyLease` is there in the 8-octet form only. */
export interface UpdateLease {
  lease: number
  keyLease?: number
}

/** The options that the RDATA of an OPT record holds. WireFault: one runs past the end, or more than MAX_EDNS_OPTIONS. */
export function decodeOptions(rdata: WireReader): EdnsOption[] {
  const options: EdnsOption[] = []
  while (rdata.remaining > 0) {
    if (options.length === MAX_EDNS_OPTIONS) throw new WireFault(`Cannot read OPT as it holds more than ${MAX_EDNS_OPTIONS} options`, rdata.at)
    const code = rdata.u16()
    options.push({ code, octets: rdata.bytes(rdata.u16()).slice() })
  }
  return options
}

/** Writes options as the RDATA of an OPT record holds them. */
export function encodeOptions(options: readonly EdnsOption[], out: WireWriter): void {
  for (const { code, octets } of options) {
    out.u16(code)
    out.u16(octets.length)
    out.bytes(octets)
  }
}

/** The octets of the first option with this code, or undefined. */
export function findOption(edns: Edns | undefined, code: number): Uint8Array | undefined {
  return edns?.options.find((option) => option.code === code)?.octets
}

/** The first Extended DNS Error of a message, or undefined. WireFault where it is shorter than its INFO-CODE (RFC 8914 2). */
export function readExtendedError(octets: Uint8Array): ExtendedError {
  const reader = new WireReader(octets)
  const infoCode = reader.u16()
  const text = reader.rest()
  // EXTRA-TEXT may end with a zero octet, which is no part of it (RFC 8914 2)
  const end = text.at(-1) === 0 ? text.length - 1 : text.length
  return { infoCode, text: new TextDecoder().decode(text.subarray(0, end)) }
}

/** The option that carries an Extended DNS Error (RFC 8914 2). */
export function makeExtendedError({ infoCode, text }: ExtendedError): EdnsOption {
  const out = new WireWriter(64)
  out.u16(infoCode)
  out.bytes(new TextEncoder().encode(text))
  return { code: OPTION.EDE, octets: out.finish() }
}

/** The Update Lease that an option's octets hold. WireFault where they are not 4 or 8 (RFC 9664 4). */
export function readUpdateLease(octets: Uint8Array): UpdateLease {
  if (octets.length !== 4 && octets.length !== 8) throw new WireFault(`Cannot read UPDATE-LEASE as it must have 4 or 8 octets, not ${octets.length}`, 0)
  const reader = new WireReader(octets)
  const lease = reader.u32()
  return octets.length === 8 ? { lease, keyLease: reader.u32() } : { lease }
}

/** The option that carries an Update Lease: 8 octets with `keyLease`, else 4 (RFC 9664 4). */
export function makeUpdateLease({ lease, keyLease }: UpdateLease): EdnsOption {
  const out = new WireWriter(8)
  out.u32(lease)
  if (keyLease !== undefined) out.u32(keyLease)
  return { code: OPTION.UPDATE_LEASE, octets: out.finish() }
}
