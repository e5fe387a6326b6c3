/**
 * Takes an agent out of every answer, whatever its server understands: one that grants leases takes a lease of 0 for
 * the end (RFC 9664 4.2) and says so in its response; any other has read a plain update that adds the records
 * once more, and is asked to delete them (RFC 2136 2.5.4).
 */
import type { Message } from '../dns/message.ts'
import type { ChangeOutcome } from './change.ts'
import { deleteMessage, withdrawMessage, type Registration } from './registration.ts'

/** How a withdrawal is sent, and what of the agent stays. */
export interface WithdrawalOptions {
  /** Seconds that the identifier stays reserved for its KEY; default 0, not at all. */
  keyLease?: number
  /** Gives a message's ID, not to be guessed (RFC 5452 9.2). */
  messageId: () => number
}

/** Withdraws by messages that `request` sends; gives the outcome of the last. */
export async function withdrawBy(request: (message: Message) => Promise<ChangeOutcome>, registration: Registration, options: WithdrawalOptions): Promise<ChangeOutcome> {
  const { keyLease = 0, messageId } = options
  const outcome = await request(withdrawMessage(registration, messageId(), keyLease))
  if (outcome.kind !== 'done' || outcome.lease !== undefined) return outcome
  return request(deleteMessage(registration, messageId(), keyLease > 0))
}
