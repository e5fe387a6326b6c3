/**
 * Faults of the system in words: Node prefixes them with a code and ends them with the call and path, which
 * our messages have said already.
 */

/** `no such file or directory` and the like, without the code and the path; any other fault's own message. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return /^[A-Z0-9_]+: ([^,]+), \w+/.exec(message)?.[1] ?? message
}
