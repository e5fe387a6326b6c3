/**
 * What a socket thread and the main thread say to each other.
 *
 *     control   word 0: stop   word 1: pieces of mail sent   word 2: whether the first UDP thread is given the datagrams of all
 *     mail      { kind: 'serve', generation, zones, options } ──►  thread  ──► { kind: 'serving', generation }
 *               { kind: 'answers', parcel }                   ──►          ──► { kind: 'deferred', parcel }
 */
import type { SharedBudget } from '../transport/deferral-budget.ts'
import type { MmsgSocket } from '../transport/mmsg-socket.ts'
import type { ConnectionLimits } from '../transport/tcp-connections.ts'
import type { TcpSocket } from '../transport/tcp-socket.ts'
import type { AnsweringOptions } from './answering.ts'

/** Words of a thread's control block. */
export const CONTROL = { stop: 0, mail: 1, gathered: 2, words: 3 } as const

/** Blocks of the zones in service, in the order of their directory, and those of their candidates: undefined for a zone without agents. */
export interface SharedZones {
  images: SharedArrayBuffer[]
  candidates: (SharedArrayBuffer | undefined)[]
}

/** What to serve and how from now on, all of it each time, so that only the newest counts; `generation` counts the pieces. */
export interface ThreadMail {
  kind: 'serve'
  generation: number
  zones: SharedZones
  options: AnsweringOptions
  /** Octets of the blocks that were replaced since the start. */
  replacedOctets: number
}

/** Answers of the core to connections of a TCP thread, packed by `Returns`. */
export interface AnswerMail {
  kind: 'answers'
  parcel: ArrayBuffer
}

/** What a thread reads: one socket of each endpoint, which no other thread reads. */
export type ThreadTask =
  | { kind: 'udp'; sockets: MmsgSocket[] }
  | { kind: 'tcp'; sockets: TcpSocket[]; wakeUp: number; limits: Partial<ConnectionLimits>; open: Int32Array; deadlineMs: number }

/** Everything that a thread is told at its start. */
export interface ThreadStart {
  task: ThreadTask
  control: SharedArrayBuffer
  serverCounts: SharedArrayBuffer
  transportCounts: SharedArrayBuffer
  /** Where outcomes of demands go (src/discovery/sense/outcome-ring.ts). */
  outcomes: SharedArrayBuffer
  /** Bounds what it may have waiting for the core. */
  budget: SharedBudget
  mail: ThreadMail
}

/** What a thread says. */
export type ThreadWord = { kind: 'serving'; generation: number } | { kind: 'fault'; fault: string; untold: number } | { kind: 'deferred'; parcel: ArrayBuffer }
