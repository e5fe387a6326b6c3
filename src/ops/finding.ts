/**
 * What reading a config or zone file found: one line each, `file:line:column: message`, the form that
 * editors and scripts read. An error stops the file from being used; a warning does not.
 */
import type { Place } from '../dns/faults.ts'

/** One thing found, at its place. */
export interface Finding extends Place {
  severity: 'error' | 'warning'
  /** `Cannot parse TTL "1x" as it must be …`, without the place. */
  message: string
  /** Name of the check of a zone that found it (docs/zone-checks.md); `syntax` for what cannot be parsed. */
  check?: string
}

/** `file:line:column: message`, with `warning: ` before the message of a warning and the check's name behind it. A line of 0 means the file as a whole. */
export function printFinding(finding: Finding): string {
  const { file, line, column, severity, message, check = 'syntax' } = finding
  const place = line > 0 ? `${file}:${line}:${column}` : file
  return `${place}: ${severity === 'warning' ? 'warning: ' : ''}${message}${check === 'syntax' ? '' : ` [${check}]`}`
}

/** Whether any of `findings` is an error. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error')
}

/** Findings by file, line and column, so that a reader walks each file once. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column))
}
