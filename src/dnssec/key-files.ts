/**
 * Key files as BIND's tools write and read them, text only: `K<name>+<algorithm>+<tag>.key` holds the public record,
 * `.private` the private key in lines of base64. `nsupdate -k` and `dnssec-signzone` take ours, we take theirs.
 *
 *     Private-key-format: v1.3
 *     Algorithm: 15 (ED25519)
 *     PrivateKey: HNUiqEgubobMfzeVFHQg1vbOknNnpmHb5hKh4wmcwKA=
 */
import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { TYPE } from '../dns/codes.ts'
import { TextFault } from '../dns/faults.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { parseRecord, printRecord } from '../dns/record-text.ts'
import { ALGORITHM } from '../dns/rr/algorithms.ts'
import { exportPublicKey, importPublicKey, keyTag, makeSignature, printAlgorithm, verifySignature } from './public-key.ts'

/** Flags of keys: a KEY for messages (RFC 9665 3.2.5.1 wants 0), a DNSKEY that signs zones, one that signs keys (RFC 4034 2.1.1). */
export const KEY_FLAGS = { message: 0, zone: 256, entry: 257 } as const
/** The protocol of every KEY and DNSKEY (RFC 4034 2.1.2). */
const DNSSEC_PROTOCOL = 3

/** A key pair: the record that others see, and the key that nobody else may. */
export interface KeyPair {
  /** KEY or DNSKEY. */
  readonly record: DnsRecord
  readonly privateKey: KeyObject
}

/** The pair with its record of this type. */
export function makeKeyPair(name: Name, type: typeof TYPE.KEY | typeof TYPE.DNSKEY, flags: number, algorithm: number, privateKey: KeyObject): KeyPair {
  const rdata = Buffer.concat([Uint8Array.of(flags >>> 8, flags, DNSSEC_PROTOCOL, algorithm), exportPublicKey(algorithm, privateKey)])
  return { record: { name, type, class: 1, ttl: 0, rdata: new Uint8Array(rdata) }, privateKey }
}

/** `Kagent.example.+013+56382`: the files' name without `.key` and `.private`. */
export function keyFileName({ name, rdata }: DnsRecord): string {
  return `K${fileNameOf(name)}+${String(rdata[3]).padStart(3, '0')}+${String(keyTag(rdata)).padStart(5, '0')}`
}

