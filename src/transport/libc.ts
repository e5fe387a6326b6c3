/**
 * The system calls that node:dgram and node:net lack or wrap in much work, called through koffi: many
 * datagrams for one crossing into the kernel, sockets that share a port, the local address of each datagram,
 * TCP without an object per event, huge pages. Memory is passed as plain numbers, so that a call makes no object. Linux
 * on 64-bit little-endian machines only, as the structures are laid out by hand (mmsg-batch.ts,
 * epoll.ts).
 */
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

/** An address in memory. User space ends at 2^47 or 2^48 on the machines served, so a number is exact. */
export type Pointer = number

/** C functions; those that return -1 leave the reason in `errno()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Pointer, size: number): number
  connect(fd: number, address: Pointer, size: number): number
  getsockname(fd: number, address: Pointer, size: Pointer): number
  setsockopt(fd: number, level: number, option: number, value: Pointer, size: number): number
  poll(descriptors: Pointer, count: number, timeoutMs: number): number
  recvmmsg(fd: number, headers: Pointer, count: number, flags: number, timeout: Pointer): number
  sendmmsg(fd: number, headers: Pointer, count: number, flags: number): number
  listen(fd: number, backlog: number): number
  accept4(fd: number, address: Pointer, size: Pointer, flags: number): number
  recv(fd: number, octets: Pointer, size: number, flags: number): number
  recvfrom(fd: number, octets: Pointer, size: number, flags: number, address: Pointer, addressSize: Pointer): number
  send(fd: number, octets: Pointer, size: number, flags: number): number
  shutdown(fd: number, how: number): number
  epoll_create1(flags: number): number
  epoll_ctl(epoll: number, change: number, fd: number, event: Pointer): number
  epoll_wait(epoll: number, events: Pointer, count: number, timeoutMs: number): number
  eventfd(count: number, flags: number): number
  read(fd: number, octets: Pointer, size: number): number
  write(fd: number, octets: Pointer, size: number): number
  close(fd: number): number
  if_nametoindex(name: Pointer): number
  madvise(memory: Pointer, size: number, advice: number): number
  errno(): number
  /** Has the loop of this thread call `run` in each turn in which `fd` can be read, outside of any scope of Node's: what it puts off by `setImmediate` runs in the same turn. Keeps no process alive, and ends with what it returns, which must stay referenced. */
  whenReadable(fd: number, run: () => void): Watch
  /** Where `memory` lies. It must stay referenced for as long as the pointer is used. */
  addressOf(memory: Uint8Array): Pointer
}

/** Waiting for a descriptor. */
export interface Watch {
  close(): void
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
/** It is not said to whom. */
const EDESTADDRREQ = 89
/** Another has this address and port. */
export const EADDRINUSE = 98
/** Nothing to read, or no room to send, for now. */
export const EAGAIN = 11

/** What is used of koffi, whose own types are there only where it is installed. */
interface Koffi {
  load(path: string): { func(prototype: string): (...values: number[]) => number }
  address(value: Uint8Array): bigint
  errno(): number
  /** The loop's own waiting for a descriptor (uv_poll), since koffi 3. */
  readonly node?: { poll?(fd: number, events: { readable: boolean }, run: () => void): Watch & { unref(): void } }
}

const PROTOTYPES = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, uintptr_t, unsigned int)',
  connect: 'int connect(int, uintptr_t, unsigned int)',
  getsockname: 'int getsockname(int, uintptr_t, uintptr_t)',
  setsockopt: 'int setsockopt(int, int, int, uintptr_t, unsigned int)',
  poll: 'int poll(uintptr_t, unsigned long, int)',
  recvmmsg: 'int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)',
  sendmmsg: 'int sendmmsg(int, uintptr_t, unsigned int, int)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, uintptr_t, uintptr_t, int)',
  recv: 'long recv(int, uintptr_t, size_t, int)',
  recvfrom: 'long recvfrom(int, uintptr_t, size_t, int, uintptr_t, uintptr_t)',
  send: 'long send(int, uintptr_t, size_t, int)',
  shutdown: 'int shutdown(int, int)',
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, uintptr_t)',
  epoll_wait: 'int epoll_wait(int, uintptr_t, int, int)',
  eventfd: 'int eventfd(unsigned int, int)',
  read: 'long read(int, uintptr_t, size_t)',
  write: 'long write(int, uintptr_t, size_t)',
  close: 'int close(int)',
  if_nametoindex: 'unsigned int if_nametoindex(uintptr_t)',
  madvise: 'int madvise(uintptr_t, size_t, int)',
} as const

const MUSL = { x64: 'x86_64', arm64: 'aarch64' } as const

let loaded: Libc | undefined

