/** The thread behind translating.ts: translates needs one after another, for the zones that it was told of last. */
import { parentPort, workerData } from 'node:worker_threads'
import { Translator } from '../discovery/intent/translator.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import { ZoneImage } from '../zone/image.ts'
import { machineMs } from './machine-clock.ts'
import type { TranslateTask, TranslateWord } from './translating.ts'

const port = parentPort
if (port === null) throw new Error('Cannot run translate-thread as it must be started by translating')

const { seed } = workerData as { seed: number }
const translator = new Translator(seed, machineMs)

port.on('message', (task: TranslateTask) => {
  if (task.kind === 'zones') return translator.publish(new ZoneDirectory(task.zones.images.map((image) => new ZoneImage(image)), seed), task.zones.candidates)
  const word: TranslateWord = { id: task.id, translation: translator.translate(task.name, task.class, task.need) }
  port.postMessage(word)
})
