/** Needs in words in the config: whether an embeddings endpoint is asked for what they mean, which, and for how long. */
import { dirname, isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { MAX_EMBEDDING_BATCH, MAX_EMBEDDING_KEY_OCTETS, MAX_EMBEDDING_WAIT_MS } from '../dns/limits-discovery.ts'
import type { KeyNotes } from './schema-notes.ts'
import { readText, type YamlText } from './yaml-text.ts'

const URL_WANTED = 'must be an address of HTTP or HTTPS, such as https://api.example/v1/embeddings, without a password in it'

function isEndpoint(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}

function number(from: number, to: number, unit: string, about: string, schema = z.number()) {
  return schema.min(from).max(to).meta({ wanted: `must be a number from ${from} to ${to}${unit && ` (${unit})`}`, about } satisfies KeyNotes)
}

const text = (wanted: string, about: string) => z.string().min(1).meta({ wanted, about } satisfies KeyNotes)

const embeddings = z
  .strictObject({
    url: z.string().refine(isEndpoint, URL_WANTED).meta({ wanted: URL_WANTED, about: 'Where the endpoint is: `{ model, input: […] }` is sent by POST, `{ data: [{ index, embedding }] }` comes back, as with OpenAI and what is made like it. A redirect is not followed.' }),
    model: text('must be the name of a model', 'Model that the endpoint is asked for; another name has every vector fetched anew.'),
    'key-file': text('must be the path of a file', 'File with the key that is sent as `Authorization: Bearer`; none by default.').optional(),
    timeout: number(10, MAX_EMBEDDING_WAIT_MS, 'milliseconds', 'How long a need waits for its vector; after that it is searched for by words alone.', z.int()).default(400),
    batch: number(1, MAX_EMBEDDING_BATCH, 'texts', 'Texts of the vocabulary in one request.', z.int()).default(64),
    weight: number(0, 1, '', 'What the likeness of vectors counts in the score of a capability; the rest is the search by words.').default(0.5),
    baseline: number(0, 0.99, '', 'Cosine of vectors that have nothing to do with each other, as the model has it; what lies above it is likeness, from 0 to 1.').default(0.3),
  })
  .meta({ wanted: 'must be { url, model }', about: 'Endpoint that is asked for vectors of needs and of what capabilities say of themselves. It sees both. Off unless it is there.' })

/** Key `intent`. */
export const intentSchema = z.strictObject({ embeddings: embeddings.optional() }).meta({ wanted: 'must be a map', about: 'How needs in words are understood.' })

/** An endpoint to ask, ready for use. */
export interface EmbeddingConfig extends Omit<z.infer<typeof embeddings>, 'key-file'> {
  readonly key: string | undefined
}

/** The endpoint that `values` name, its key read; undefined where none is named, or the key's file is no good, which is told at its place. */
export function settleIntent(values: z.infer<typeof intentSchema> | undefined, yaml: YamlText): EmbeddingConfig | undefined {
  if (values?.embeddings === undefined) return undefined
  const { 'key-file': keyFile, ...rest } = values.embeddings
  if (keyFile === undefined) return { ...rest, key: undefined }
  const read = readText(isAbsolute(keyFile) ? keyFile : join(dirname(yaml.file), keyFile), 'key', MAX_EMBEDDING_KEY_OCTETS)
  const key = typeof read === 'string' ? read.trim() : ''
  if (/^[\x21-\x7e]+$/.test(key)) return { ...rest, key }
  const reason = typeof read === 'string' ? 'as its file must hold one line of printable characters without spaces' : `: ${read.message}`
  yaml.error(['intent', 'embeddings', 'key-file'], `Cannot use intent.embeddings.key-file "${keyFile}"${reason.startsWith(':') ? reason : ` ${reason}`}`)
  return undefined
}