/** A name as a part of a file's name: in lower case, and octets that should not stand there written `%2F`. */
export function fileNameOf(name: Name): string {
  return name.toString().toLowerCase().replace(/[^a-z0-9._-]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** The text of the `.key` file. */
export function printPublicFile({ record }: KeyPair): string {
  return `${printRecord(record).replace(/ 0 IN /, ' IN ')}\n`
}

/** Lines of the `.private` file and the members of a JSON Web Key (RFC 7518 6.3) that they hold. */
const RSA_LINES: readonly (readonly [string, keyof JsonWebKey])[] = [
  ['Modulus', 'n'], ['PublicExponent', 'e'], ['PrivateExponent', 'd'], ['Prime1', 'p'], ['Prime2', 'q'], ['Exponent1', 'dp'], ['Exponent2', 'dq'], ['Coefficient', 'qi'],
]
const CURVE_LINES: readonly (readonly [string, keyof JsonWebKey])[] = [['PrivateKey', 'd']]

function linesOf(algorithm: number): typeof RSA_LINES {
  return algorithm === ALGORITHM.RSASHA256 || algorithm === ALGORITHM.RSASHA512 ? RSA_LINES : CURVE_LINES
}

/** The text of the `.private` file; `created` is the time as `20261125203729`. */
export function printPrivateFile({ record, privateKey }: KeyPair, created: string): string {
  const algorithm = record.rdata[3]
  const jwk = privateKey.export({ format: 'jwk' })
  const lines = linesOf(algorithm).map(([label, member]) => `${label}: ${Buffer.from(String(jwk[member]), 'base64url').toString('base64')}`)
  return ['Private-key-format: v1.3', `Algorithm: ${algorithm} (${printAlgorithm(algorithm)})`, ...lines, `Created: ${created}`, ''].join('\n')
}

/** The record that a `.key` file holds, with or without a TTL and comments. TextFault where it is no single KEY or DNSKEY. */
export function parsePublicFile(text: string, file: string): DnsRecord {
  try {
    const record = parseRecord(text.replace(/^;.*$/gm, ''))
    if (record.type === TYPE.KEY || record.type === TYPE.DNSKEY) return record
  } catch (fault) {
    if (!(fault instanceof TextFault)) throw fault
    throw new TextFault(fault.message, { file, line: fault.line, column: fault.column })
  }
  throw faultAt(file, 1, 'Cannot read key file as it must hold a KEY or DNSKEY record')
}

/** The pair that a `.key` file's record and the text of its `.private` file make. TextFault where they are not of one key. */
export function parsePrivateFile(text: string, file: string, record: DnsRecord): KeyPair {
  const algorithm = record.rdata[3]
  const values = new Map(text.split('\n').map((line) => /^([\w-]+): *(.*?)\r?$/.exec(line) ?? []).map(([, label, value]) => [label, value]))
  if (values.get('Private-key-format')?.startsWith('v1.') !== true) throw faultAt(file, 1, 'Cannot read private key as it must start "Private-key-format: v1."')
  if (Number.parseInt(values.get('Algorithm') ?? '', 10) !== algorithm) throw faultAt(file, 2, `Cannot read private key as its algorithm is not ${algorithm}, that of the .key file`)
  const members = linesOf(algorithm).map(([label, member]) => {
    const value = values.get(label)
    if (value === undefined) throw faultAt(file, 1, `Cannot read private key as it has no line "${label}:"`)
    return [member, Buffer.from(value, 'base64').toString('base64url')]
  })
  return { record, privateKey: importPrivate(algorithm, Object.fromEntries(members) as JsonWebKey, record, file) }
}

function importPrivate(algorithm: number, members: JsonWebKey, record: DnsRecord, file: string): KeyObject {
  const octets = Buffer.from(record.rdata.subarray(4))
  const [x, y] = [octets.subarray(0, octets.length / 2), octets.subarray(octets.length / 2)].map((half) => half.toString('base64url'))
  const whole: Readonly<Record<number, JsonWebKey>> = {
    [ALGORITHM.RSASHA256]: { kty: 'RSA' },
    [ALGORITHM.RSASHA512]: { kty: 'RSA' },
    [ALGORITHM.ECDSAP256SHA256]: { kty: 'EC', crv: 'P-256', x, y },
    [ALGORITHM.ECDSAP384SHA384]: { kty: 'EC', crv: 'P-384', x, y },
    [ALGORITHM.ED25519]: { kty: 'OKP', crv: 'Ed25519', x: octets.toString('base64url') },
    [ALGORITHM.ED448]: { kty: 'OKP', crv: 'Ed448', x: octets.toString('base64url') },
  }
  if (!(algorithm in whole)) throw faultAt(file, 2, `Cannot read private key as its algorithm ${algorithm} is not served`)
  try {
    const key = createPrivateKey({ key: { ...whole[algorithm], ...members }, format: 'jwk' })
    if (isPair(algorithm, key, octets)) return key
  } catch {
    // told below: what the library says of a broken key helps nobody
  }
  throw faultAt(file, 3, 'Cannot read private key as it does not belong to the .key file')
}

/** Whether the octets are the public half: shown by a signature, as node:crypto believes the point that comes along with a curve's private key. */
function isPair(algorithm: number, privateKey: KeyObject, octets: Uint8Array): boolean {
  const publicKey = importPublicKey(algorithm, octets)
  return publicKey !== undefined && verifySignature(algorithm, publicKey, octets, makeSignature(algorithm, privateKey, octets))
}

function faultAt(file: string, line: number, message: string): TextFault {
  return new TextFault(message, { file, line, column: 1 })
}
