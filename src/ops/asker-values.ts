/** What the key `askers` of a zone comes to. It stands apart from the schema, as socket threads need not load what checks a config. */
import type { AskerValues } from '../discovery/ranking/askers.ts'
import { parsePrefix, type Prefix } from '../dns/prefix.ts'

/** Networks and keys as the schema has tried them. */
export function askerValues({ networks, keys }: { readonly networks: readonly string[]; readonly keys: readonly string[] }): AskerValues {
  return { networks: networks.map((text) => parsePrefix(text) as Prefix), keys }
}
