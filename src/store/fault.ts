/**
 * What can go wrong with the store, each kind with a code, words for the operator, and a few words for the
 * client whose update is refused (RFC 8914 text). A fault refuses changes; it never stops answering.
 */

/** `full`: the disk, or the store's own limit. `readonly`: the disk or folder takes no writes. `io`: a read or write failed. `corrupt`: the file holds what no store wrote. `foreign`: another program's or a newer version's. `busy`: another process has it. `closed`: it was closed. */
export type StoreFaultCode = 'full' | 'readonly' | 'io' | 'corrupt' | 'foreign' | 'busy' | 'closed'

/** For the client: fits the text of an Extended DNS Error (RFC 8914 2 asks for short ones). */
const FOR_CLIENTS: Readonly<Record<StoreFaultCode, string>> = {
  full: 'the store of this server is full',
  readonly: 'the store of this server takes no writes',
  io: 'the store of this server failed to write',
  corrupt: 'the store of this server is damaged',
  foreign: 'the store of this server cannot be used',
  busy: 'the store of this server is in use elsewhere',
  closed: 'this server is stopping',
}

/** A change could not be kept, or a store not be opened. `message` is for the operator and names the file. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
  readonly code: StoreFaultCode

  constructor(code: StoreFaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }

  /** A few words for the client whose update is refused. */
  get forClient(): string {
    return FOR_CLIENTS[this.code]
  }
}

/** Errors of the system by number, as LMDB gives them, and by name, as Node does. */
const SYSTEM_CODES: Readonly<Record<string, StoreFaultCode>> = {
  28: 'full', ENOSPC: 'full',
  122: 'full', EDQUOT: 'full',
  27: 'full', EFBIG: 'full',
  [-30792]: 'full', // MDB_MAP_FULL
  30: 'readonly', EROFS: 'readonly',
  13: 'readonly', EACCES: 'readonly',
  1: 'readonly', EPERM: 'readonly',
  [-30793]: 'corrupt', // MDB_INVALID
  [-30797]: 'corrupt', // MDB_PAGE_NOTFOUND
  [-30796]: 'corrupt', // MDB_CORRUPTED
  [-30794]: 'foreign', // MDB_VERSION_MISMATCH
  [-30784]: 'foreign', // MDB_INCOMPATIBLE
}

/** The kind of fault that an error of the disk is; what is not known is an `io`. */
export function codeOf(error: unknown): StoreFaultCode {
  const { code } = (error ?? {}) as { code?: unknown }
  return SYSTEM_CODES[String(code)] ?? 'io'
}

/** The fault for an error that `doing` the thing in `file` gave: `Cannot write to the store /d/store/data.mdb: no space left on device`. */
export function faultOf(error: unknown, doing: string, file: string): StoreFault {
  if (error instanceof StoreFault) return error
  const code = codeOf(error)
  return new StoreFault(code, `Cannot ${doing} ${file}: ${wordsOf(error)}${ADVICE[code] ?? ''}`, error)
}

const ADVICE: Readonly<Partial<Record<StoreFaultCode, string>>> = {
  full: '; make room, updates are taken again at once',
  readonly: '; let the server write there and start it again',
  corrupt: '; stop the server, copy the folder as evidence, then restore it from a copy or move it away to start anew from the zone files',
}

function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const words = message.split(': Attempting')[0].replace(/^[A-Z]+: /, '')
  return /^[A-Z][a-z]/.test(words) ? words[0].toLowerCase() + words.slice(1) : words
}
