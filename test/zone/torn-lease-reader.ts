/**
 * Reads one node again and again while another thread changes its RRsets: as many AGENT records 1, 2, 3 … as the TXT record
 * says, and a lease that ends that many seconds behind 1,000. Reports what did not fit together.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { ZoneImage } from '../../src/zone/image.ts'

const { buffer, owner, seed } = workerData as { buffer: SharedArrayBuffer; owner: Uint8Array; seed: number }
const image = new ZoneImage(buffer)
const name = new LookupName(seed)
const MOST_REPORTED = 5
name.load(owner, 0)

/** Numbers of the AGENT records, in their order. */
function agents(rrset: number): number[] {
  const numbers: number[] = []
  const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
  for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) numbers.push(image.octets[image.rdataAt(at) + 1])
  return numbers
}

parentPort?.postMessage('reading')
let reads = 0
const torn: string[] = []
const seen = new Set<number>()
while (parentPort !== null && receiveMessageOnPort(parentPort) === undefined) {
  image.refresh()
  const node = image.nodeOf(name)
  const text = image.rrsetOf(node, TYPE.TXT)
  const wanted = image.octets[image.rdataAt(image.firstRecordAt(text)) + 1]
  const rrset = image.rrsetOf(node, TYPE.AGENT)
  const numbers = agents(rrset)
  const leaseEnd = image.leaseEndOf(rrset)
  const isWhole = wanted === 0 || (numbers.length === wanted && numbers.every((number, i) => number === i + 1) && leaseEnd === 1_000 + wanted)
  if (!isWhole && torn.length < MOST_REPORTED) torn.push(`${wanted} wanted, lease until ${leaseEnd}: ${numbers.join()}`)
  seen.add(wanted)
  reads++
}
parentPort?.postMessage({ reads, torn, seen: seen.size })
