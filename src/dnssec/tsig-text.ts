/**
 * TSIG keys as text, in the forms that the tools of others read: BIND's key block (`nsupdate -k`, `dig -k`, named.conf), the
 * one line of Knot's tools (`kdig -k`, `knsupdate -k`), and ours in YAML.
 *
 *     key "agents-key." { algorithm hmac-sha256; secret "…"; };
 *     hmac-sha256:agents-key.:…
 *     - { name: agents-key., algorithm: hmac-sha256, secret: "…" }
 */
import { TextFault } from '../dns/faults.ts'
import { MAX_TSIG_SECRET_OCTETS } from '../dns/limits.ts'
import { Name } from '../dns/name.ts'
import { parseTsigAlgorithm, type TsigAlgorithm } from './tsig-algorithms.ts'

/** A key before it is put into use: its secret as octets. */
export interface TsigKeyText {
  readonly name: Name
  readonly algorithm: TsigAlgorithm
  readonly secret: Uint8Array
}

/** BIND's key block. */
export function printBindKey({ name, algorithm, secret }: TsigKeyText): string {
  return `key "${name.toString()}" {\n\talgorithm ${algorithm.mnemonic};\n\tsecret "${base64(secret)}";\n};\n`
}

/** The line that Knot's tools read. */
export function printKnotKey({ name, algorithm, secret }: TsigKeyText): string {
  return `${algorithm.mnemonic}:${name.toString()}:${base64(secret)}\n`
}

/** The line of `keys` in our config. */
export function printConfigKey({ name, algorithm, secret }: TsigKeyText): string {
  return `- { name: ${JSON.stringify(name.toString())}, algorithm: ${algorithm.mnemonic}, secret: "${base64(secret)}" }\n`
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64')
}

/** The octets of a secret in base64, blanks aside (RFC 4648 4); or what completes `Cannot use secret as it`. */
export function parseSecret(text: string): Uint8Array | string {
  const digits = text.replace(/\s+/g, '')
  const octets = Buffer.from(digits, 'base64')
  if (octets.length === 0 || octets.toString('base64') !== digits) return 'must be base64, such as 32 random octets give: `waggle keygen tsig NAME` makes one'
  return octets.length > MAX_TSIG_SECRET_OCTETS ? `must have at most ${MAX_TSIG_SECRET_OCTETS} octets` : octets
}

/** What to say of a secret that is shorter than its HMAC's hash, which makes guessing it easier than it need be (RFC 8945 8, RFC 2104 3); undefined where it is long enough. */
export function weaknessOf({ algorithm, secret }: Pick<TsigKeyText, 'algorithm' | 'secret'>): string | undefined {
  const wanted = Math.min(algorithm.digestOctets, 32)
  return secret.length >= wanted ? undefined : `has ${secret.length} octets where ${algorithm.mnemonic} wants ${wanted}`
}

const BIND_BLOCK = /^\s*key\s+"?([^\s"{]+)"?\s*\{([^}]*)\}\s*;?\s*$/

/** The key in the text of a file: BIND's block or Knot's line. TextFault where it is neither. */
export function parseTsigKey(text: string, file: string): TsigKeyText {
  const bare = text.replace(/^\s*(#|\/\/|;).*$/gm, '').trim()
  const block = BIND_BLOCK.exec(bare)
  const line = /^(?:([\w-]+):)?([^:\s]+):(\S+)$/.exec(bare)
  if (block !== null) return keyOf(file, block[1], /\balgorithm\s+"?([\w.-]+)"?\s*;/.exec(block[2])?.[1], /\bsecret\s+"?([^";]+)"?\s*;/.exec(block[2])?.[1])
  if (line !== null) return keyOf(file, line[2], line[1], line[3])
  throw faultAt(file, 'Cannot read TSIG key as it must be a key block (key "name." { algorithm …; secret "…"; };) or algorithm:name:secret')
}

function keyOf(file: string, nameText: string, algorithmText = 'hmac-sha256', secretText = ''): TsigKeyText {
  const algorithm = parseTsigAlgorithm(algorithmText)
  if (typeof algorithm === 'string') throw faultAt(file, `Cannot use algorithm "${algorithmText}" as it ${algorithm}`)
  const secret = parseSecret(secretText)
  if (typeof secret === 'string') throw faultAt(file, `Cannot use secret as it ${secret}`)
  try {
    return { name: Name.parse(nameText), algorithm, secret }
  } catch (fault) {
    throw faultAt(file, (fault as Error).message)
  }
}

function faultAt(file: string, message: string): TextFault {
  return new TextFault(message, { file, line: 1, column: 1 })
}
