/**
 * What an operator asks of the cache by the control socket: how full it is, what it holds, and that it forgets a name, a type
 * of it, or all below it, where the world has changed before its TTLs have run down.
 */
import { parseType, printType } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import type { CacheDesk } from './cache-desk.ts'
import { type Command, type Commanded, textOf } from './command-parts.ts'

/** Tells how full the cache is. */
export const showCache: Command = (server) => ({ ok: true, levels: deskOf(server).levels })

/** Sends all that the cache holds, in master-file form under comments. */
export const dumpCacheText: Command = async (server, _request, send) => {
  const desk = deskOf(server)
  for (const piece of desk.dump()) await send(piece)
  return { ok: true, entries: desk.levels.entries }
}

/** Forgets what the request names: `name`, one `type` of it, or all below it (`subtree`). */
export const flushCache: Command = (server, request) => {
  const desk = deskOf(server)
  const name = Name.parse(textOf(request, 'name'))
  const word = request.type === undefined ? undefined : textOf(request, 'type')
  const type = word === undefined ? undefined : parseType(word)
  const subtree = request.subtree === true
  if (word !== undefined && type === undefined) throw new Error(`Cannot flush ${name} as type "${word}" is unknown`)
  if (subtree && type !== undefined) throw new Error(`Cannot flush ${printType(type)} below ${name}: either one type of a name or all below it`)
  const count = desk.forget({ name, subtree, ...(type === undefined ? {} : { type }) })
  server.tell('cache flushed', { name: name.toString(), ...(type === undefined ? {} : { type: printType(type) }), subtree, entries: count })
  return { ok: true, name: name.toString(), entries: count }
}

function deskOf({ cache }: Commanded): CacheDesk {
  if (cache === undefined) throw new Error('Cannot look into the cache as there is none: the config has no recursion')
  return cache
}
