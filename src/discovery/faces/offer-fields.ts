/**
 * What faces tell of an offer, read where its AGENT record stands in a table of candidates: the agent's name and human
 * name, its capability, and those parameters that SVCB has too (docs/protocol.md 3: letter V).
 */
import { PARAMETERS } from '../../dns/parameters.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { printProtocols, protocolsOfAlpn } from '../ranking/protocols.ts'
import { nameEnd, read16, sameFolded, valueBehindName } from '../ranking/values.ts'
import type { FaceBlock } from './block.ts'

/** First key of the range for private use (RFC 9460 14.3.1), and those in it that SVCB may have here: DNS-AID's. */
const FIRST_PRIVATE = 65_280
const [FIRST_DNS_AID, LAST_DNS_AID] = [PARAMETERS.key65400.key, PARAMETERS.key65409.key]
/** `_sa` and `_ua`, as labels on the wire: the second ones of agents' names (docs/protocol.md 2). */
export const [SERVICE_MARK, USER_MARK]: readonly Uint8Array[] = ['\x03_sa', '\x03_ua'].map((mark) => Buffer.from(mark))
/** Both. */
export const AGENT_MARKS: readonly Uint8Array[] = [SERVICE_MARK, USER_MARK]
/** Port of an agent that names none: agents are called over HTTPS. */
const HTTPS_PORT = 443

/** Where the name of the slot's agent stands in the heap. */
export function agentAt({ i32 }: CandidateTable, slot: Slot): number {
  return i32.rdataAt[slot] + 2
}

/** Whether the slot's agent is called by an identifier, and not as any host. */
export function hasIdentifier(table: CandidateTable, slot: Slot): boolean {
  const at = agentAt(table, slot)
  const markAt = at + 1 + table.heap[at]
  return AGENT_MARKS.some((mark) => sameFolded(table.heap, markAt, mark, 0, mark.length))
}

/** Where in the heap the domain of the slot's agent stands, which is called `<id>._sa.<domain>`; the root where the name is shorter. */
export function domainAt(table: CandidateTable, slot: Slot): number {
  const { heap } = table
  let at = agentAt(table, slot)
  for (let labels = 2; labels > 0 && heap[at] !== 0; labels--) at += heap[at] + 1
  return at
}

/** Where a parameter's value starts in the heap; 0 where the offer does not have it. `valueEnd` tells where it ends. */
export function valueAt(table: CandidateTable, slot: Slot, key: number): number {
  return valueBehindName(table.heap, agentAt(table, slot), table.i32.rdataAt[slot] + table.i32.rdataLength[slot], key)
}

/** Where the value that starts at `at` ends. */
export function valueEnd({ heap }: CandidateTable, at: number): number {
  return at + read16(heap, at - 2)
}

function parametersAt({ heap, i32 }: CandidateTable, slot: Slot): number {
  const end = i32.rdataAt[slot] + i32.rdataLength[slot]
  const at = nameEnd(heap, i32.rdataAt[slot] + 2, end)
  return at < 0 ? end : at
}

/** The port of an offer. */
export function portOf(table: CandidateTable, slot: Slot): number {
  const at = valueAt(table, slot, PARAMETERS.port.key)
  return at === 0 ? HTTPS_PORT : read16(table.heap, at)
}

/** The capability's name up to `_cap`, in text: `v2.translate.text.nlp`. */
export function capabilityText({ heap, i32 }: CandidateTable, slot: Slot): string {
  const number = i32.capability[slot]
  const at = i32.capabilityAt[number]
  return textOf(heap, at, at + i32.capabilityLength[number], '_cap')
}

/** Labels in text, of a name of letters, digits and hyphens, up to a label or the end. */
export function textOf(heap: Uint8Array, at: number, end: number, stop = ''): string {
  let text = ''
  for (; at < end && heap[at] !== 0; at += heap[at] + 1) {
    const label = latin1(heap, at + 1, at + 1 + heap[at])
    if (label === stop) break
    text += text === '' ? label : `.${label}`
  }
  return text
}

/** Octets as text of as many characters; for names, which are too short to be worth a call into the runtime. */
export function latin1(octets: Uint8Array, at: number, end: number): string {
  let text = ''
  for (; at < end; at++) text += String.fromCharCode(octets[at])
  return text
}

/**
 * Writes the parameters of the offer that SVCB has too, in ascending order (RFC 9460 2.2). `mandatory` goes where it names
 * one that is left out (RFC 9460 8), and the agent protocols of DNS-AID follow from `alpn` where they are not told.
 */
export function writeServiceParameters(table: CandidateTable, slot: Slot, block: FaceBlock): void {
  const { heap, i32 } = table
  const end = i32.rdataAt[slot] + i32.rdataLength[slot]
  let hasProtocols = false
  for (let at = parametersAt(table, slot), next; at + 4 <= end; at = next) {
    const key = read16(heap, at)
    next = at + 4 + read16(heap, at + 2)
    if (key >= PARAMETERS.key65402.key && !hasProtocols) hasProtocols = key === PARAMETERS.key65402.key || writeProtocols(table, slot, block)
    if (!isShared(key) || (key === PARAMETERS.mandatory.key && !isKept(heap, at + 4, next))) continue
    block.copy(heap, at, next)
  }
  if (!hasProtocols) writeProtocols(table, slot, block)
}

function isShared(key: number): boolean {
  return key < FIRST_PRIVATE || (key >= FIRST_DNS_AID && key <= LAST_DNS_AID)
}

function isKept(heap: Uint8Array, at: number, end: number): boolean {
  for (; at < end; at += 2) if (!isShared(read16(heap, at))) return false
  return true
}

function writeProtocols(table: CandidateTable, slot: Slot, block: FaceBlock): true {
  const at = valueAt(table, slot, PARAMETERS.alpn.key)
  const text = at === 0 ? '' : printProtocols(protocolsOfAlpn(table.heap, at, valueEnd(table, at)))
  if (text === '') return true
  block.u16(PARAMETERS.key65402.key)
  block.u16(text.length)
  block.copy(Buffer.from(text), 0, text.length)
  return true
}
