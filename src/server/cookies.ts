/**
 * DNS Cookies (RFC 7873) with the server cookie of RFC 9018: a hash over the asker's cookie, its address and
 * the time, made with a secret that only the servers of one name share. Whoever returns a good one can
 * receive at the address that it claims. Nothing is remembered per client.
 *
 *     client cookie 8 | version 1 | reserved 3 | time 4 | hash 8
 *     |--- asker's ---|------------ server cookie, 16 ----------|
 *
 * Secrets roll over without a gap: new cookies are made with the current secret, those made with the one
 * before stay good (RFC 9018 5).
 */
import { COOKIE_FUTURE_SECONDS, COOKIE_LIFE_SECONDS, COOKIE_RENEW_SECONDS } from '../dns/limits.ts'
import { siphash24, siphashKey } from './siphash.ts'

/** Octets of a client cookie (RFC 7873 4). */
export const CLIENT_COOKIE_OCTETS = 8
/** Octets of a server cookie of ours (RFC 9018 4). */
export const SERVER_COOKIE_OCTETS = 16
/** Octets of both. */
export const COOKIE_OCTETS: number = CLIENT_COOKIE_OCTETS + SERVER_COOKIE_OCTETS

/** What a COOKIE option proves of its sender. */
export const COOKIE = {
  /** No server cookie: the asker is new (RFC 7873 5.2.3). */
  new: 0,
  /** The server cookie is ours and young (RFC 7873 5.2.5). */
  good: 1,
  /** Ours, but old enough to be replaced, or made with the secret before (RFC 9018 4.3). */
  renew: 2,
  /** Not ours, too old, from the future, or for another address (RFC 7873 5.2.4). */
  bad: 3,
} as const
/** A value of COOKIE. */
export type CookieOutcome = (typeof COOKIE)[keyof typeof COOKIE]

/** Version of the server cookie that RFC 9018 4.1 defines. */
const VERSION = 1

/** Whether a COOKIE option of this length is one: 8 octets, or 16 to 40 with a server cookie (RFC 7873 4). */
export function isCookieLength(octets: number): boolean {
  return octets === CLIENT_COOKIE_OCTETS || (octets >= 16 && octets <= 40)
}

/** Makes and checks server cookies. Times are Unix seconds. */
export class Cookies {
  private current: Int32Array
  private previous: Int32Array | null
  /** What is hashed (RFC 9018 4.4): client cookie, version, reserved, time, address. */
  private readonly hashed = new Uint8Array(CLIENT_COOKIE_OCTETS + 8 + 16)
  private readonly hash = new Int32Array(2)

  /** Secrets have 16 octets; `previous` is the one used before, whose cookies are still good. RangeError where one has not. */
  constructor(current: Uint8Array, previous?: Uint8Array) {
    this.current = siphashKey(current)
    this.previous = previous === undefined ? null : siphashKey(previous)
  }

  /** Makes `secret` the current one; cookies made with the one it replaces stay good (RFC 9018 5). */
  rotate(secret: Uint8Array): void {
    const key = siphashKey(secret)
    this.previous = this.current
    this.current = key
  }

  /** Judges the COOKIE option whose data are `octets[at … at + length)`, sent from `address`; `length` must satisfy `isCookieLength`. */
  judge(octets: Uint8Array, at: number, length: number, address: Uint8Array, nowSeconds: number): CookieOutcome {
    if (length === CLIENT_COOKIE_OCTETS) return COOKIE.new
    if (length !== COOKIE_OCTETS || octets[at + 8] !== VERSION) return COOKIE.bad
    const made = (octets[at + 12] << 24) | (octets[at + 13] << 16) | (octets[at + 14] << 8) | octets[at + 15]
    const age = ((nowSeconds | 0) - made) | 0 // RFC 1982 arithmetic, as RFC 9018 4.3 asks
    if (age > COOKIE_LIFE_SECONDS || age < -COOKIE_FUTURE_SECONDS) return COOKIE.bad
    for (let i = 0; i < 16; i++) this.hashed[i] = octets[at + i]
    if (this.matches(this.current, octets, at + 16, address)) return age > COOKIE_RENEW_SECONDS ? COOKIE.renew : COOKIE.good
    if (this.previous !== null && this.matches(this.previous, octets, at + 16, address)) return COOKIE.renew
    return COOKIE.bad
  }

  /** Writes the COOKIE option's 24 octets of data to `out[outAt …)`: the asker's cookie, which stands at `octets[at]`, and a new server cookie. */
  make(octets: Uint8Array, at: number, address: Uint8Array, nowSeconds: number, out: Uint8Array, outAt: number): void {
    const { hashed, hash } = this
    for (let i = 0; i < CLIENT_COOKIE_OCTETS; i++) hashed[i] = octets[at + i]
    hashed[8] = VERSION
    hashed[9] = hashed[10] = hashed[11] = 0 // reserved (RFC 9018 4.2)
    for (let i = 0; i < 4; i++) hashed[12 + i] = nowSeconds >>> (24 - 8 * i)
    this.hashWith(this.current, address)
    for (let i = 0; i < 16; i++) out[outAt + i] = hashed[i]
    for (let i = 0; i < 8; i++) out[outAt + 16 + i] = hash[i >> 2] >>> ((i & 3) * 8)
  }

  /** Whether the eight octets at `at` are the hash made with `key`; takes the same time wherever they differ. */
  private matches(key: Int32Array, octets: Uint8Array, at: number, address: Uint8Array): boolean {
    this.hashWith(key, address)
    let difference = 0
    for (let i = 0; i < 8; i++) difference |= octets[at + i] ^ ((this.hash[i >> 2] >>> ((i & 3) * 8)) & 0xff)
    return difference === 0
  }

  private hashWith(key: Int32Array, address: Uint8Array): void {
    const { hashed, hash } = this
    const size = address.length
    for (let i = 0; i < size; i++) hashed[16 + i] = address[i]
    siphash24(key, hashed, 16 + size, hash)
  }
}
