/**
 * Lists of parameters, the shape shared by SVCB, HTTPS, AGENT, SENSE, TASK and the EDNS options DEMAND and
 * OFFER: on the wire `{ key u16 | length u16 | value }*` with keys strictly ascending (RFC 9460 2.2), in text
 * `key=value` in any order (RFC 9460 2.1). What the keys mean stands in `parameter-table.ts`.
 */
import { TextFault, WireFault } from './faults.ts'
import { MAX_VALUE_TEXT } from './limits.ts'
import { suggestion } from './nearest.ts'
import { WireReader, WireWriter } from './octets.ts'
import { listParameters, parameterAt, PARAMETERS, parseKey, printKey, type Parameter, type Place } from './parameter-table.ts'
import { BadValue } from './parameter-values.ts'
import { printQuoted } from './rr/fields-strings.ts'
import { TextReader } from './text.ts'

export { PARAMETERS, type Parameter, type Place } from './parameter-table.ts'

/** Values in wire form by key, in ascending order of keys. */
export type ParameterMap = ReadonlyMap<number, Uint8Array>

const EQUALS = 0x3d
const INVALID_KEY = 0xffff

/** Octets of the list that `text` writes, such as `latency=200ms near=48.2,16.4`. TextFault where it is none. */
export function parseParameters(text: string, place: Place): Uint8Array {
  const reader = new TextReader(Buffer.from(text), `<${place}>`)
  const out = new WireWriter(64)
  try {
    if (reader.beginEntry()) readParameters(reader, out, place)
  } catch (fault) {
    if (fault instanceof WireFault) throw new TextFault(fault.message, reader.here()) // more than a message holds
    throw fault
  }
  if (reader.beginEntry()) throw reader.fault('parameters', 'must be on one line')
  return out.finish()
}

/** Text of the list in `octets`: `latency=200ms near=48.2,16.4`. WireFault where it is malformed. */
export function printParameters(octets: Uint8Array, place: Place): string {
  return printList(new WireReader(octets), place)
}

/** The list in `octets`, each value checked against its kind. WireFault where it is malformed. */
export function decodeParameters(octets: Uint8Array, place: Place): ParameterMap {
  return readList(new WireReader(octets), place)
}

/** Octets of a list; keys are put in order. */
export function encodeParameters(parameters: ParameterMap): Uint8Array {
  const out = new WireWriter(64)
  writeList(parameters, out)
  return out.finish()
}

/** What a list says for one parameter: `valueOf(list, PARAMETERS.latency)` is 200000; undefined where it says nothing. WireFault where the octets are malformed. */
export function valueOf<Value>(parameters: ParameterMap, parameter: Parameter<Value>): Value | undefined {
  const octets = parameters.get(parameter.key)
  return octets === undefined ? undefined : readWhole(new WireReader(octets), parameter)
}

/** Where the value of a key begins in the checked list that fills `octets` from `at` on; -1 where it has none. */
export function findValue(octets: Uint8Array, at: number, key: number): number {
  while (at < octets.length) {
    const found = (octets[at] << 8) | octets[at + 1]
    if (found >= key) return found === key ? at + HEAD_OCTETS : -1 // keys ascend
    at += HEAD_OCTETS + ((octets[at + 2] << 8) | octets[at + 3])
  }
  return -1
}

/** The same as `valueOf` for the checked list that fills `octets` from `at` on, none of whose other values are taken out. */
export function valueIn<Value>(octets: Uint8Array, at: number, parameter: Parameter<Value>): Value | undefined {
  const start = findValue(octets, at, parameter.key)
  return start < 0 ? undefined : readWhole(new WireReader(octets, start, start + ((octets[start - 2] << 8) | octets[start - 1])), parameter)
}

/** Octets of key and length before each value. */
const HEAD_OCTETS = 4

/** The wire form of one value, for a list under construction. */
export function encodeValue<Value>(parameter: Parameter<Value>, value: Value): Uint8Array {
  const out = new WireWriter(32)
  parameter.kind.write(value, out)
  return out.finish()
}

/** Reads the parameters up to the end of the entry and appends their octets to `out`, in ascending order of keys. TextFault where one is wrong. */
export function readParameters(text: TextReader, out: WireWriter, place: Place): void {
  const parameters = new Map<number, Uint8Array>()
  while (text.token()) {
    const key = readKey(text, place)
    if (parameters.has(key)) throw text.fault('parameter', 'must not occur twice (RFC 9460 2.1)')
    parameters.set(key, readValue(text, key, place))
  }
  checkConsistent(parameters, text, place)
  writeList(parameters, out)
}

/** The key of the current token, which may occur at `place`. */
function readKey(text: TextReader, place: Place): number {
  if (text.quoted) throw text.fault('parameter', 'must be key=value with the key outside the quotes')
  const word = text.word()
  const keyText = word.split('=', 1)[0]
  const key = parseKey(keyText)
  if (key === undefined) throw text.fault('parameter', `must start with a known key or keyNNNNN${suggestion(keyText, listParameters().map(({ name }) => name))}`)
  const generic = /^key\d/i.test(keyText)
  if (!generic && parameterAt(key, place) === undefined) throw text.fault('parameter', `must be one that occurs in ${place}`)
  return key
}

const value = new WireWriter(256)

