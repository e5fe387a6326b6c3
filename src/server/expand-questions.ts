/** Questions written out: who asks several at once may have pointed from one name into another (RFC 1035 4.1.4), and we look names up where they stand. */
import type { Query } from '../authority/query.ts'
import { WireFault } from '../dns/faults.ts'
import { decodeMessage } from '../dns/message.ts'
import { HEADER_OCTETS } from './admit.ts'

/** The message, in memory of its own, with no pointer in its questions; undefined where a name is none. What stands behind them may hold no pointer. */
export function expandQuestions({ octets, length, recordsAt }: Query): Uint8Array | undefined {
  try {
    const { questions } = decodeMessage(octets.slice(0, length))
    const parts = questions.flatMap(({ name, type, class: rrClass }) => [name.wire, Uint8Array.of(type >>> 8, type, rrClass >>> 8, rrClass)])
    return Buffer.concat([octets.subarray(0, HEADER_OCTETS), ...parts, octets.subarray(recordsAt, length)])
  } catch (fault) {
    if (fault instanceof WireFault) return undefined
    throw fault
  }
}
