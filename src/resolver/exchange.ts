/**
 * One question to one server, with what it takes to get through: TCP where UDP was cut short (RFC 7766 5) or something
 * came that may have been forged, no EDNS where the server cannot take it (RFC 6891 6.2.2, 7). Silence is never taken
 * for a dislike of EDNS: that lost more than it helped, and anybody can cause it (DNS Flag Day 2019).
 */
import { RCODE } from '../dns/codes.ts'
import { MANNERS_SECONDS, MAX_MESSAGES_PER_ATTEMPT } from '../dns/limits-resolver.ts'
import type { Message } from '../dns/message.ts'
import type { Endpoint, Transport } from './contract.ts'
import type { Step } from './minimise.ts'
import { fly, type Landed, type Steps, type World } from './steps.ts'

/** What came of it. */
export type Reply =
  | { readonly kind: 'response'; readonly message: Message }
  | { readonly kind: 'silence'; readonly transport: Transport }
  /** It answers, but not so that it could be understood, by TCP either. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'spent' }

/** How the next message goes. */
interface Manner {
  transport: Transport
  edns: boolean
}

/** How a server is asked: with RD for a forwarder, by TCP from the start or where it must be, and whether nobody is left to be asked after it. */
export interface Approach {
  readonly recursion: boolean
  readonly transport: Transport
  readonly isLast: boolean
}

/** Asks `to`. */
export function* exchange(world: World, to: Endpoint, { name, type }: Step, { recursion, transport, isLast }: Approach): Steps<Reply> {
  const manners = world.servers.of(to)
  const manner: Manner = { transport, edns: manners.refusesEdnsUntilMs <= world.nowMs }
  for (let messages = 0; messages < MAX_MESSAGES_PER_ATTEMPT; messages++) {
    const randomCase = world.settings.randomCase && manners.changesCaseUntilMs <= world.nowMs
    const landed = yield* fly({ to, name, type, recursion, randomCase, isLast, ...manner })
    if (landed.kind === 'silence') return { kind: 'silence', transport: manner.transport }
    if (landed.kind === 'spent') return landed
    const message = takenOf(landed, manner)
    if (landed.kind === 'doubtful' && landed.why === 'case' && manner.transport === 'tcp') manners.changesCaseUntilMs = world.nowMs + MANNERS_SECONDS * 1000
    if (message === undefined) {
      if (manner.transport === 'tcp') return { kind: 'broken' }
      manner.transport = 'tcp'
    } else if (manner.edns && dislikesEdns(message)) manner.edns = false
    else if (message.truncated && manner.transport === 'udp') manner.transport = 'tcp' // RFC 2181 9: nothing of it is used
    else {
      // FORMERR and NOTIMP went away with OPT: so it is for a while, until it may have been mended. Without an answer it may have been chance
      if (!manner.edns && !dislikesEdns(message)) manners.refusesEdnsUntilMs = world.nowMs + MANNERS_SECONDS * 1000
      return { kind: 'response', message }
    }
  }
  return { kind: 'broken' }
}

/**
 * The message that may be believed, or undefined. What is doubtful is asked for again by TCP, where nobody can forge who
 * does not see the traffic (RFC 7766 10); there other letters are the server's own doing, and an error may leave the
 * question out (RFC 6891 7: servers of old do with what they cannot read).
 */
function takenOf(landed: Exclude<Landed, { kind: 'silence' | 'spent' }>, { transport }: Manner): Message | undefined {
  if (landed.kind === 'response') return landed.message
  if (transport === 'udp' || landed.message === undefined) return undefined
  const { message } = landed
  return landed.why === 'case' || (message.questions.length === 0 && message.rcode !== RCODE.NOERROR) ? message : undefined
}

/** FORMERR, NOTIMP, or BADVERS to version 0 (RFC 6891 6.1.3, 7). */
function dislikesEdns({ rcode }: Message): boolean {
  return rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP || rcode === RCODE.BADVERS
}