/** The functions. Throws an Error that says what is missing; `canUseMmsg` asks without throwing. */
export function loadLibc(): Libc {
  return (loaded ??= bindLibc())
}

/** Whether a way of reading sockets works here: usable, or the reason why not, as an operator can read it. */
export type Usable = { usable: true } | { usable: false; reason: string }

/** Whether batched system calls for UDP work here. */
export function canUseMmsg(platform: string = process.platform, arch: string = process.arch): Usable {
  return canUse('batched UDP', tryBatches, platform, arch)
}

/** Whether TCP can be read by epoll here. */
export function canUseEpoll(platform: string = process.platform, arch: string = process.arch): Usable {
  return canUse('TCP by epoll', tryEpoll, platform, arch)
}

/** Whether datagrams can be sent to other servers, and waited for, by system calls here. */
export function canUseDatagrams(platform: string = process.platform, arch: string = process.arch): Usable {
  return canUse('datagrams by system calls', tryDatagrams, platform, arch)
}

function canUse(what: string, tryCalls: (libc: Libc) => Usable, platform: string, arch: string): Usable {
  if (platform !== 'linux') return { usable: false, reason: `${what} needs Linux, and this is ${platform}` }
  if (!(arch in MUSL)) return { usable: false, reason: `${what} is laid out for x64 and arm64, and this is ${arch}` }
  try {
    return tryCalls(loadLibc())
  } catch (error) {
    return { usable: false, reason: (error as Error).message }
  }
}

/** A sandbox may know the functions and forbid the calls: reading an empty socket must find it empty. */
function tryBatches(libc: Libc): Usable {
  const header = callMemory(64)
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
  const read = libc.recvmmsg(fd, libc.addressOf(header), 1, MSG_DONTWAIT, 0)
  const errno = libc.errno()
  const isSendable = libc.sendmmsg(fd, libc.addressOf(header), 0, MSG_DONTWAIT) === 0
  libc.close(fd)
  if (read === -1 && errno === EAGAIN && isSendable) return { usable: true }
  return { usable: false, reason: `the system does not let recvmmsg and sendmmsg work (${errorName(errno)})` }
}

/** As for batches: waiting for nothing must find nothing. */
function tryEpoll(libc: Libc): Usable {
  const fd = libc.epoll_create1(0)
  const ready = libc.epoll_wait(fd, libc.addressOf(callMemory(64)), 1, 0)
  const errno = libc.errno()
  if (fd >= 0) libc.close(fd)
  return ready === 0 ? { usable: true } : { usable: false, reason: `the system does not let epoll work (${errorName(errno)})` }
}

/** As for batches: what is not connected cannot send, and an empty socket is found empty. */
function tryDatagrams(libc: Libc): Usable {
  if (typeof requireKoffi().node?.poll !== 'function') return { usable: false, reason: 'this koffi has no poll (`npm ci`)' }
  const epoll = tryEpoll(libc)
  if (!epoll.usable) return epoll
  const memory = libc.addressOf(callMemory(64))
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
  const sent = libc.send(fd, memory, 1, MSG_DONTWAIT)
  const sendErrno = libc.errno()
  const read = libc.recvfrom(fd, memory, 1, MSG_DONTWAIT, memory + 16, memory + 8)
  const readErrno = libc.errno()
  libc.close(fd)
  if (sent === -1 && sendErrno === EDESTADDRREQ && read === -1 && readErrno === EAGAIN) return { usable: true }
  return { usable: false, reason: `the system does not let send and recvfrom work (${errorName(sendErrno)}, ${errorName(readErrno)})` }
}

/** A datagram socket that programs started later do not inherit: SOCK_DGRAM | SOCK_CLOEXEC. */
export const SOCK_DGRAM = 0x80002
/** A stream socket that does not sleep and is not inherited: SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC. */
export const SOCK_STREAM = 0x80801
/** For `accept4`: as SOCK_STREAM. */
export const ACCEPT_FLAGS = 0x80800
/** Do not raise SIGPIPE where the other side is gone. */
export const MSG_NOSIGNAL = 0x4000

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
      throw new Error(`Cannot make system calls as the C library has no function ${name}`, { cause: error })
    }
  }
  const whenReadable = (fd: number, run: () => void): Watch => {
    const watch = koffi.node?.poll?.(fd, { readable: true }, run)
    if (watch === undefined) throw new Error('Cannot wait for descriptors as this koffi has no poll')
    watch.unref()
    return watch
  }
  return { ...functions, whenReadable, errno: () => koffi.errno(), addressOf: (memory: Uint8Array) => Number(koffi.address(memory)) } as unknown as Libc
}

function requireKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (error) {
    throw new Error(`Cannot make system calls as koffi does not load (\`npm install koffi\`): ${(error as Error).message.split('\n')[0]}`, { cause: error })
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
