/**
 * Who is asked, as people write it: an address and a port. Names of this host, or of others, are not looked up, as what is asked here is
 * the very thing that looks names up.
 */
import { parseEndpoint, type Endpoint } from '../transport/address.ts'

/** The server that `text` names: `127.0.0.1:5300`, `[::1]:5300`. TypeError where it is no address and port. */
export function serverAt(text: string): Endpoint {
  const server = parseEndpoint(text)
  if (server === undefined) throw new TypeError(notAServer(text, 'address:port'))
  return server
}

/** The server that `text` names, which may leave out the port, 53; undefined where it names none. */
export function serverOf(text: string): Endpoint | undefined {
  return parseEndpoint(text) ?? parseEndpoint(`${text}:53`) ?? parseEndpoint(`[${text}]:53`)
}

/** What is said of a text that names no server, and how to write it; `localhost:5411` with its own port. */
export function notAServer(text: string, form: 'address:port' | 'address[:port]'): string {
  const port = /^localhost:(\d{1,5})$/i.exec(text)?.[1] ?? '5300'
  return `Cannot use server "${text}" as it must be ${form}, such as 127.0.0.1:${port} or [::1]:${port}`
}
