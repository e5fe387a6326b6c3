/** Updates for tests of the flows: from octets, as the server would read them, or from records in text. */
import { OPTION, TYPE } from '../../src/dns/codes.ts'
import { findOption, readUpdateLease, type UpdateLease } from '../../src/dns/edns.ts'
import { decodeMessage, isTransactionSignature, type DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import type { Requester, Signer, Update } from '../../src/update/contract.ts'

/** The update that octets hold. */
export function updateOf(octets: Uint8Array): Update {
  const message = decodeMessage(octets)
  const [zone] = message.questions
  const option = findOption(message.edns, OPTION.UPDATE_LEASE)
  return {
    zone: { name: zone.name, class: zone.class },
    prerequisites: message.answers,
    updates: message.authorities,
    additionals: message.additionals,
    lease: option && readUpdateLease(option),
    message,
  }
}

/** Who signed `update` by SIG(0), taking the signature for good and the KEY from the message; the key may be told where the message has none. */
export function signerOf(update: Update, key?: Uint8Array): Signer | undefined {
  const signature = update.additionals.at(-1)
  if (!isTransactionSignature(signature) || signature === undefined) return undefined
  const name = Name.fromWire(signature.rdata, SIGNER_AT)
  const found = key ?? update.updates.find(({ type, name: owner }) => type === TYPE.KEY && owner.equals(name))?.rdata
  return found && { kind: 'sig0', name, key: found }
}

/** Octets of SIG RDATA before the signer's name (RFC 2931 3). */
const SIGNER_AT = 18

/** An asker at 192.0.2.1 over TCP. */
export function requester(signer?: Signer): Requester {
  return { address: Uint8Array.of(192, 0, 2, 1), port: 4_000, transport: 'tcp', ...(signer && { signer }) }
}

/** An update from records in text: class IN adds, NONE deletes one, ANY deletes an RRset or name. */
export function textUpdate(zone: string, lines: readonly string[], lease?: UpdateLease, prerequisites: readonly string[] = []): Update {
  const apex = Name.parse(zone)
  const records = (texts: readonly string[]): DnsRecord[] => texts.map((line) => parseRecord(line, apex))
  const [updates, conditions] = [records(lines), records(prerequisites)]
  const message = decodeMessage(Buffer.from('000028000000000000000000', 'hex'))
  return { zone: { name: apex, class: 1 }, prerequisites: conditions, updates, additionals: [], lease, message }
}
