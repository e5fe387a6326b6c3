/**
 * Reads plays in the replay format of Unbound's testbound (`.rpl`), so that a scenario that was written down once can be played by either resolver.
 * Read are the parts of the format that make sense for a machine without sockets; whatever else a file holds is an error with its line.
 *
 *     server: trust-anchor: "example. DS …"        config, up to CONFIG_END
 *     SCENARIO_BEGIN title
 *     RANGE_BEGIN 0 100                             answers of a server while the step is between
 *       ADDRESS 192.0.2.1
 *     ENTRY_BEGIN … ENTRY_END
 *     RANGE_END
 *     STEP 1 QUERY                                  what happens, by number
 *     ENTRY_BEGIN … ENTRY_END
 *     STEP 10 CHECK_ANSWER
 *     SCENARIO_END
 */
import { parseType } from '../../src/dns/codes.ts'
import type { DnsRecord, Question } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord } from '../../src/dns/record-text.ts'

/** A message, as an answer to be given, a question to be put, or what is expected. */
export interface Entry {
  readonly line: number
  /** What must agree: `qname`, `qtype`, `opcode`, `subdomain`, `all`, `rcode`, `flags`, `answer`, `ttl`, `ede=6`, … */
  readonly match: readonly string[]
  readonly adjust: readonly string[]
  /** `QR`, `AA`, `RD`, `DO`, `NXDOMAIN`, … */
  readonly reply: readonly string[]
  readonly question: Question | undefined
  readonly answers: readonly DnsRecord[]
  readonly authorities: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
}

/** Answers of the servers at some addresses during some steps. */
export interface Range {
  readonly from: number
  readonly to: number
  readonly addresses: readonly string[]
  readonly entries: readonly Entry[]
}

/** What happens at one step. */
export interface Step {
  readonly number: number
  readonly line: number
  readonly kind: 'QUERY' | 'CHECK_ANSWER' | 'CHECK_OUT_QUERY' | 'REPLY' | 'TIMEOUT' | 'NOTHING' | 'TIME_PASSES'
  readonly entry: Entry | undefined
  /** Seconds that pass. */
  readonly elapse: number
}

/** A whole file. */
export interface Scenario {
  readonly title: string
  /** `server trust-anchor` and its values. */
  readonly config: ReadonlyMap<string, readonly string[]>
  readonly ranges: readonly Range[]
  readonly steps: readonly Step[]
}

const KINDS: ReadonlySet<string> = new Set(['QUERY', 'CHECK_ANSWER', 'CHECK_OUT_QUERY', 'REPLY', 'TIMEOUT', 'NOTHING', 'TIME_PASSES'])

/** The play that `text` writes. An Error with file and line where it is none that can be played. */
export function parseScenario(text: string, file: string): Scenario {
  return new Reader(text, file).scenario()
}

class Reader {
  private readonly lines: string[]
  private readonly file: string
  private at = 0

  constructor(text: string, file: string) {
    this.lines = text.split('\n').map((line) => line.replace(/;.*$/, '').trim())
    this.file = file
  }

  scenario(): Scenario {
    const config = this.config()
    const title = this.need(/^SCENARIO_BEGIN\s+(.*)$/)[1]
    const [ranges, steps]: [Range[], Step[]] = [[], []]
    for (;;) {
      const line = this.next()
      if (line === 'SCENARIO_END') return { title, config, ranges, steps }
      const range = /^RANGE_BEGIN\s+(\d+)\s+(\d+)$/.exec(line)
      if (range !== null) ranges.push(this.range(Number(range[1]), Number(range[2])))
      else steps.push(this.step(line))
    }
  }

