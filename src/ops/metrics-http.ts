/**
 * The address where Prometheus fetches the metrics: `GET /metrics` over HTTP, on the main thread, so that it
 * never costs an answer. It tells counts and nothing that a client could change; who may reach it is decided by
 * the address in the config, as everywhere in that trade.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { HTTP_REQUEST_MS, MAX_HTTP_CONNECTIONS, MAX_HTTP_HEADER_OCTETS } from '../dns/limits.ts'
import { printEndpoint } from '../transport/address.ts'
import { endpointOf } from '../transport/listen.ts'
import { PROMETHEUS_TYPE } from './prometheus.ts'
import { reasonOf } from './reason.ts'

/** The open address. */
export interface MetricsHttp {
  /** Its port, chosen by the kernel where the config said 0. */
  readonly port: number
  close(): Promise<void>
}

/** Opens `address`; `print` gives the text of the moment. Rejects with Node's error where the address cannot be had. */
export function openMetrics(address: string, print: () => string): Promise<MetricsHttp> {
  const { host, port, family } = endpointOf(address)
  const server = createServer(
    {
      maxHeaderSize: MAX_HTTP_HEADER_OCTETS,
      headersTimeout: HTTP_REQUEST_MS,
      requestTimeout: HTTP_REQUEST_MS,
      keepAliveTimeout: HTTP_REQUEST_MS,
      connectionsCheckingInterval: HTTP_REQUEST_MS / 2,
    },
    (request, response) => respond(request, response, print),
  )
  server.maxConnections = MAX_HTTP_CONNECTIONS
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: family === 6, exclusive: true }, () => {
      server.off('error', reject)
      server.on('error', () => undefined) // a connection that could not be accepted
      const bound = server.address()
      resolve({
        port: bound !== null && typeof bound === 'object' ? bound.port : port,
        close: () => new Promise<void>((closed) => {
          server.close(() => closed())
          server.closeAllConnections()
        }),
      })
    })
  })
}

/** What becomes of the address that the config names. */
export interface MetricsWorld {
  /** The metrics of the moment as text. */
  print(): string
  onOpen(address: string): void
  /** Told why an address cannot be had: answering goes on without metrics. */
  onRefused(address: string, reason: string): void
}

/** The address as the config names it from time to time. */
export class MetricsAddress {
  private readonly world: MetricsWorld
  private wanted: string | undefined
  private open: MetricsHttp | undefined

  constructor(world: MetricsWorld) {
    this.world = world
  }

  /** Serves at `address` from now on, or nowhere. One that is open already stays as it is. */
  async take(address: string | undefined): Promise<void> {
    if (address === this.wanted && (this.open !== undefined || address === undefined)) return
    await this.open?.close()
    this.open = undefined
    this.wanted = address
    if (address === undefined) return
    try {
      this.open = await openMetrics(address, () => this.world.print())
      this.world.onOpen(printEndpoint({ ...endpointOf(address), port: this.open.port }))
    } catch (error) {
      this.world.onRefused(address, reasonOf(error))
    }
  }
}

function respond(request: IncomingMessage, response: ServerResponse, print: () => string): void {
  const [path] = (request.url ?? '').split('?')
  const isKnown = path === '/metrics'
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  request.resume()
  if (isKnown && isRead) send(response, 200, PROMETHEUS_TYPE, print())
  else if (isKnown) send(response.setHeader('allow', 'GET, HEAD'), 405, 'text/plain', 'Only GET and HEAD are served.\n')
  else send(response, 404, 'text/plain', 'The metrics are at /metrics.\n')
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' }).end(body)
}
