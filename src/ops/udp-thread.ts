/**
 * One thread that answers UDP in batches (udp-threads.ts starts it): its own server over the shared zones.
 * It ends when the loop is told to stop.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Counters } from '../server/counters.ts'
import { transportCounters } from '../transport/counters.ts'
import { runMmsgLoop } from '../transport/udp-mmsg.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import { ZoneImage } from '../zone/image.ts'
import { makeAnswering, unixSeconds } from './answering.ts'
import { collectGarbage } from './collect.ts'
import { CONTROL, type ThreadStart, type ThreadMail, type ThreadWord } from './udp-threads.ts'

const port = parentPort
if (port === null) throw new Error('Cannot run udp-thread as it must be started by udp-threads')

const { sockets, control, serverCounts, transportCounts, mail: firstMail } = workerData as ThreadStart
const words = new Int32Array(control)
let mailSeen = 0
/** Unix time as it was after the last batch, a quarter of a second ago at most: reading the clock costs a tenth of an answer. */
let nowSeconds = unixSeconds()

function say(word: ThreadWord): void {
  port?.postMessage(word)
}

function tellFault(fault: unknown, untold: number): void {
  say({ kind: 'fault', fault: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault), untold })
}

const answering = makeAnswering(firstMail.options, new Counters(new Float64Array(serverCounts)), tellFault, () => nowSeconds)

function serve({ generation, zones, options }: ThreadMail): void {
  answering.settle(options)
  answering.publish(new ZoneDirectory(zones.map((zone) => new ZoneImage(zone)), options.seed))
  say({ kind: 'serving', generation })
}

/** Between batches: reads the clock, and takes the newest zones and options if mail has come. One load of a shared word where none has. */
function lookUp(): void {
  nowSeconds = unixSeconds()
  const sent = Atomics.load(words, CONTROL.mail)
  if (sent === mailSeen || port === null) return
  mailSeen = sent
  let newest: ThreadMail | undefined
  for (let piece = receiveMessageOnPort(port); piece !== undefined; piece = receiveMessageOnPort(port)) newest = piece.message as ThreadMail
  if (newest === undefined) return
  serve(newest)
  collectGarbage()
}

serve(firstMail)
firstMail.zones = [] // what a thread was started with would else stay in memory as long as it
runMmsgLoop({ sockets, handler: answering.handler, counters: transportCounters(transportCounts), onFault: (fault) => tellFault(fault, 0), stop: words, onIdle: lookUp })
