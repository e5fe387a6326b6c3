/** Refusals whose reason is told to the asker as well as to the log. */
import { EDE } from '../dns/codes.ts'
import type { Refusal } from './contract.ts'

/** An update is refused with `rcode` for the reason in `text`, which goes into an Extended DNS Error too; `infoCode` is a value of EDE (RFC 8914 4). */
export function refuse(rcode: number, text: string, infoCode: number = EDE.PROHIBITED): Refusal {
  return { rcode, ede: { infoCode, text }, reason: text }
}
