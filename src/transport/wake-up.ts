/**
 * Waking a thread that sleeps in `epoll_wait`, when mail has come for it: an eventfd among the descriptors that
 * it waits for. Writing adds to a number in the kernel, reading takes all of it.
 */
import { callMemory, errorName, type Libc, loadLibc } from './libc.ts'

/** EFD_CLOEXEC | EFD_NONBLOCK */
const FLAGS = 0x80800
const OCTETS = 8

/** Opens one; its number goes to the thread. Throws an Error where the system gives none. */
export function openWakeUp(libc: Libc = loadLibc()): number {
  const fd = libc.eventfd(0, FLAGS)
  if (fd < 0) throw new Error(`Cannot wake threads as the system gives no eventfd (${errorName(libc.errno())})`)
  return fd
}

/** One end of it. */
export class WakeUp {
  readonly fd: number
  readonly #libc: Libc
  readonly #memory = callMemory(OCTETS)
  readonly #at: number

  constructor(fd: number, libc: Libc = loadLibc()) {
    this.fd = fd
    this.#libc = libc
    this.#at = libc.addressOf(this.#memory)
  }

  /** Wakes the thread, or lets its next sleep end at once. */
  ring(): void {
    this.#memory[0] = 1
    this.#libc.write(this.fd, this.#at, OCTETS)
  }

  /** Heard: it sleeps until the next. */
  clear(): void {
    this.#libc.read(this.fd, this.#at, OCTETS)
  }
}
