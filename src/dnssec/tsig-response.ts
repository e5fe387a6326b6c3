/**
 * What a client makes of the response to its signed request (RFC 8945 5.4): ours and unchanged, a refusal of the
 * signature, or nothing that it may believe.
 */
import { RCODE } from '../dns/codes.ts'
import { WireReader } from '../dns/octets.ts'
import { findSignature } from './signed-message.ts'
import { isPossibleMac, judgeTsig, readTsig, type TsigKey } from './tsig.ts'

/**
 * `refused` tells the error of TSIG. It is `proven` for BADTIME and BADTRUNC, which are signed; a BADKEY or BADSIG can come from anybody
 * (RFC 8945 5.4.1 to 5.4.3), so it is a reason to tell and no reason to stop waiting. With BADTIME comes the server's time.
 */
export type ResponseVerdict = { is: 'good' } | { is: 'refused'; error: number; proven: boolean; serverSeconds?: number } | { is: 'bad'; reason: string }

/** Judges the response `octets` to a request that carried `requestMac` (`signTsigRequest`). WireFault where it is malformed. */
export function checkTsigResponse(octets: Uint8Array, key: TsigKey, requestMac: Uint8Array, nowSeconds: number): ResponseVerdict {
  const record = findSignature(octets)
  if (record?.kind !== 'tsig') return { is: 'bad', reason: 'it is not signed' } // RFC 8945 5.4: discarded
  const fields = readTsig(record)
  if (!record.owner.equals(key.name) || !fields.algorithm.equals(key.algorithm.name)) return { is: 'bad', reason: 'it is signed with another key' }
  const { error, mac, other } = fields
  if (mac.length === 0 && (error === RCODE.BADKEY || error === RCODE.BADSIG)) return { is: 'refused', error, proven: false }
  if (!isPossibleMac(mac, key.algorithm)) return { is: 'bad', reason: 'its MAC has a length that cannot be' }
  const fault = judgeTsig(octets, record, fields, key, requestMac, nowSeconds)
  if (fault === RCODE.BADSIG) return { is: 'bad', reason: 'its MAC is wrong' }
  if (error === RCODE.BADTIME && other.length === 6) return { is: 'refused', error, proven: true, serverSeconds: new WireReader(other).u48() }
  if (fault === RCODE.BADTIME) return { is: 'bad', reason: 'it is too old, or from the future' }
  if (fault === RCODE.BADTRUNC) return { is: 'bad', reason: 'its MAC is too short' }
  return error === 0 ? { is: 'good' } : { is: 'refused', error, proven: true }
}
