/** Names as lists of labels, written for tests alone, so that what they judge is not judged by itself. */
import { createHash } from 'node:crypto'

/** Labels of a name in presentation form, the leftmost first, folded to lower case, one character for each octet. */
export function labelsOf(text: string): string[] {
  const labels: string[] = []
  let label = ''
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '.') {
      labels.push(label)
      label = ''
    } else if (text[i] === '\\' && /\d/.test(text[i + 1])) {
      label += String.fromCharCode(Number(text.slice(i + 1, i + 4)))
      i += 3
    } else if (text[i] === '\\') label += text[++i]
    else label += text[i]
  }
  return labels.map((one) => one.replace(/[A-Z]/g, (letter) => letter.toLowerCase())).filter((one, i) => one !== '' || i < labels.length - 1)
}

/** The labels as an absolute name in presentation form. */
export function textOf(labels: readonly string[]): string {
  return `${labels.map((label) => Array.from(label, (c) => (/[a-z0-9*_-]/i.test(c) ? c : `\\${String(c.charCodeAt(0)).padStart(3, '0')}`)).join('')).join('.')}.`
}

/** Canonical order (RFC 4034 6.1): label by label from the right, as octets, the shorter first. */
export function compareNames(a: readonly string[], b: readonly string[]): number {
  for (let i = 1; i <= Math.min(a.length, b.length); i++) {
    const x = a[a.length - i]
    const y = b[b.length - i]
    if (x !== y) return x < y ? -1 : 1
  }
  return a.length - b.length
}

/** Whether `name` lies below `above`, or is it. */
export function isWithin(name: readonly string[], above: readonly string[]): boolean {
  return above.length <= name.length && above.every((label, i) => label === name[name.length - above.length + i])
}

export interface HashParams {
  iterations: number
  /** In hex; `-` for none. */
  salt: string
}

/** The label of the hashed owner name (RFC 5155 5), by node:crypto. */
export function hashOf(name: readonly string[], { iterations, salt }: HashParams): string {
  const saltOctets = Buffer.from(salt === '-' ? '' : salt, 'hex')
  const wire = Buffer.concat([...name.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])), Buffer.of(0)])
  let digest = createHash('sha1').update(wire).update(saltOctets).digest()
  for (let i = 0; i < iterations; i++) digest = createHash('sha1').update(digest).update(saltOctets).digest()
  let bits = 0n
  for (const octet of digest) bits = (bits << 8n) | BigInt(octet)
  return bits.toString(32).padStart(32, '0')
}