/** The value of the current token in wire form; moves to the quoted token behind it where the value stands there. */
function readValue(text: TextReader, key: number, place: Place): Uint8Array {
  const generic = text.word().toLowerCase().startsWith('key')
  const equals = text.octets.subarray(text.start, text.end).indexOf(EQUALS)
  text.start = equals < 0 ? text.end : text.start + equals + 1
  const what = printKey(key, place)
  value.reset()
  if (equals >= 0) {
    if (text.start === text.end && text.quoteFollows()) text.token()
    if (text.end - text.start > MAX_VALUE_TEXT) throw text.fault(what, `must be at most ${MAX_VALUE_TEXT} octets of text`)
    text.readOctets(value, what)
  }
  const parameter = parameterAt(key, place)
  if (parameter === undefined) return value.finish()
  try {
    if (generic) readWhole(new WireReader(value.view()), parameter)
    return generic ? value.finish() : encodeText(parameter, Buffer.from(value.view()).toString('latin1'))
  } catch (fault) {
    throw asTextFault(fault, text, what)
  }
}

function encodeText<Value>(parameter: Parameter<Value>, text: string): Uint8Array {
  return encodeValue(parameter, parameter.kind.parse(text))
}

function asTextFault(fault: unknown, text: TextReader, what: string): TextFault {
  if (fault instanceof BadValue) return text.fault(what, fault.wanted)
  if (fault instanceof WireFault) return text.fault(what, 'must hold octets of its kind')
  throw fault
}

/** RFC 9460 8, 7.1.1: what is mandatory is there, and no-default-alpn comes with alpn. Checked in text only: RFC 9460 2.2 does not count it as malformed. */
function checkConsistent(parameters: ParameterMap, text: TextReader, place: Place): void {
  const { mandatory, alpn } = PARAMETERS
  if (parameterAt(mandatory.key, place) === undefined) return
  const missing = valueOf(parameters, mandatory)?.find((key) => !parameters.has(key))
  if (missing !== undefined) throw text.fault('parameters', `must hold ${printKey(missing, place)}, which mandatory names (RFC 9460 8)`)
  const unfounded = parameters.has(PARAMETERS['no-default-alpn'].key) && !parameters.has(alpn.key)
  if (unfounded) throw text.fault('parameters', 'must hold alpn where they hold no-default-alpn (RFC 9460 7.1.1)')
}

/** Moves over the list up to the end of `wire` and hands each value, confined and checked, to `each`. */
function walk(wire: WireReader, place: Place, each: (key: number, start: number, parameter: Parameter | undefined) => void): void {
  const end = wire.end
  for (let last = -1; wire.remaining > 0; ) {
    const at = wire.at
    const key = wire.u16()
    if (key <= last) throw new WireFault('Cannot read parameters as their keys must ascend (RFC 9460 2.2)', at)
    if (key === INVALID_KEY) throw new WireFault('Cannot read parameters as key 65535 is no key (RFC 9460 14.3.2)', at)
    last = key
    const size = wire.u16()
    const start = wire.at
    wire.skip(size)
    wire.end = wire.at
    wire.at = start
    each(key, start, parameterAt(key, place))
    wire.at = wire.end
    wire.end = end
  }
}

/** The value that fills `wire`, no more and no less. */
function readWhole<Value>(wire: WireReader, parameter: Parameter<Value>): Value {
  const result = parameter.kind.read(wire)
  if (wire.remaining > 0) throw new WireFault(`Cannot read ${parameter.name} as ${wire.remaining} octets are left over`, wire.at)
  return result
}

/** Reads and checks the list up to the end of `wire`. */
export function readList(wire: WireReader, place: Place): ParameterMap {
  const parameters = new Map<number, Uint8Array>()
  walk(wire, place, (key, start, parameter) => {
    if (parameter !== undefined) readWhole(wire, parameter)
    parameters.set(key, wire.octets.slice(start, wire.end))
  })
  return parameters
}

/** Checks the list up to the end of `wire` and appends its octets to `out`. */
export function copyList(wire: WireReader, out: WireWriter, place: Place): void {
  const start = wire.at
  walk(wire, place, (_key, _start, parameter) => {
    if (parameter !== undefined) readWhole(wire, parameter)
  })
  out.bytes(wire.octets.subarray(start, wire.at))
}

/** Appends a list to `out`, its keys in order. */
export function writeList(parameters: ParameterMap, out: WireWriter): void {
  for (const [key, octets] of [...parameters].sort(([a], [b]) => a - b)) {
    out.u16(key)
    out.u16(octets.length)
    out.bytes(octets)
  }
}

/** Text of the list up to the end of `wire`. */
export function printList(wire: WireReader, place: Place): string {
  const words: string[] = []
  walk(wire, place, (key, start, parameter) => {
    const text = parameter === undefined ? latin1(wire.octets.subarray(start, wire.end)) : printWhole(wire, parameter)
    words.push(printKey(key, place) + printValue(text))
  })
  return words.join(' ')
}

function printWhole<Value>(wire: WireReader, parameter: Parameter<Value>): string {
  return parameter.kind.print(readWhole(wire, parameter))
}

/** `=value`, in quotes where it holds what would end a word or needs an escape (RFC 9460 2.1); nothing where it is empty. */
function printValue(text: string): string {
  if (text === '') return ''
  return /^[^\0-\x20"();\\\x7f-\xff]+$/.test(text) ? `=${text}` : `=${printQuoted(Buffer.from(text, 'latin1'))}`
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1')
}