  /** Lines of `section:` and `key: value` up to CONFIG_END. */
  private config(): Map<string, string[]> {
    const config = new Map<string, string[]>()
    let section = 'server'
    for (;;) {
      const line = this.next().replace(/#.*$/, '').trim()
      if (line === 'CONFIG_END') return config
      const [, key, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? this.fail('is no line of a config')
      if (value === '') section = key
      else config.set(`${section} ${key}`, [...(config.get(`${section} ${key}`) ?? []), value.replaceAll('"', '')])
    }
  }

  private range(from: number, to: number): Range {
    const [addresses, entries]: [string[], Entry[]] = [[], []]
    for (;;) {
      const line = this.next()
      if (line === 'RANGE_END') return { from, to, addresses, entries }
      const address = /^ADDRESS\s+(\S+)$/.exec(line)
      if (address !== null) addresses.push(address[1])
      else if (line === 'ENTRY_BEGIN') entries.push(this.entry())
      else this.fail('is neither ADDRESS nor ENTRY_BEGIN')
    }
  }

  private step(line: string): Step {
    const number = this.at
    const [, step, kind, more] = /^STEP\s+(\d+)\s+(\w+)\s*(.*)$/.exec(line) ?? this.fail('is neither a range nor a step')
    if (!KINDS.has(kind)) this.fail(`has the step ${kind}, which cannot be played`)
    const elapse = kind === 'TIME_PASSES' ? Number((/^ELAPSE\s+(\d+)$/.exec(more) ?? this.fail('must say ELAPSE and seconds'))[1]) : 0
    const hasEntry = this.lines.slice(this.at).find((one) => one !== '') === 'ENTRY_BEGIN'
    if (hasEntry) this.need(/^ENTRY_BEGIN$/)
    return { number: Number(step), line: number, kind: kind as Step['kind'], entry: hasEntry ? this.entry() : undefined, elapse }
  }

  private entry(): Entry {
    const entry = { line: this.at, match: [] as string[], adjust: [] as string[], reply: [] as string[], question: undefined as Question | undefined, ANSWER: [] as DnsRecord[], AUTHORITY: [] as DnsRecord[], ADDITIONAL: [] as DnsRecord[] }
    let section = ''
    for (;;) {
      const line = this.next()
      const [word, ...words] = line.split(/\s+/)
      if (word === 'ENTRY_END') return { ...entry, answers: entry.ANSWER, authorities: entry.AUTHORITY, additionals: entry.ADDITIONAL }
      if (word === 'MATCH') entry.match.push(...words)
      else if (word === 'ADJUST') entry.adjust.push(...words)
      else if (word === 'REPLY') entry.reply.push(...words)
      else if (word === 'SECTION') section = words[0]
      else if (section === 'QUESTION') entry.question = this.question(words, word)
      else if (section === 'ANSWER' || section === 'AUTHORITY' || section === 'ADDITIONAL') entry[section].push(this.record(line))
      else this.fail('is not part of an entry')
    }
  }

  private question(words: readonly string[], name: string): Question {
    const type = parseType(words.at(-1) ?? '') ?? this.fail('asks for no type')
    return { name: Name.parse(name), type, class: 1 }
  }

  /** TTL and class in either order, or left out. */
  private record(line: string): DnsRecord {
    const [name, ...words] = line.split(/\s+/)
    let ttl = '3600'
    while (/^(\d+|IN)$/.test(words[0])) {
      const word = words.shift() ?? ''
      if (word !== 'IN') ttl = word
    }
    try {
      return parseRecord(`${name} ${ttl} IN ${words.join(' ')}`)
    } catch (fault) {
      return this.fail(`holds no record: ${fault instanceof Error ? fault.message : ''}`)
    }
  }

  private need(pattern: RegExp): RegExpExecArray {
    return pattern.exec(this.next()) ?? this.fail(`must be ${pattern.source}`)
  }

  /** The next line that says something. */
  private next(): string {
    for (;;) {
      if (this.at >= this.lines.length) this.fail('is missing: the file ends')
      const line = this.lines[this.at++]
      if (line !== '') return line
    }
  }

  private fail(what: string): never {
    throw new Error(`${this.file}:${this.at}: the line ${what}`)
  }
}
