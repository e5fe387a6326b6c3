/** A thread that asks a zone under change again and again, and reports answers that cannot be from one state of it. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { ZoneImage } from '../../src/zone/image.ts'
import { asker, type Response } from './ask.ts'

const { buffer } = workerData as { buffer: SharedArrayBuffer }
const ask = asker(new ZoneImage(buffer))
const MOST_REPORTED = 5

/** A chain must end at the address of its target, and an exchange must come with its address. */
function isWhole(alias: Response, exchange: Response): boolean {
  return alias.rcode === 'NOERROR' && alias.answer.length === 2 && exchange.answer.length === 1 && exchange.additional.length === 1
}

parentPort?.postMessage('answering')
const seen = new Set<string>()
const wrong: string[] = []
let answers = 0
while (parentPort !== null && receiveMessageOnPort(parentPort) === undefined) {
  const alias = ask('alias.example. A')
  const exchange = ask('mx.example. MX')
  if (!isWhole(alias, exchange) && wrong.length < MOST_REPORTED) wrong.push(JSON.stringify([alias, exchange]))
  seen.add(alias.answer.join())
  answers += 2
}
parentPort?.postMessage({ answers, seen: seen.size, wrong })
