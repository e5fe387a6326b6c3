/**
 * Puts together what answers queries in one thread: zones, authority and server, from values that may cross
 * to another thread. The zones are swapped here, between two queries.
 */
import { ZoneAuthority } from '../authority/answer.ts'
import { Server } from '../server/server.ts'
import { Cookies } from '../server/cookies.ts'
import type { Counters } from '../server/counters.ts'
import type { Handler } from '../transport/handler.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import type { ConfigValues } from './config-schema.ts'

/** How to answer: plain values only, so that each thread can be told. */
export interface AnsweringOptions {
  /** The process's hash seed. */
  seed: number
  udpOctets: number
  /** Empty: none. */
  nsid: string
  version: string
  identity: string
  /** Undefined: no cookies. */
  cookieSecret: Uint8Array | undefined
  previousCookieSecret: Uint8Array | undefined
  requireCookie: boolean
  /** Units of 100 ms (RFC 7828 3.1). */
  keepalive: number
}

/** The part of a config that answering depends on; `randomSecret` is used where the config names none. */
export function answeringOptions(values: ConfigValues, seed: number, randomSecret: Uint8Array): AnsweringOptions {
  const { server, cookies, tcp } = values
  const secret = cookies.secret === undefined ? randomSecret : Buffer.from(cookies.secret, 'hex')
  return {
    seed,
    udpOctets: values['udp-size'],
    nsid: server.nsid,
    version: server.version,
    identity: server.id,
    cookieSecret: cookies.enabled ? secret : undefined,
    previousCookieSecret: cookies.previous === undefined ? undefined : Buffer.from(cookies.previous, 'hex'),
    requireCookie: cookies.require,
    keepalive: tcp.idle * 10,
  }
}

/** What answers in one thread. */
export interface Answering {
  handler: Handler
  /** Serves these zones from the next query on. */
  publish(directory: ZoneDirectory): void
}

/** Makes what answers; `onFault` is told of faults of ours. */
export function makeAnswering(options: AnsweringOptions, counters: Counters, onFault: (fault: unknown, untold: number) => void): Answering {
  const { seed, udpOctets, nsid, version, identity, cookieSecret, previousCookieSecret, requireCookie, keepalive } = options
  const authority = new ZoneAuthority(new ZoneDirectory([], seed), seed)
  const server = new Server({
    authority,
    nowSeconds: () => Math.floor(Date.now() / 1_000),
    udpOctets,
    chaos: { ...(version === '' ? {} : { version }), ...(identity === '' ? {} : { identity }) },
    ...(nsid === '' ? {} : { nsid: Buffer.from(nsid) }),
    ...(cookieSecret === undefined ? {} : { cookies: new Cookies(cookieSecret, previousCookieSecret) }),
    requireCookie,
    keepalive,
    counters,
    onFault,
  })
  return {
    handler: (query, length, peer, out) => server.answer(query, length, peer, out),
    publish: (directory) => authority.replaceDirectory(directory),
  }
}
