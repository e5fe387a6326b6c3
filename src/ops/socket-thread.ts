/**
 * One thread that reads sockets, UDP in batches or TCP by epoll (socket-threads.ts starts it): its own server
 * over the shared zones. It ends when the loop is told to stop.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { OutcomeRing } from '../discovery/sense/outcome-ring.ts'
import { Counters } from '../server/counters.ts'
import { transportCounters } from '../transport/counters.ts'
import { type EpollServer, runEpollLoop } from '../transport/tcp-epoll.ts'
import { Gathering } from '../transport/udp-gathering.ts'
import { runMmsgLoop } from '../transport/udp-mmsg.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import { ZoneImage } from '../zone/image.ts'
import { makeAnswering, type AnsweringOptions } from './answering.ts'
import { Leftovers } from './collect.ts'
import { BatchClock } from './machine-clock.ts'
import { type AnswerMail, CONTROL, type ThreadStart, type ThreadMail, type ThreadWord } from './thread-contract.ts'

const port = parentPort
if (port === null) throw new Error('Cannot run socket-thread as it must be started by socket-threads')

const { task, control, serverCounts, transportCounts, outcomes, budget, mail: firstMail } = workerData as ThreadStart
const words = new Int32Array(control)
let mailSeen = 0

function say(word: ThreadWord): void {
  port?.postMessage(word)
}

function tellFault(fault: unknown, untold: number): void {
  say({ kind: 'fault', fault: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault), untold })
}

const clock = new BatchClock()
const ring = new OutcomeRing(outcomes)
const leftovers = new Leftovers(firstMail.replacedOctets)
const counters = new Counters(new Float64Array(serverCounts))
const answering = makeAnswering(forTask(firstMail.options), counters, tellFault, {
  clock, outcomes: (...told) => ring.tell(...told),
})

/** Responses over TCP are not limited, as a handshake shows that the asker is who it says: the table is spared. */
function forTask(options: AnsweringOptions): AnsweringOptions {
  return task.kind === 'tcp' ? { ...options, rateLimit: undefined } : options
}

function serve({ generation, zones, options }: ThreadMail): void {
  answering.settle(forTask(options))
  answering.publish(new ZoneDirectory(zones.images.map((zone) => new ZoneImage(zone)), options.seed), zones.candidates)
  say({ kind: 'serving', generation })
}

/** Between batches: takes the newest zones and options, and answers of the core, if mail has come. One load of a shared word where none has. */
function lookUp(server?: EpollServer): void {
  const sent = Atomics.load(words, CONTROL.mail)
  if (sent === mailSeen || port === null) return
  mailSeen = sent
  let newest: ThreadMail | undefined
  for (let piece = receiveMessageOnPort(port); piece !== undefined; piece = receiveMessageOnPort(port)) {
    const mail = piece.message as ThreadMail | AnswerMail
    if (mail.kind === 'answers') server?.deliver(mail.parcel)
    else newest = mail
  }
  if (newest === undefined) return
  serve(newest)
  leftovers.note(newest.replacedOctets)
}

/** Hands queries that only the core can answer to its thread; the memory goes with them. */
function post(parcel: ArrayBuffer): void {
  port?.postMessage({ kind: 'deferred', parcel } satisfies ThreadWord, [parcel])
}

serve(firstMail)
firstMail.zones = { images: [], candidates: [] } // what a thread was started with would else stay in memory as long as it
const loop = {
  handler: answering.handler, counters: transportCounters(transportCounts), onFault: (fault: unknown) => tellFault(fault, 0), stop: words, deferrals: { budget, post },
}
if (task.kind === 'udp') {
  const gathering = new Gathering(task.sockets, words, CONTROL.gathered)
  let isGivenAll = false
  const onIdle = (): void => {
    lookUp()
    if (gathering.isOn === isGivenAll) return
    isGivenAll = !isGivenAll
    answering.takeAll(isGivenAll)
  }
  runMmsgLoop({ ...loop, ...task, nowMs: () => clock.nowMs(), onIdle, onFull: () => gathering.spread() })
} else {
  runEpollLoop({ ...loop, ...task, clock, onIdle: lookUp })
}
