/**
 * The system calls that node:dgram lacks, called through koffi: many datagrams for one crossing into the
 * kernel, sockets that share a port, and the local address of each datagram. Memory is passed as plain
 * numbers, so that a call makes no object. Linux on 64-bit little-endian machines only, as the structures
 * are laid out by hand (mmsg-batch.ts).
 */
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

/** An address in memory. User space ends at 2^47 or 2^48 on the machines served, so a number is exact. */
export type Pointer = number

/** C functions; those that return -1 leave the reason in `errno()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Pointer, size: number): number
  getsockname(fd: number, address: Pointer, size: Pointer): number
  setsockopt(fd: number, level: number, option: number, value: Pointer, size: number): number
  poll(descriptors: Pointer, count: number, timeoutMs: number): number
  recvmmsg(fd: number, headers: Pointer, count: number, flags: number, timeout: Pointer): number
  sendmmsg(fd: number, headers: Pointer, count: number, flags: number): number
  close(fd: number): number
  if_nametoindex(name: Pointer): number
  errno(): number
  /** Where `memory` lies. It must stay referenced for as long as the pointer is used. */
  addressOf(memory: Uint8Array): Pointer
}

/** Memory for a call: zeros that lie outside the garbage collector's heap and so never move. */
export function callMemory(octets: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(octets))
}

/** Constants of Linux, the same on x64 and arm64. */
export const AF_INET = 2
/** IPv6. */
export const AF_INET6 = 10
/** Return the datagrams that are there once there is one. */
export const MSG_WAITFORONE = 0x10000
/** Do not sleep. */
export const MSG_DONTWAIT = 0x40
/** In the flags of a datagram read: it was longer than its slot. */
export const MSG_TRUNC = 0x20
/** A signal came first. */
export const EINTR = 4
/** Nothing to read, or no room to send, for now. */
export const EAGAIN = 11

/** What is used of koffi, whose own types are there only where it is installed. */
interface Koffi {
  load(path: string): { func(prototype: string): (...values: number[]) => number }
  address(value: Uint8Array): bigint
  errno(): number
}

const PROTOTYPES = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, uintptr_t, unsigned int)',
  getsockname: 'int getsockname(int, uintptr_t, uintptr_t)',
  setsockopt: 'int setsockopt(int, int, int, uintptr_t, unsigned int)',
  poll: 'int poll(uintptr_t, unsigned long, int)',
  recvmmsg: 'int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)',
  sendmmsg: 'int sendmmsg(int, uintptr_t, unsigned int, int)',
  close: 'int close(int)',
  if_nametoindex: 'unsigned int if_nametoindex(uintptr_t)',
} as const

const MUSL = { x64: 'x86_64', arm64: 'aarch64' } as const

let loaded: Libc | undefined

/** The functions. Throws an Error that says what is missing; `canUseMmsg` asks without throwing. */
export function loadLibc(): Libc {
  return (loaded ??= bindLibc())
}

/** Whether batched system calls work here: usable, or the reason why not, as an operator can read it. */
export function canUseMmsg(platform: string = process.platform, arch: string = process.arch): { usable: true } | { usable: false; reason: string } {
  if (platform !== 'linux') return { usable: false, reason: `batched UDP needs Linux, and this is ${platform}` }
  if (!(arch in MUSL)) return { usable: false, reason: `batched UDP is laid out for x64 and arm64, and this is ${arch}` }
  try {
    return tryCalls(loadLibc())
  } catch (error) {
    return { usable: false, reason: (error as Error).message }
  }
}

/** A sandbox may know the functions and forbid the calls: reading an empty socket must find it empty. */
function tryCalls(libc: Libc): { usable: true } | { usable: false; reason: string } {
  const header = callMemory(64)
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
  const read = libc.recvmmsg(fd, libc.addressOf(header), 1, MSG_DONTWAIT, 0)
  const errno = libc.errno()
  const isSendable = libc.sendmmsg(fd, libc.addressOf(header), 0, MSG_DONTWAIT) === 0
  libc.close(fd)
  if (read === -1 && errno === EAGAIN && isSendable) return { usable: true }
  return { usable: false, reason: `the system does not let recvmmsg and sendmmsg work (${errorName(errno)})` }
}

/** A datagram socket that programs started later do not inherit: SOCK_DGRAM | SOCK_CLOEXEC. */
export const SOCK_DGRAM = 0x80002

/** `EADDRINUSE` for its number. */
export function errorName(errno: number): string {
  return errno > 0 ? getSystemErrorName(-errno) : 'no error'
}

function bindLibc(): Libc {
  const koffi = requireKoffi()
  const library = openLibrary(koffi)
  const functions: Record<string, (...values: number[]) => number> = {}
  for (const [name, prototype] of Object.entries(PROTOTYPES)) {
    try {
      functions[name] = library.func(prototype)
    } catch (error) {
      throw new Error(`Cannot use batched UDP as the C library has no function ${name}`, { cause: error })
    }
  }
  return { ...functions, errno: () => koffi.errno(), addressOf: (memory: Uint8Array) => Number(koffi.address(memory)) } as unknown as Libc
}

function requireKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (error) {
    throw new Error(`Cannot use batched UDP as koffi does not load (\`npm install koffi\`): ${(error as Error).message.split('\n')[0]}`, { cause: error })
  }
}

/** The GNU C library, or musl. */
function openLibrary(koffi: Koffi): ReturnType<Koffi['load']> {
  try {
    return koffi.load('libc.so.6')
  } catch {
    return koffi.load(`libc.musl-${MUSL[process.arch as keyof typeof MUSL]}.so.1`)
  }
}
