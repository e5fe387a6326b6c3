/**
 * Who may change what (RFC 2136 3.3): an ordered list of grants, a zone's own first, then those of all zones. For each
 * record of an update the first that matches decides; where none does, the update is refused. An update that
 * nobody signed is carried out only where a grant names a network and says that it may be unsigned.
 */
import { CLASS, printType, RCODE, TYPE } from '../dns/codes.ts'
import type { DnsRecord } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { type Prefix, PrefixList } from '../dns/prefix.ts'
import type { Refusal, Requester, Signer, Update, ZoneDraft } from './contract.ts'
import { isProofType, isSameName, isWithin } from './records.ts'
import { refuse } from './refusal.ts'

/** What can be done with a record. */
export const OPERATIONS = ['add', 'delete', 'prerequisites'] as const
/** One of OPERATIONS. */
export type Operation = (typeof OPERATIONS)[number]

/** Names that a grant is about; `self` is the name of the key that signed. */
export type Scope = { kind: 'zone' | 'self' | 'selfsub' } | { kind: 'name' | 'subdomain' | 'wildcard'; name: Name }

/** What `parseScope` reads, for messages. */
export const SCOPE_FORMS = 'zone, name NAME, subdomain NAME, wildcard *.NAME, self or selfsub'

/** One entry of the list. */
export interface Grant {
  /** It refuses what it matches. */
  deny: boolean
  /** A key's name, or any key that is proven; undefined: signed or not. */
  key: Name | 'any' | undefined
  /** Undefined: either kind. */
  kind: Signer['kind'] | undefined
  /** Undefined: from anywhere. */
  networks: readonly Prefix[] | undefined
  scope: Scope
  /** Undefined: every type but SOA and NS, which say who serves the zone and its parts. */
  types: ReadonlySet<number> | 'every' | undefined
  operations: ReadonlySet<Operation>
}

/** The scope that `text` writes, such as `subdomain dyn.example.com`; names are absolute. Undefined where it is none. TextFault where its name is none. */
export function parseScope(text: string): Scope | undefined {
  const [kind, name, ...rest] = text.trim().split(/\s+/)
  if (kind === 'zone' || kind === 'self' || kind === 'selfsub') return name === undefined ? { kind } : undefined
  if ((kind !== 'name' && kind !== 'subdomain' && kind !== 'wildcard') || name === undefined || rest.length > 0) return undefined
  if ((kind === 'wildcard') !== name.startsWith('*.')) return undefined
  return { kind, name: Name.parse(name) }
}

/** The grants of one zone. */
export class Grants {
  readonly list: readonly Grant[]
  private readonly prefixes: (PrefixList | undefined)[]

  constructor(list: readonly Grant[]) {
    this.list = list
    this.prefixes = list.map(({ networks }) => networks && new PrefixList(networks))
  }

  /** Why the update may not be carried out; undefined where every record of it may (RFC 2136 3.3.1). Sections must have been scanned. */
  refusalOf(update: Update, requester: Requester, draft: ZoneDraft): Refusal | undefined {
    const signer = knownSigner(requester)
    const grants = this.list.filter((grant, i) => isFor(grant, signer) && this.prefixes[i]?.holds(requester.address) !== false)
    if (grants.length === 0) return refuse(RCODE.REFUSED, `no grant for ${nameOf(signer)}`)
    for (const record of update.prerequisites) {
      if (!permits(grants, signer, record.name, record.type, 'prerequisites')) return refuse(RCODE.REFUSED, `no grant for ${nameOf(signer)}: prerequisite ${record.name} ${printType(record.type)}`)
    }
    for (const record of update.updates) {
      const type = typeNotPermitted(grants, signer, record, draft)
      if (type !== undefined) return refuse(RCODE.REFUSED, `no grant for ${nameOf(signer)}: ${record.name} ${printType(type)}`)
    }
    return undefined
  }
}

/** The signer whose name says something: a key that the message itself has brought could stand at any name. */
function knownSigner({ signer }: Requester): Signer | undefined {
  return signer?.kind === 'sig0' && signer.isIntroduced === true ? undefined : signer
}

function nameOf(signer: Signer | undefined): string {
  return signer === undefined ? 'unsigned updates' : `key ${signer.name}`
}

function isFor({ key, kind }: Grant, signer: Signer | undefined): boolean {
  if (signer === undefined) return key === undefined
  if (kind !== undefined && kind !== signer.kind) return false
  return key === undefined || key === 'any' || isSameName(key, signer.name)
}

/** The first type of the record that may not be changed; the deletion of a whole name is one of every type that it holds. */
function typeNotPermitted(grants: readonly Grant[], signer: Signer | undefined, { name, type, class: rrClass }: DnsRecord, draft: ZoneDraft): number | undefined {
  const operation = rrClass === draft.class ? 'add' : 'delete'
  if (!permits(grants, signer, name, type, operation)) return type
  if (rrClass !== CLASS.ANY || type !== TYPE.ANY) return undefined
  const isApex = isSameName(name, draft.apex)
  return draft.types(name).find((held) => !isProofType(held) && !(isApex && (held === TYPE.SOA || held === TYPE.NS)) && !permits(grants, signer, name, held, operation))
}

/** Type ANY asks for the name: whether anything may be done with it. */
function permits(grants: readonly Grant[], signer: Signer | undefined, name: Name, type: number, operation: Operation): boolean {
  for (const grant of grants) {
    if (!grant.operations.has(operation) || !holdsType(grant, type) || !isInScope(grant.scope, name, signer)) continue
    return !grant.deny
  }
  return false
}

function holdsType({ types, deny }: Grant, type: number): boolean {
  if (types === 'every') return true
  if (type === TYPE.ANY) return !deny || types === undefined
  return types === undefined ? type !== TYPE.SOA && type !== TYPE.NS : types.has(type)
}

function isInScope(scope: Scope, name: Name, signer: Signer | undefined): boolean {
  switch (scope.kind) {
    case 'zone':
      return true
    case 'name':
      return isSameName(name, scope.name)
    case 'subdomain':
      return isWithin(name, scope.name)
    case 'wildcard':
      // what the wildcard can stand for: names below its parent (RFC 4592 2.1.1)
      return isWithin(name, parentOf(scope.name)) && !isSameName(name, parentOf(scope.name))
    case 'self':
      return signer !== undefined && isSameName(name, signer.name)
    case 'selfsub':
      return signer !== undefined && isWithin(name, signer.name)
    default:
      return scope satisfies never
  }
}

function parentOf(wildcard: Name): Name {
  return wildcard.parent()
}
