/**
 * What a schema of a YAML file says of its keys besides their shape: what each is for, what its values must be in the
 * words of an error message, and its default. Messages (yaml-text.ts) and the key tables of the pages are made from it.
 */
import { z } from 'zod'

/** What is said about one key. */
export interface KeyNotes {
  /** One sentence for the docs. */
  about: string
  /** What a value must be, completing `Cannot use KEY VALUE as it …`. */
  wanted: string
  /** Set where the key is read but nothing acts on it yet: what the server does instead. */
  unserved?: string
}

/** One line of the key table. */
export interface KeyLine extends KeyNotes {
  /** `tcp.idle`, `zones[].name`. */
  path: string
  /** Printed default; the empty string where the key is required or has none. */
  default: string
}

/** Every key of a map's schema in its order, groups before their members. */
export function keysOf(root: z.ZodObject): KeyLine[] {
  const lines: KeyLine[] = []
  for (const [name, schema] of Object.entries(root.shape)) addKey(name, schema as z.ZodType, lines)
  return lines
}

function addKey(path: string, schema: z.ZodType, lines: KeyLine[]): void {
  const { inner, fallback } = unwrap(schema)
  const notes = notesOf(inner)
  if (notes !== undefined) lines.push({ ...notes, path, default: fallback })
  const group = inner instanceof z.ZodArray ? unwrap(inner.element as z.ZodType).inner : inner
  const prefix = inner instanceof z.ZodArray ? `${path}[]` : path
  if (!(group instanceof z.ZodObject)) return
  for (const [name, member] of Object.entries(group.shape)) addKey(`${prefix}.${name}`, member as z.ZodType, lines)
}

/** The schema below its default or optional wrapper, and that default in YAML's flow form. */
export function unwrap(schema: z.ZodType): { inner: z.ZodType; fallback: string } {
  if (schema instanceof z.ZodDefault) return { inner: schema.unwrap() as z.ZodType, fallback: JSON.stringify(schema.def.defaultValue) }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return { inner: schema.unwrap() as z.ZodType, fallback: '' }
  return { inner: schema, fallback: '' }
}

/** What is said about the schema's own values; undefined where nothing is. */
export function notesOf(schema: z.ZodType): KeyNotes | undefined {
  return schema.meta() as KeyNotes | undefined
}

/** The schema at `path` below `root` as far as the path leads into it, such as that of `['zones', 0, 'name']`. */
export function schemaAt(root: z.ZodType, path: readonly PropertyKey[]): z.ZodType {
  let { inner } = unwrap(root)
  for (const step of path) {
    const next: unknown = inner instanceof z.ZodArray ? inner.element : inner instanceof z.ZodObject ? (inner.shape as Record<PropertyKey, unknown>)[step] : undefined
    if (!(next instanceof z.ZodType)) return inner
    inner = unwrap(next).inner
  }
  return inner
}
