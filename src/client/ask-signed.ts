/**
 * One question that is signed, and an answer that is believed by its signature (RFC 8945 5.4). An answer that was cut short is asked
 * for again over TCP by a message of its own: from another port the same signature would be a replay, where a query is more than one question.
 */
import { randomInt } from 'node:crypto'
import { encodeMessage, type Message } from '../dns/message.ts'
import { ask, type Asked, type AskOptions } from './ask.ts'
import type { ChangeSigner } from './change.ts'

/** What came of asking; `wrong` says why the answer is not to be believed. */
export type SignedAsked = Asked | { wrong: string }

/** Sends a query and gives the answer's octets, as `ask` does. */
export type Send = (query: Uint8Array, options: AskOptions) => Promise<Asked>

/** Asks `query`, signed where there is a signer. */
export async function askSigned(query: Message, signer: ChangeSigner | undefined, options: AskOptions, send: Send = ask): Promise<SignedAsked> {
  if (signer === undefined) return send(encodeMessage(query), options)
  const first = await exchange(query, signer, { ...options, keepTruncated: true }, send)
  const isCut = 'octets' in first && (first.octets[2] & TC) !== 0 && first.transport === 'udp'
  if (!isCut || options.keepTruncated === true) return first
  return exchange({ ...query, id: (query.id + randomInt(1, 0x1_0000)) & 0xffff }, signer, { ...options, tcp: true }, send)
}

const TC = 0x02

async function exchange(query: Message, signer: ChangeSigner, options: AskOptions, send: Send): Promise<SignedAsked> {
  const signed = await signer.sign(encodeMessage(query))
  const asked = await send(signed.octets, options)
  if ('failed' in asked) return asked
  const wrong = await signed.check(asked.octets)
  return wrong === undefined ? asked : { wrong }
}
