/**
 * Requests to an embeddings endpoint: one POST of JSON over HTTP or HTTPS, for a bounded time and a bounded answer, to the
 * configured address and no other: a redirect is a failure, as the key and the needs are for whom the operator named.
 */
import { MAX_EMBEDDING_BODY_OCTETS } from '../dns/limits-discovery.ts'
import type { Posted } from '../discovery/intent/embedder.ts'

/** Where to ask. */
export interface EmbeddingEndpoint {
  readonly url: string
  /** Sent as `Authorization: Bearer`; undefined sends none. */
  readonly key: string | undefined
}

/** RFC 9110 15.4 */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** The body of an answer with status 200, or why there is none; within `timeoutMs`. Reasons hold nothing of what was asked. Never rejects. */
export async function postEmbeddings({ url, key }: EmbeddingEndpoint, body: string, timeoutMs: number): Promise<Posted> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status === 200) return await read(response)
    await response.body?.cancel()
    return { fault: REDIRECTS.has(response.status) ? `redirect: status ${response.status} is not followed` : `status ${response.status}` }
  } catch (error) {
    return { fault: faultOf(error, timeoutMs) }
  }
}

async function read(response: Response): Promise<Posted> {
  const pieces: Uint8Array[] = []
  let left = MAX_EMBEDDING_BODY_OCTETS
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    left -= piece.length
    if (left < 0) return { fault: `too-large: the answer has more than ${MAX_EMBEDDING_BODY_OCTETS} octets` } // leaving the loop cancels the rest
    pieces.push(piece)
  }
  return { body: Buffer.concat(pieces).toString() }
}

function faultOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `timeout: no answer within ${timeoutMs} ms`
  const { cause } = error
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  return `no answer: ${code ?? error.name}`
}
