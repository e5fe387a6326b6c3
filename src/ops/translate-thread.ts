/** The thread behind translating.ts: translates needs, for the zones that it was told of last; with an embeddings endpoint each waits for its vector, a short time. */
import { parentPort, workerData } from 'node:worker_threads'
import { Translator } from '../discovery/intent/translator.ts'
import { ZoneDirectory } from '../zone/directory.ts'
import { ZoneImage } from '../zone/image.ts'
import { Embedding } from './embedding.ts'
import { machineMs } from './machine-clock.ts'
import type { TranslateTask, TranslateThreadSetup, TranslateWord } from './translating.ts'

const port = parentPort
if (port === null) throw new Error('Cannot run translate-thread as it must be started by translating')

const { seed, embedding: setup } = workerData as TranslateThreadSetup
const translator = new Translator(seed, machineMs)
const say = (word: TranslateWord): void => port.postMessage(word)
const embedding = setup && new Embedding(setup, translator, (event, fields = {}) => say({ kind: 'event', event, fields: typeof fields === 'function' ? {} : fields }))
embedding?.start()

port.on('message', (task: TranslateTask) => {
  if (task.kind === 'zones') {
    translator.publish(new ZoneDirectory(task.zones.images.map((image) => new ZoneImage(image)), seed), task.zones.candidates)
    return void embedding?.tick()
  }
  const { id, name, class: rrClass, need } = task
  if (embedding === undefined) return say({ kind: 'translation', id, translation: translator.translate(name, rrClass, need) })
  void embedding.sense(need).then((sense) => say({ kind: 'translation', id, translation: translator.translate(name, rrClass, need, sense) }))
})
