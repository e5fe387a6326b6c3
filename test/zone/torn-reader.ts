/** Reads three owners again and again while another thread changes them together; reports reads that saw a mixture. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { ZoneImage } from '../../src/zone/image.ts'

const { buffer, owners, seed } = workerData as { buffer: SharedArrayBuffer; owners: Uint8Array[]; seed: number }
const image = new ZoneImage(buffer)
const name = new LookupName(seed)

function valueAt(owner: Uint8Array): number {
  name.load(owner, 0)
  const at = image.rdataAt(image.firstRecordAt(image.rrsetOf(image.nodeOf(name), TYPE.A)))
  return (image.octets[at + 2] << 8) | image.octets[at + 3]
}

parentPort?.postMessage('reading')
let reads = 0
let torn = 0
const seen = new Set<number>()
while (parentPort !== null && receiveMessageOnPort(parentPort) === undefined) {
  image.refresh()
  const values = owners.map(valueAt)
  if (values.some((value) => value !== values[0])) torn++
  seen.add(values[0])
  reads++
}
parentPort?.postMessage({ reads, torn, seen: seen.size })
