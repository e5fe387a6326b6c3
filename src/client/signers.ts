/**
 * Who signs an agent's messages: a secret shared with the server (TSIG, RFC 8945), or a private key whose public half
 * stands in a KEY record (SIG(0), RFC 2931). Each is made from a key at hand, or from the key file of whatever tool:
 *
 *     agents.tsig                         a key block, or algorithm:name:secret    tsig-keygen, keymgr, waggle keygen tsig
 *     Kbabel.example.+013+56382.key       KEY, with .private beside it             dnssec-keygen -T KEY, waggle keygen sig0
 */
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { getSystemErrorMap } from 'node:util'
import { RCODE } from '../dns/codes.ts'
import { TextFault, WireFault } from '../dns/faults.ts'
import { MAX_KEY_FILE_OCTETS, TSIG_FUDGE_SECONDS } from '../dns/limits.ts'
import type { Name } from '../dns/name.ts'
import { transactionErrors } from '../dns/rcodes.ts'
import { parsePrivateFile, parsePublicFile, type KeyPair } from '../dnssec/key-files.ts'
import { importPublicKey, keyTag, verifySignature } from '../dnssec/public-key.ts'
import { isWithinTimes, maySignMessages, readSig0, signedOctets, signSig0, type Sig0Key } from '../dnssec/sig0.ts'
import { findSignature } from '../dnssec/signed-message.ts'
import { checkTsigResponse, type ResponseVerdict } from '../dnssec/tsig-response.ts'
import { parseTsigKey, type TsigKeyText } from '../dnssec/tsig-text.ts'
import { makeTsigKey, signTsigRequest } from '../dnssec/tsig.ts'
import type { ChangeSigner, OwnKey } from './change.ts'

/** Milliseconds since 1970; handed in where a test has a clock of its own. */
type Clock = () => number

/** A signer by a shared secret. A response that the secret did not sign is not believed (RFC 8945 5.4). */
export function tsigSigner({ name, algorithm, secret }: TsigKeyText, nowMs: Clock = Date.now): ChangeSigner {
  const key = makeTsigKey(name, algorithm, secret)
  return {
    label: `TSIG ${algorithm.mnemonic} ${name.toString()}`,
    async sign(message) {
      const { octets, mac } = signTsigRequest(message, key, seconds(nowMs))
      const check = (response: Uint8Array): string | undefined => reasonOf(checkTsigResponse(response, key, mac, seconds(nowMs)), name, seconds(nowMs))
      return { octets, check: async (response) => orMalformed(() => check(response)) }
    },
  }
}

function seconds(nowMs: Clock): number {
  return Math.floor(nowMs() / 1_000)
}

function reasonOf(verdict: ResponseVerdict, name: Name, nowSeconds: number): string | undefined {
  if (verdict.is === 'good') return undefined
  if (verdict.is === 'bad') return unbelievable(verdict.reason)
  const { error, serverSeconds } = verdict
  const code = transactionErrors.print(error)
  switch (error) {
    case RCODE.BADKEY:
      return `the server knows no key ${name.toString()} of that algorithm (${code})`
    case RCODE.BADSIG:
      return `the server has another secret for key ${name.toString()} (${code})`
    case RCODE.BADTIME:
      return `the server's clock is ${apart(serverSeconds ?? nowSeconds, nowSeconds)} ours (${code})`
    default:
      return `the server does not take the signature (${code})`
  }
}

function apart(server: number, ours: number): string {
  return `${Math.abs(server - ours)} s ${server < ours ? 'behind' : 'ahead of'}`
}

function unbelievable(reason: string): string {
  return `the answer's signature is not good: ${reason}`
}

function orMalformed(check: () => string | undefined): string | undefined {
  try {
    return check()
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    return unbelievable('it cannot be read')
  }
}

/** How a signer by SIG(0) checks responses. */
export interface Sig0SignerOptions {
  /** RDATA of the server's KEY. With it a response must be signed by it; without it none need be (RFC 2931 3.2), as nobody has said by whom. */
  serverKey?: Uint8Array
  nowMs?: Clock
}

