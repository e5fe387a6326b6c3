/**
 * TSIG keys of the config, made ready for use: what no schema can say of them is told at its place (RFC 8945 6).
 */
import { Name } from '../dns/name.ts'
import { makeTsigKey, type TsigKey } from '../dnssec/tsig.ts'
import { parseTsigAlgorithm } from '../dnssec/tsig-algorithms.ts'
import { parseSecret, weaknessOf } from '../dnssec/tsig-text.ts'
import type { ConfigValues } from './config-schema.ts'
import type { YamlText } from './yaml-text.ts'

/** The keys that `values` write; each fault is told where it stands, and a secret that is easily guessed is warned of. */
export function settleKeys(values: ConfigValues['keys'], yaml: YamlText): TsigKey[] {
  const seen = new Map<string, number>()
  return values.flatMap((value, i) => {
    const path = ['keys', i]
    const name = Name.parse(value.name) // the schema has tried it
    const first = seen.get(name.key)
    if (first !== undefined) yaml.error([...path, 'name'], `Cannot use keys[${i}].name "${value.name}" as keys[${first}] has the same name`)
    else seen.set(name.key, i)
    const algorithm = parseTsigAlgorithm(value.algorithm)
    if (typeof algorithm === 'string') yaml.error([...path, 'algorithm'], `Cannot use keys[${i}].algorithm "${value.algorithm}" as it ${algorithm}`)
    const secret = parseSecret(value.secret)
    if (typeof secret === 'string') yaml.error([...path, 'secret'], `Cannot use keys[${i}].secret as it ${secret}`)
    if (typeof algorithm === 'string' || typeof secret === 'string') return []
    const weakness = weaknessOf({ algorithm, secret })
    if (weakness !== undefined) yaml.warn([...path, 'secret'], `Cannot rely on keys[${i}].secret as it ${weakness}`)
    return [makeTsigKey(name, algorithm, secret)]
  })
}
