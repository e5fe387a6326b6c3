/**
 * Domain names of the battery: text with the escapes of RFC 1035 5.1, nothing shared with src/dns, so that
 * a mistake there cannot hide itself here. A name is compared by its lower-cased text.
 */

/** Labels of a name in text form, as octets; escapes `\.` and `\DDD` are undone. The root has none. */
export function labelsOf(text: string): number[][] {
  if (text === '.') return []
  const labels: number[][] = []
  let label: number[] = []
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '.') {
      labels.push(label)
      label = []
    } else if (text[i] !== '\\') label.push(text.charCodeAt(i))
    else if (/\d/.test(text[i + 1] ?? '')) {
      label.push(Number(text.slice(i + 1, i + 4)))
      i += 3
    } else label.push(text.charCodeAt(++i))
  }
  if (label.length > 0) labels.push(label)
  return labels
}

/** A label in text form: everything but letters, digits, `-`, `_` and `*` as `\DDD`, so dig and zone files read it alike. */
export function printLabel(label: ArrayLike<number>): string {
  let text = ''
  for (let i = 0; i < label.length; i++) {
    const octet = label[i] as number
    const char = String.fromCharCode(octet)
    text += /[-A-Za-z0-9_*]/.test(char) ? char : `\\${String(octet).padStart(3, '0')}`
  }
  return text
}

/** The absolute name of these labels, `.` for none. */
export function printLabels(labels: readonly ArrayLike<number>[]): string {
  return labels.length === 0 ? '.' : labels.map((label) => `${printLabel(label)}.`).join('')
}

/** Wire octets of a name. No checks: hostile lengths are the caller's wish. */
export function nameOctets(text: string): number[] {
  return [...labelsOf(text).flatMap((label) => [label.length, ...label]), 0]
}

/** True where a name fits RFC 1035 2.3.4: labels to 63 octets, the whole to 255. */
export function isLegal(text: string): boolean {
  const labels = labelsOf(text)
  return labels.every((label) => label.length > 0 && label.length < 64) && nameOctets(text).length <= 255
}

/** The name without its first label; undefined at the root. */
export function parentOf(text: string): string | undefined {
  const labels = labelsOf(text)
  return labels.length === 0 ? undefined : printLabels(labels.slice(1))
}

/** `label` (text) put before a name. */
export function childOf(label: string, name: string): string {
  return name === '.' ? `${label}.` : `${label}.${name}`
}

/** True where `name` is `zone` or below it. */
export function isWithin(name: string, zone: string): boolean {
  const inner = printLabels(labelsOf(name)).toLowerCase()
  const outer = printLabels(labelsOf(zone)).toLowerCase()
  return outer === '.' || inner === outer || inner.endsWith(`.${outer}`)
}
