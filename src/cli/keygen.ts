/**
 * `waggle keygen`: makes keys in the forms that the tools of others read, and never writes over one.
 *
 *     tsig      a line for `keys` of the config, a key block (nsupdate -k, dig -k), a line for Knot's tools (kdig -k)
 *     sig0      K<name>+<algorithm>+<tag>.key with a KEY, and .private: signs messages
 *     dnssec    the same with a DNSKEY: signs a zone
 */
import { mkdirSync, openSync, closeSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { newKeyPair, newTsigKey } from '../client/new-keys.ts'
import { agentName } from '../client/registration.ts'
import { selfCertifyingId } from '../discovery/identifier/agent.ts'
import { suggestion } from '../dns/nearest.ts'
import { Name } from '../dns/name.ts'
import { fileNameOf, keyFileName, printPrivateFile, printPublicFile, type KEY_FLAGS, type KeyPair } from '../dnssec/key-files.ts'
import { parseAlgorithm, printAlgorithm, SERVED_ALGORITHMS } from '../dnssec/public-key.ts'
import { parseTsigAlgorithm } from '../dnssec/tsig-algorithms.ts'
import { printBindKey, printConfigKey, printKnotKey } from '../dnssec/tsig-text.ts'
import { reasonOf } from '../ops/reason.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** The options of the commands as commander gives them. */
export interface KeygenOptions {
  algorithm: string
  /** Folder of the files; made where it is missing. */
  output?: string
  /** NAME is a provider's zone, and the key is its agent's, which is named for it. */
  agent?: boolean
  /** A key that signs keys. */
  ksk?: boolean
}

const SECRET_MODE = 0o600
const PUBLIC_MODE = 0o644
/** A tag has 16 bits: that so many new keys all have one that is taken says that something else is wrong. */
const PAIR_TRIES = 8

/** Makes a TSIG key. Without a folder everything goes to standard output, as a text that is a key file as it stands. */
export async function keygenTsigCommand(nameText: string, { algorithm, output }: KeygenOptions, io: Io): Promise<ExitCode> {
  const found = parseTsigAlgorithm(algorithm)
  if (typeof found === 'string') return wrongUse(io, `Cannot use algorithm "${algorithm}" as it ${found}`)
  const name = readName(nameText, io)
  if (name === undefined) return EXIT.usage
  const key = newTsigKey(name, found)
  if (output === undefined) {
    io.out(`# keys:\n#   ${printConfigKey(key)}# ${printKnotKey(key)}${printBindKey(key)}`)
    return EXIT.done
  }
  return orFailed(io, () => {
    const stem = fileNameOf(name).replace(/(?<=.)\.$/, '')
    const [bind, knot] = ['tsig', 'knot'].map((ending) => join(output, `${stem}.${ending}`))
    mkdirSync(output, { recursive: true })
    writeAll([[bind, printBindKey(key), SECRET_MODE], [knot, printKnotKey(key), SECRET_MODE]])
    io.out(`${printConfigKey(key)}# ${bind}: nsupdate -k, dig -k, waggle register -k\n# ${knot}: kdig -k, knsupdate -k\n`)
  })
}

/** Makes a pair whose KEY signs messages; prints the files' name without its ending, as dnssec-keygen does. */
export function keygenSig0Command(nameText: string, options: KeygenOptions, io: Io): Promise<ExitCode> {
  return keygenPair(nameText, 'message', options, io)
}

/** Makes a pair whose DNSKEY signs a zone, or its keys. */
export function keygenDnssecCommand(nameText: string, options: KeygenOptions, io: Io): Promise<ExitCode> {
  return keygenPair(nameText, options.ksk === true ? 'entry' : 'zone', options, io)
}

async function keygenPair(nameText: string, use: keyof typeof KEY_FLAGS, { algorithm, output = '.', agent = false }: KeygenOptions, io: Io): Promise<ExitCode> {
  const number = parseAlgorithm(algorithm)
  if (number === undefined) {
    const known = SERVED_ALGORITHMS.map((one) => printAlgorithm(one) ?? '')
    return wrongUse(io, `Cannot use algorithm "${algorithm}" as it must be one of ${known.join(', ')}${suggestion(algorithm, known)}`)
  }
  const name = readName(nameText, io)
  if (name === undefined) return EXIT.usage
  return orFailed(io, () => {
    mkdirSync(output, { recursive: true })
    io.out(`${writePair(output, () => (agent ? forAgent(newKeyPair(name, number), name) : newKeyPair(name, number, use)))}\n`)
  })
}

/** The pair under the name of the agent that is known by it (docs/protocol.md 2). */
function forAgent({ record, privateKey }: KeyPair, provider: Name): KeyPair {
  const name = agentName({ id: selfCertifyingId(record.rdata), provider: provider.toString() })
  return { record: { ...record, name }, privateKey }
}

/** Writes a pair whose file names are free, and gives their common part. */
function writePair(folder: string, make: () => KeyPair): string {
  for (let tries = 1; ; tries++) {
    const pair = make()
    const base = join(folder, keyFileName(pair.record))
    try {
      writeAll([[`${base}.private`, printPrivateFile(pair, timestamp(new Date())), SECRET_MODE], [`${base}.key`, printPublicFile(pair), PUBLIC_MODE]])
      return base
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === PAIR_TRIES) throw error
    }
  }
}

/** `20261125203729`, in UTC. */
function timestamp(time: Date): string {
  return time.toISOString().replace(/\D/g, '').slice(0, 14)
}

/** Writes new files, all of them or none. */
function writeAll(files: readonly (readonly [path: string, text: string, mode: number])[]): void {
  const written: string[] = []
  try {
    for (const [path, text, mode] of files) {
      const file = openSync(path, 'wx', mode) // never over a file that is there, nor through a link
      written.push(path)
      try {
        writeSync(file, text)
      } finally {
        closeSync(file)
      }
    }
  } catch (error) {
    for (const path of written) unlinkSync(path)
    throw error
  }
}

function orFailed(io: Io, work: () => void): ExitCode {
  try {
    work()
    return EXIT.done
  } catch (error) {
    const { path } = error as NodeJS.ErrnoException
    io.err(`waggle: Cannot write ${path ?? 'key files'}: ${reasonOf(error)}\n`)
    return EXIT.failed
  }
}

function readName(text: string, io: Io): Name | undefined {
  try {
    return Name.parse(text)
  } catch (error) {
    wrongUse(io, (error as Error).message)
    return undefined
  }
}

function wrongUse(io: Io, message: string): ExitCode {
  io.err(`waggle: ${message}\n`)
  return EXIT.usage
}
