/**
 * A zone as simple as can be, for tests to hold the image against: a map from key to types, searched the way
 * RFC 1034 4.3.2 tells it, label by label from the apex down.
 */
import { Name } from '../../src/dns/name.ts'

export interface NaiveMatch {
  found: 'exact' | 'empty' | 'wildcard' | 'cut' | 'dname' | 'nothing'
  /** The node found, the wildcard, the cut or the DNAME's owner; '' for nothing. */
  at: string
  encloser: string
}

export class NaiveZone {
  readonly types = new Map<string, Set<string>>()
  readonly apex: Name

  constructor(apex: string) {
    this.apex = Name.parse(apex)
  }

  add(name: string, type: string): void {
    const key = Name.parse(name).key
    this.types.set(key, (this.types.get(key) ?? new Set()).add(type))
  }

  remove(name: string, type: string): void {
    const key = Name.parse(name).key
    const types = this.types.get(key)
    types?.delete(type)
    if (types?.size === 0) this.types.delete(key)
  }

  exists(key: string): boolean {
    if (key === this.apex.key) return true
    for (const other of this.types.keys()) if (other.startsWith(key)) return true
    return false
  }

  find(text: string): NaiveMatch {
    const path = ancestors(Name.parse(text)).filter((name) => name.isWithin(this.apex))
    let encloser = this.apex
    for (const name of path) {
      if (!this.exists(name.key)) return this.belowEncloser(encloser)
      encloser = name
      const types = this.types.get(name.key)
      if (name.key !== this.apex.key && types?.has('NS')) return { found: 'cut', at: name.key, encloser: name.key }
      if (types?.has('DNAME') && name !== path.at(-1)) return { found: 'dname', at: name.key, encloser: name.key }
    }
    return { found: this.types.has(encloser.key) ? 'exact' : 'empty', at: encloser.key, encloser: encloser.key }
  }

  private belowEncloser(encloser: Name): NaiveMatch {
    const wildcard = `${encloser.key}*\0`
    const at = this.exists(wildcard) ? wildcard : ''
    return { found: at === '' ? 'nothing' : 'wildcard', at, encloser: encloser.key }
  }
}

/** The name and its ancestors, the root first. */
function ancestors(name: Name): Name[] {
  const path = [name]
  while (path[0].wire[0] !== 0) path.unshift(path[0].parent())
  return path
}
