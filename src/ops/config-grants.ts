/**
 * Grants in the config: who may change a zone by update. Their form is checked by the schema; here they are turned into
 * those of src/update, with what no schema can say: that a grant names whom it is for, and names in its own zone.
 */
import { parseType, TYPE } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { parsePrefix, type Prefix } from '../dns/prefix.ts'
import { OPERATIONS, parseScope, type Grant, type Scope } from '../update/grants.ts'
import type { ConfigValues } from './config-schema.ts'

/** A grant as the file has it. */
export type GrantValues = ConfigValues['grants'][number]

/** Told of something wrong at a key of a grant; `text` completes `Cannot use …`. */
export type GrantFault = (path: readonly PropertyKey[], text: string) => void

/** The grants that `values` write, for the zone `apex` or, without one, for all; each fault is told at its place. */
export function settleGrants(values: readonly GrantValues[], apex: Name | undefined, keyNames: ReadonlySet<string>, onFault: GrantFault): Grant[] {
  return values.map((value, i) => {
    const scope = parseScope(value.scope) as Scope // the schema has tried it
    if ('name' in scope && apex !== undefined && !scope.name.isWithin(apex)) onFault([i, 'scope'], `scope "${value.scope}" as it must lie in the zone ${apex}`)
    checkWho(value, keyNames, (key, text) => onFault(key === undefined ? [i] : [i, key], text))
    const { deny, kind, network, types, operations } = value
    return {
      deny,
      key: value.key === undefined ? undefined : value.key === '*' ? 'any' : Name.parse(value.key),
      kind,
      networks: network?.map((text) => parsePrefix(text) as Prefix),
      scope,
      types: types === undefined ? undefined : typesOf(types),
      operations: new Set(operations ?? OPERATIONS),
    }
  })
}

/** Nobody unproven changes anything unless the config says so in words: `unsigned`, and from where. */
function checkWho({ key, kind, network, unsigned, deny }: GrantValues, keyNames: ReadonlySet<string>, onFault: (key: string | undefined, text: string) => void): void {
  if (key === undefined && kind !== undefined) onFault('kind', `kind ${kind} as a grant without key has none`)
  if (key === undefined && !deny && !unsigned) onFault(undefined, 'grant as it must name a key ("*" is any that is proven), or a network with unsigned: true')
  if (unsigned && key !== undefined) onFault('unsigned', 'unsigned true as the grant is for a key')
  if (unsigned && network === undefined) onFault('unsigned', 'unsigned true as the grant must then name a network')
  if (key === undefined || key === '*' || kind !== 'tsig' || keyNames.has(Name.parse(key).key)) return
  onFault('key', `key "${key}" as no key of that name stands in keys`)
}

/** Numbers of the types, or every one where ANY is among them. */
function typesOf(types: readonly string[]): ReadonlySet<number> | 'every' {
  const codes = new Set(types.map((text) => parseType(text) as number))
  return codes.has(TYPE.ANY) ? 'every' : codes
}
