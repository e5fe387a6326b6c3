/**
 * Serial number arithmetic (RFC 1982) for 32-bit numbers that wrap around: SOA serials (RFC 1034 4.3.5),
 * signature times (RFC 4034 3.1.5), and for the 16-bit sequence numbers of SENSE. Half of the circle lies ahead of a
 * number, half behind it, and its opposite is neither.
 */

/** A number on the circle of 2^32: 0 to 4,294,967,295. */
export type Serial = number

/** The largest step that `addSerial` takes (RFC 1982 3.1). */
export const MAX_SERIAL_STEP = 0x7fff_ffff

/**
 * Where `a` stands to `b` (RFC 1982 3.2): -1 before it, 0 equal, 1 after it, and undefined where they are
 * exactly half of the circle apart, which the RFC leaves open. `bits` is the size of both.
 */
export function compareSerials(a: Serial, b: Serial, bits: 16 | 32 = 32): -1 | 0 | 1 | undefined {
  const ahead = (a - b) << (32 - bits) // the distance as a signed number: what wraps around becomes negative
  if (ahead === 0) return 0
  if (ahead === -0x8000_0000) return undefined
  return ahead > 0 ? 1 : -1
}

/** Whether `a` comes after `b`; false too where the order is undefined, so that doubt never replaces what is held. */
export function isNewerSerial(a: Serial, b: Serial): boolean {
  return compareSerials(a, b) === 1
}

/** The same for the 16-bit sequence numbers of SENSE (docs/protocol.md 3). */
export function isNewerSequence(a: number, b: number): boolean {
  return compareSerials(a, b, 16) === 1
}

/** The serial `step` after `serial` (RFC 1982 3.1). RangeError: a step below 0 or above MAX_SERIAL_STEP, which is our own bug. */
export function addSerial(serial: Serial, step: number): Serial {
  if (!(step >= 0 && step <= MAX_SERIAL_STEP)) throw new RangeError(`Cannot add ${step} to a serial as a step must be from 0 to ${MAX_SERIAL_STEP}`)
  return (serial + step) >>> 0
}
