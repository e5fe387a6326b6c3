/**
 * The place of LOC (RFC 1876): version, size and precisions as mantissa and power of ten in centimetres, latitude and longitude
 * in thousandths of a second of arc around 2^31, altitude in centimetres above 100 km below the ellipsoid.
 *
 *     48 12 30.500 N 16 22 23.000 E 171.00m 1m 10000m 10m
 */
import { WireFault } from '../faults.ts'
import type { WireReader } from '../octets.ts'
import type { TextReader } from '../text.ts'
import type { Field } from './field.ts'

/** A place on the earth as LOC holds it. */
export interface Location {
  /** Diameter of the place and errors of the coordinates, centimetres: a digit times a power of ten, up to 9e9. */
  size: number
  horizontalPrecision: number
  verticalPrecision: number
  /** Thousandths of a second of arc; north and east are positive. */
  latitude: number
  longitude: number
  /** Centimetres above the WGS 84 ellipsoid, from −100 km. */
  altitude: number
}

const EQUATOR = 2 ** 31 // RFC 1876 2: what stands for latitude and longitude 0
const ALTITUDE_BASE = 10_000_000 // centimetres: 100,000 m below the ellipsoid
const MAX_ALTITUDE = 2 ** 32 - 1 - ALTITUDE_BASE
const DEGREE = 3_600_000
const MINUTE = 60_000
const VERSION = 0
/** RFC 1876 3: what holds where text leaves size and precisions out, centimetres. */
const DEFAULTS = [100, 1_000_000, 1_000]

export const location: Field<Location> = {
  parse(text, out, what) {
    const latitude = readAngle(text, what, 'latitude', 90, 'n', 's')
    const longitude = readAngle(text, what, 'longitude', 180, 'e', 'w')
    text.need(`${what} altitude`)
    const altitude = readCentimetres(text, `${what} altitude`, -ALTITUDE_BASE, MAX_ALTITUDE)
    const sizes = DEFAULTS.slice()
    for (let i = 0; i < sizes.length && text.token(); i++) {
      sizes[i] = readCentimetres(text, `${what} ${['size', 'horizontal precision', 'vertical precision'][i]}`, 0, 9e9)
    }
    const [size, horizontalPrecision, verticalPrecision] = sizes
    location.write({ size, horizontalPrecision, verticalPrecision, latitude, longitude, altitude }, out)
  },
  print(wire) {
    const place = location.read(wire)
    const sizes = [place.size, place.horizontalPrecision, place.verticalPrecision].map(printMetres)
    const angles = [printAngle(place.latitude, 'N', 'S'), printAngle(place.longitude, 'E', 'W')]
    return [...angles, `${(place.altitude / 100).toFixed(2)}m`, ...sizes].join(' ')
  },
  read(wire) {
    const at = wire.at
    if (wire.u8() !== VERSION) throw new WireFault('Cannot read location as its version is not 0', at)
    const [size, horizontalPrecision, verticalPrecision] = [readPower(wire), readPower(wire), readPower(wire)]
    const latitude = readAround(wire, 90)
    const longitude = readAround(wire, 180)
    return { size, horizontalPrecision, verticalPrecision, latitude, longitude, altitude: wire.u32() - ALTITUDE_BASE }
  },
  write(value, out) {
    out.u8(VERSION)
    for (const centimetres of [value.size, value.horizontalPrecision, value.verticalPrecision]) out.u8(toPower(centimetres))
    out.u32(value.latitude + EQUATOR)
    out.u32(value.longitude + EQUATOR)
    out.u32(value.altitude + ALTITUDE_BASE)
  },
  copy(wire, out) {
    const start = wire.at
    location.read(wire)
    out.copy(wire.octets, start, wire.at - start)
  },
}

/** A digit and a power of ten, each 0 to 9 in half an octet (RFC 1876 2). */
function readPower(wire: WireReader): number {
  const octet = wire.u8()
  if (octet >>> 4 > 9 || (octet & 15) > 9) throw new WireFault('Cannot read location as a size must be a digit and a power of ten', wire.at - 1)
  return (octet >>> 4) * 10 ** (octet & 15)
}

function toPower(centimetres: number): number {
  let exponent = 0
  while (exponent < 9 && centimetres >= 10 ** (exponent + 1)) exponent++
  return (Math.min(9, Math.floor(centimetres / 10 ** exponent)) << 4) | exponent
}

function readAround(wire: WireReader, maxDegrees: number): number {
  const value = wire.u32() - EQUATOR
  if (Math.abs(value) > maxDegrees * DEGREE) throw new WireFault(`Cannot read location as an angle is beyond ${maxDegrees} degrees`, wire.at - 4)
  return value
}

/** `d [m [s[.fff]]] X` where X is one of two directions (RFC 1876 3). */
function readAngle(text: TextReader, what: string, axis: string, maxDegrees: number, positive: string, negative: string): number {
  const of = `${what} ${axis}`
  text.need(`${of} degrees`)
  let value = text.readNumber(`${of} degrees`, maxDegrees) * DEGREE
  text.need(`${of} direction`)
  if (text.startsWithDigit()) {
    value += text.readNumber(`${of} minutes`, 59) * MINUTE
    text.need(`${of} direction`)
  }
  if (text.startsWithDigit()) {
    value += readThousandths(text, `${of} seconds`)
    text.need(`${of} direction`)
  }
  if (!text.is(positive) && !text.is(negative)) throw text.fault(`${of} direction`, `must be ${positive.toUpperCase()} or ${negative.toUpperCase()}`)
  if (value > maxDegrees * DEGREE) throw text.fault(of, `must be at most ${maxDegrees} degrees`)
  return text.is(positive) || value === 0 ? value : -value
}

function readThousandths(text: TextReader, what: string): number {
  const match = /^(\d{1,2})(?:\.(\d{1,3}))?$/.exec(text.word())
  if (match === null || Number(match[1]) > 59) throw text.fault(what, 'must be 0 to 59.999')
  return Number(match[1]) * 1000 + Number((match[2] ?? '').padEnd(3, '0'))
}

/** Metres with up to two decimals and perhaps an `m`, in centimetres. */
function readCentimetres(text: TextReader, what: string, min: number, max: number): number {
  const match = /^(-?)(\d{1,8})(?:\.(\d{1,2}))?m?$/i.exec(text.word())
  const size = match === null ? NaN : Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'))
  const value = match?.[1] === '-' ? 0 - size : size
  if (!(value >= min && value <= max)) throw text.fault(what, `must be metres from ${min / 100} to ${max / 100}`)
  return value
}

function printAngle(value: number, positive: string, negative: string): string {
  const size = Math.abs(value)
  const seconds = ((size % MINUTE) / 1000).toFixed(3)
  return `${Math.floor(size / DEGREE)} ${Math.floor((size % DEGREE) / MINUTE)} ${seconds} ${value < 0 ? negative : positive}`
}

function printMetres(centimetres: number): string {
  return centimetres % 100 === 0 ? `${centimetres / 100}m` : `${(centimetres / 100).toFixed(2)}m`
}