/** A signer by the private key of a KEY. RangeError where the KEY may not sign messages (RFC 3445 4). */
export function sig0Signer(pair: KeyPair, options: Sig0SignerOptions = {}): ChangeSigner & { readonly own: OwnKey } {
  if (!maySignMessages(pair.record.rdata)) throw new RangeError(`Cannot sign messages as the key of ${pair.record.name.toString()} is a zone's, or must not authenticate`)
  return signerUnder(pair.record.name, pair, options)
}

/** The signer that says it is `name`, at which the KEY is to be found (RFC 2931 3.1). */
function signerUnder(name: Name, pair: KeyPair, options: Sig0SignerOptions): ChangeSigner & { readonly own: OwnKey } {
  const { serverKey, nowMs = Date.now } = options
  const { rdata } = pair.record
  const key: Sig0Key = { name, algorithm: rdata[3], privateKey: pair.privateKey, rdata }
  return {
    label: `SIG(0) ${name.toString()}`,
    own: { name, rdata, as: (other) => signerUnder(other, pair, options) },
    async sign(message) {
      const now = seconds(nowMs)
      const octets = signSig0(message, key, { inception: now - TSIG_FUDGE_SECONDS, expiration: now + TSIG_FUDGE_SECONDS })
      const check = async (response: Uint8Array) => (serverKey === undefined ? undefined : orMalformed(() => checkSig0(response, octets, serverKey, seconds(nowMs))))
      return { octets, check }
    },
  }
}

/** What is wrong with a response that `serverKey` should have signed together with `request` (RFC 2931 3.1); undefined where nothing is. */
function checkSig0(response: Uint8Array, request: Uint8Array, serverKey: Uint8Array, nowSeconds: number): string | undefined {
  const record = findSignature(response)
  if (record?.kind !== 'sig0') return unbelievable('it is not signed')
  const fields = readSig0(record)
  if (fields.algorithm !== serverKey[3] || fields.keyTag !== keyTag(serverKey)) return unbelievable('it is signed with another key')
  if (!isWithinTimes(fields, nowSeconds)) return unbelievable('it is too old, or from the future')
  const key = importPublicKey(fields.algorithm, serverKey.subarray(4))
  const isGood = key !== undefined && verifySignature(fields.algorithm, key, signedOctets(response, record, fields, request), fields.signature)
  return isGood ? undefined : unbelievable('it is wrong')
}

// ---- Key files ----

/**
 * The signer that a key file makes: of TSIG, or either file of a pair for SIG(0), or their common name. TextFault where it cannot be read.
 */
export async function signerFromFile(file: string, options: Sig0SignerOptions = {}): Promise<ChangeSigner> {
  const key = await readKeyFile(file)
  return 'secret' in key ? tsigSigner(key, options.nowMs) : sig0Signer(key, options)
}

/** The key in a key file: a secret, or a pair. TextFault where it cannot be read, or where the pair may not sign messages. */
export async function readKeyFile(file: string): Promise<TsigKeyText | KeyPair> {
  const base = file.replace(/\.(key|private)$/, '')
  const text = await textOf(file, base === file ? `${file}.key` : undefined)
  const isPair = text.startsWith('Private-key-format:') || /^[^;\s"{]+\s+(\d+\s+)?(IN\s+)?(DNS)?KEY\s/im.test(text)
  if (!isPair) return parseTsigKey(text, file)
  const record = parsePublicFile(await textOf(`${base}.key`), `${base}.key`)
  if (!maySignMessages(record.rdata)) throw faultAt(`${base}.key`, 1, 'Cannot sign messages as the key is a zone\'s, or must not authenticate: make one by `waggle keygen sig0`')
  return parsePrivateFile(await textOf(`${base}.private`), `${base}.private`, record)
}

/** The text of a file, or of another where there is none of its name. */
async function textOf(file: string, instead?: string): Promise<string> {
  try {
    if ((await stat(file)).size > MAX_KEY_FILE_OCTETS) throw faultAt(file, 1, `Cannot read key file as it is longer than ${MAX_KEY_FILE_OCTETS} octets`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof TextFault) throw error
    const { code, errno = 0, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && instead !== undefined && existsSync(instead)) return textOf(instead)
    throw faultAt(file, 1, `Cannot read key file: ${getSystemErrorMap().get(errno)?.[1] ?? message}`)
  }
}

function faultAt(file: string, line: number, message: string): TextFault {
  return new TextFault(message, { file, line, column: 1 })
}
