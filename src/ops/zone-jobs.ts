/**
 * Zone work done away from the answering thread: loading files and printing zones, each a long stretch of
 * CPU. A thread is started for a batch of work and ends with it, so that what parsing needed is given back.
 * Images cross without copying, as they lie in shared memory.
 */
import { Worker } from 'node:worker_threads'
import type { Place } from '../dns/faults.ts'
import { isWritable, type ConfigZone } from './config.ts'
import type { Finding } from './finding.ts'

/** One zone file to load, as it is sent to the thread. */
export interface LoadJob {
  /** Wire form of the zone's name. */
  apex: Uint8Array
  class: number
  file: string
  /** Where a file that cannot be read is reported: where the config names it. */
  place: Place
  /** Updates may change it: room is left for them, and its fingerprint is taken. */
  writable?: boolean
}

/** What loading gave. `buffer` is the image's; undefined where the file holds an error. */
export interface LoadedZone {
  buffer: SharedArrayBuffer | undefined
  findings: Finding[]
  /** Milliseconds that loading took. */
  loadMs: number
  /** Of the SOA; 0 without image. */
  serial: number
  records: number
  /** Of a writable zone (src/zone/fingerprint.ts). */
  fingerprint?: Uint8Array
}

/** What the thread is told at its start. */
export type ThreadTask = { kind: 'load'; seed: number; jobs: LoadJob[] } | { kind: 'print'; buffer: SharedArrayBuffer }

/** What the thread sends: one per job in order, or pieces of text. */
export type ThreadMessage = { kind: 'loaded'; zone: LoadedZone } | { kind: 'text'; text: string }

/** Loads the files of `zones`; results in their order. A thread that dies gives findings, not a fault. */
export async function loadZones(zones: readonly ConfigZone[], seed: number): Promise<LoadedZone[]> {
  if (zones.length === 0) return []
  const jobs = zones.map((zone): LoadJob => ({ apex: zone.name.wire, class: zone.class, file: zone.file, place: zone.place, writable: isWritable(zone) }))
  const loaded: LoadedZone[] = []
  const thread = startThread({ kind: 'load', seed, jobs })
  const reason = await drain(thread, (message) => {
    if (message.kind === 'loaded') loaded.push(message.zone)
  })
  for (const zone of zones.slice(loaded.length)) {
    const message = `Cannot load zone ${zone.name.toString()}: ${reason ?? 'the loading thread ended early'}`
    loaded.push({ buffer: undefined, findings: [{ ...zone.place, severity: 'error', message }], loadMs: 0, serial: 0, records: 0 })
  }
  return loaded
}

/** Prints the zone in `buffer` in master-file form, giving pieces to `send` one after another. */
export async function printZoneAside(buffer: SharedArrayBuffer, send: (text: string) => Promise<void>): Promise<void> {
  const thread = startThread({ kind: 'print', buffer })
  let sending = Promise.resolve()
  const reason = await drain(thread, (message) => {
    if (message.kind !== 'text') return
    sending = sending.then(() => send(message.text)).then(() => thread.postMessage('next'))
    sending.catch(() => void thread.terminate()) // the reader went away
  })
  await sending
  if (reason !== undefined) throw new Error(`Cannot print zone: ${reason}`)
}

function startThread(task: ThreadTask): Worker {
  return new Worker(new URL('./zone-thread.js', import.meta.url), { workerData: task })
}

/** Gives each message to `take` until the thread ends; resolves to why it failed, or undefined. */
function drain(thread: Worker, take: (message: ThreadMessage) => void): Promise<string | undefined> {
  return new Promise((resolve) => {
    let reason: string | undefined
    thread.on('message', take)
    thread.on('error', (error) => (reason = error.message))
    thread.on('exit', (code) => resolve(reason ?? (code === 0 ? undefined : `the thread ended with code ${code}`)))
  })
}
