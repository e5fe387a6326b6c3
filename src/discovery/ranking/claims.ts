/**
 * What an AGENT record claims, read from its RDATA into the columns of a table (docs/protocol.md 3). The RDATA has been
 * checked by whoever took it in, so that values are of their kind.
 */
import { MAX_BELIEVED_SESSIONS } from '../../dns/limits-discovery.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import { type Security, securityLabelOf } from '../identifier/capability.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { METRIC, metricOf, METRICS } from './metrics.ts'
import { protocolsOfAlpn, protocolsOfText } from './protocols.ts'
import { LEARNING } from './settings.ts'
import { noteDerived } from './silence.ts'
import { holdsAllTokens } from './tokens.ts'
import { nameEnd, read16, read32 } from './values.ts'

/** `weight` of an agent that claims none. */
export const NO_WEIGHT = -1

/** Gives the number of the value that stands at `start … end`. */
type ValueOf = (octets: Uint8Array, start: number, end: number) => number

/** Writes the claims of `rdata`, which stands at the capability `owner`, to the columns of `slot`. */
export function readClaims(table: CandidateTable, slot: Slot, owner: Uint8Array, rdata: Uint8Array, valueOf: ValueOf): void {
  const { i32 } = table
  i32.claimed[slot] = i32.queue[slot] = i32.location[slot] = i32.binding[slot] = i32.bindingSeconds[slot] = i32.profile[slot] = 0
  i32.security[slot] = i32.modality[slot] = i32.provider[slot] = i32.region[slot] = i32.protocols[slot] = 0
  i32.weight[slot] = NO_WEIGHT
  let said: Uint8Array = NOTHING
  for (let at = nameEnd(rdata, 2, rdata.length); at < rdata.length; ) {
    const key = read16(rdata, at)
    const start = at + 4
    at = start + read16(rdata, at + 2)
    const metric = metricOf(key)
    if (metric >= 0) takeMetric(table, slot, metric, rdata, start)
    else if (key === PARAMETERS.security.key) said = rdata.subarray(start, at)
    else takeClaim(table, slot, key, rdata, start, at, valueOf)
  }
  takeSecurity(table, slot, owner, said, valueOf)
  expect(table, slot)
}

/**
 * What an agent claims of security: the word in its capability's label and those of its parameter (docs/protocol.md 2). Where neither
 * says anything its number stays 0, which counts as open.
 */
function takeSecurity({ i32 }: CandidateTable, slot: Slot, owner: Uint8Array, said: Uint8Array, valueOf: ValueOf): void {
  const word = securityLabelOf(owner)
  const token = word === undefined ? NOTHING : TOKENS[word]
  const isSaid = holdsAllTokens(token, 0, token.length, said, 0, said.length)
  const all = isSaid ? said : said.length === 0 ? token : Buffer.concat([token, said])
  if (all.length > 0) i32.security[slot] = valueOf(all, 0, all.length)
}

const NOTHING = new Uint8Array(0)
/** Each word as an item of the parameter. */
const TOKENS: Readonly<Record<Security, Uint8Array>> = { open: tokenOf('open'), tls: tokenOf('tls'), mtls: tokenOf('mtls'), attested: tokenOf('attested') }

function tokenOf(word: Security): Uint8Array {
  return Buffer.from(String.fromCharCode(word.length) + word, 'latin1')
}

/** What is expected of an agent until it is measured: that it is as it claims. */
function expect(table: CandidateTable, slot: Slot): void {
  const { f64, i32, claims } = table
  const claimed = i32.claimed[slot]
  const slots = (claimed & (1 << METRIC.concurrency)) !== 0 ? claims[METRIC.concurrency][slot] >>> 0 : i32.binding[slot] === 1 ? 1 : LEARNING.unknownSlots
  f64.slots[slot] = Math.min(Math.max(1, slots), MAX_BELIEVED_SESSIONS)
  f64.room[slot] = i32.queue[slot] > 0 ? Math.min(i32.queue[slot] - 1, MAX_BELIEVED_SESSIONS) : LEARNING.unknownRoom * f64.slots[slot]
  if (f64.readingAtMs[slot] === 0) f64.serviceMs[slot] = (claimed & (1 << METRIC.latency)) !== 0 ? (claims[METRIC.latency][slot] >>> 0) / 1_000 : 0
  noteDerived(table, slot)
}

function takeMetric({ i32, claims }: CandidateTable, slot: Slot, metric: number, rdata: Uint8Array, at: number): void {
  if (metric > METRIC.history) return // uplink, downlink and errors are measured, not claimed
  claims[metric][slot] = METRICS[metric].size === 2 ? read16(rdata, at) : read32(rdata, at)
  i32.claimed[slot] |= 1 << metric
}

function takeClaim({ i32 }: CandidateTable, slot: Slot, key: number, rdata: Uint8Array, at: number, end: number, valueOf: ValueOf): void {
  switch (key) {
    case PARAMETERS.queue.key:
      i32.queue[slot] = Math.min(read32(rdata, at), 0x7fff_fffe) + 1 // 0 is no claim
      break
    case PARAMETERS.alpn.key:
      i32.protocols[slot] |= protocolsOfAlpn(rdata, at, end)
      break
    case PARAMETERS.key65402.key:
      i32.protocols[slot] |= protocolsOfText(rdata, at, end)
      break
    case PARAMETERS.weight.key:
      i32.weight[slot] = read16(rdata, at)
      break
    case PARAMETERS.location.key:
      i32.latitude[slot] = read32(rdata, at)
      i32.longitude[slot] = read32(rdata, at + 4)
      i32.location[slot] = 1
      break
    case PARAMETERS.binding.key:
      i32.binding[slot] = rdata[at]
      i32.bindingSeconds[slot] = end - at === 5 ? read32(rdata, at + 1) : 0
      break
    case PARAMETERS.profile.key:
      i32.profile[slot] = rdata[at]
      break
    case PARAMETERS.modality.key:
      i32.modality[slot] = valueOf(rdata, at, end)
      break
    case PARAMETERS.provider.key:
      i32.provider[slot] = valueOf(rdata, at, end)
      break
    case PARAMETERS.region.key:
      i32.region[slot] = valueOf(rdata, at, end)
      break
    default: // what an asker reads and we do not
  }
}
