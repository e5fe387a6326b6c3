/**
 * The directives of zone files: $ORIGIN and $INCLUDE (RFC 1035 5.1), $TTL (RFC 2308 4), and $GENERATE, which
 * is BIND's and stands in parse-generate.ts. They reach the parser through `DirectiveHost`.
 */
import { TextFault, type Place } from '../dns/faults.ts'
import { MAX_INCLUDE_DEPTH, MAX_INCLUDED_FILES, MAX_NAME_OCTETS } from '../dns/limits.ts'
import { suggestion } from '../dns/nearest.ts'
import { WireWriter } from '../dns/octets.ts'
import type { TextReader } from '../dns/text.ts'
import { generate } from './parse-generate.ts'
import type { ParseOptions, ZoneSource } from './source.ts'

/** What a directive may ask of the parser. */
export interface DirectiveHost {
  readonly options: ParseOptions
  /** Files being read, the innermost last. */
  readonly files: readonly string[]
  /** Files read so far, the first among them. */
  readonly filesRead: number
  /** Where the directive starts. */
  readonly place: Place
  /** Seconds of $TTL; −1 before one. */
  defaultTtl: number
  /** Reads another file into the same zone. */
  parseFile(source: ZoneSource, origin: Uint8Array): void
  /** Reads one record, at the directive's place. */
  parseRecord(reader: TextReader): void
}

const DIRECTIVES = ['$ORIGIN', '$TTL', '$INCLUDE', '$GENERATE']

/** Reads the directive at `reader`, which stands before its first token, and does what it says. TextFault where it is none, or is wrong. */
export function readDirective(reader: TextReader, host: DirectiveHost): void {
  reader.need('directive')
  if (reader.is('$origin')) setOrigin(reader)
  else if (reader.is('$ttl')) setTtl(reader, host)
  else if (reader.is('$include')) include(reader, host)
  else if (reader.is('$generate')) generate(reader, host)
  else throw reader.fault('directive', `is not known${suggestion(reader.word(), DIRECTIVES) || `: there are ${DIRECTIVES.join(', ')}`}`)
}

function setOrigin(reader: TextReader): void {
  reader.need('name of $ORIGIN')
  const origin = readOrigin(reader)
  needEnd(reader, '$ORIGIN')
  reader.origin = origin
}

function readOrigin(reader: TextReader): Uint8Array {
  const out = new WireWriter(MAX_NAME_OCTETS, MAX_NAME_OCTETS)
  reader.readName(out, 'origin')
  return out.finish()
}

function setTtl(reader: TextReader, host: DirectiveHost): void {
  reader.need('TTL of $TTL')
  const ttl = reader.readTtl('TTL')
  needEnd(reader, '$TTL')
  host.defaultTtl = ttl
}

/** The file is read as if it stood here, relative names under its own origin if one is given (RFC 1035 5.1). */
function include(reader: TextReader, host: DirectiveHost): void {
  reader.need('file of $INCLUDE')
  const fileToken = { ...reader.here(), word: reader.word() }
  const path = readPath(reader)
  const origin = reader.token() ? readOrigin(reader) : reader.origin
  needEnd(reader, '$INCLUDE')
  const refuse = (reason: string): TextFault => new TextFault(`Cannot include "${fileToken.word}" as ${reason}`, fileToken)
  const { files, options } = host
  if (options.readFile === undefined) throw refuse('this text may not read files')
  if (files.length > MAX_INCLUDE_DEPTH) throw refuse(`files may be nested ${MAX_INCLUDE_DEPTH} deep at most`)
  if (host.filesRead > MAX_INCLUDED_FILES) throw refuse(`a zone may read ${MAX_INCLUDED_FILES} files at most`)
  const source = readSource(options.readFile, path, reader.file, refuse)
  const first = files.indexOf(source.file)
  if (first >= 0) throw refuse(`it includes itself: ${[...files.slice(first), source.file].join(' > ')}`)
  host.parseFile(source, origin ?? options.origin)
}

function readPath(reader: TextReader): string {
  const out = new WireWriter()
  reader.readOctets(out, 'file of $INCLUDE')
  return Buffer.from(out.finish()).toString('utf8')
}

function readSource(readFile: NonNullable<ParseOptions['readFile']>, path: string, from: string, refuse: (reason: string) => TextFault): ZoneSource {
  try {
    return readFile(path, from)
  } catch (error) {
    throw refuse(error instanceof Error ? `it cannot be read: ${error.message}` : 'it cannot be read')
  }
}

function needEnd(reader: TextReader, directive: string): void {
  if (reader.token()) throw reader.fault('text', `stands behind ${directive}, which is complete before it`)
}
