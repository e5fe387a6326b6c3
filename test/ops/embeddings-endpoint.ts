/**
 * An embeddings endpoint of the tests' own, over real HTTP: its vectors are hashed bags of words in which synonyms are one
 * word, so that a need finds a capability with which it shares none. It can be made to fail in every way that strangers do.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const DIMENSIONS = 64
/** Words that mean the same: the first stands for all. */
const SYNONYMS: readonly string[][] = [['translate', 'interpret', 'render', 'idiom'], ['text', 'letter', 'prose'], ['ocr', 'scan', 'handwritten', 'scrawl', 'decipher'], ['weather', 'umbrella', 'sunshine'], ['forecast', 'tomorrow']]
const MEANING = new Map(SYNONYMS.flatMap((words) => words.map((word) => [word, words[0]])))
const UNHEARD = new Set(['my', 'a', 'the', 'this', 'into', 'of', 'will', 'i', 'need', 'an'])

/** The vector of a text: each word, by its meaning, adds to one place of it. */
export function bagOf(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0)
  for (const [word] of text.toLowerCase().matchAll(/[a-z]+/g)) {
    if (!UNHEARD.has(word)) vector[createHash('sha256').update(MEANING.get(word) ?? word).digest()[0] % DIMENSIONS]++
  }
  return vector.some((one) => one > 0) ? vector : vector.fill(1)
}

/** The answer of an endpoint in good health: the last text first, as order is not promised. */
export function answerOf(texts: readonly string[]): string {
  return JSON.stringify({ object: 'list', data: texts.map((text, index) => ({ object: 'embedding', index, embedding: bagOf(text) })).reverse() })
}

/** How the endpoint answers. */
export type Manner = 'well' | 'status 500' | 'status 401' | 'redirect' | 'silent' | 'slow body' | 'wrong length' | 'NaN' | 'HTML' | 'huge' | 'reset' | 'half' | 'one too few'

/** The endpoint. */
export class EmbeddingsEndpoint {
  manner: Manner = 'well'
  /** Texts of each request so far. */
  readonly asked: string[][] = []
  readonly headers: IncomingHttpHeaders[] = []
  /** Models asked for, and requests that were not as they should be. */
  readonly models = new Set<unknown>()
  /** Requests at the place where the redirect leads. */
  strayed = 0
  url = ''
  private readonly server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      if (request.url !== '/v1/embeddings') {
        this.strayed++
        return void response.end(answerOf(['x']))
      }
      const { model, input } = JSON.parse(Buffer.concat(pieces).toString()) as { model: string; input: string[] }
      this.models.add(model)
      this.asked.push(input)
      this.headers.push(request.headers)
      this.answer(response, input)
    })
  })

  /** Opens it on a free port. */
  async open(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/embeddings`
    return this
  }

  /** Closes it, with whoever still waits. */
  async close(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }

  private answer(response: ServerResponse, input: readonly string[]): void {
    const whole = answerOf(input)
    switch (this.manner) {
      case 'well': return void response.end(whole)
      case 'status 500': return void response.writeHead(500).end('{"error":"busy"}')
      case 'status 401': return void response.writeHead(401).end()
      case 'redirect': return void response.writeHead(307, { location: '/elsewhere' }).end()
      case 'silent': return
      case 'slow body': return void response.write(whole.slice(0, 5))
      case 'wrong length': return void response.end(whole.replaceAll('"embedding":[', '"embedding":[1,'))
      case 'NaN': return void response.end(whole.replaceAll('"embedding":[', '"embedding":[NaN,'))
      case 'HTML': return void response.end('<!doctype html><title>Welcome</title>')
      case 'huge': return pour(response)
      case 'reset': return void response.socket?.resetAndDestroy()
      case 'half': return void response.writeHead(200, { 'content-length': whole.length }).write(whole.slice(0, 20), () => response.destroy())
      case 'one too few': return void response.end(answerOf(input.slice(1)))
      default: this.manner satisfies never
    }
  }
}

/** More than anybody should read: 64 MB at most, for as long as the other side takes it. */
function pour(response: ServerResponse): void {
  let left = 64
  const more = (): void => {
    if (left-- > 0 && !response.destroyed) response.write(Buffer.alloc(1_000_000, '['), more)
    else response.end()
  }
  more()
}
