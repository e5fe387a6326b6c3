/**
 * The fenced blocks of our pages, and how a command's real output is held against the written one.
 *
 *     ```console          lines after `$ ` are commands, the lines up to the next command are their output
 *     ```sh               commands without output; `#` starts a comment
 *     ```yaml, ```zone    a config, records of a zone
 *     ```text             a drawing or something that is not to be run
 */
import { filesBelow, textOf } from './tree.ts'

/** One fenced block; `line` is that of its first line, from 1. */
export interface Block {
  page: string
  line: number
  language: string
  lines: string[]
}

/** A command of a page, and the lines that the page says it prints; null where it says nothing. */
export interface Command {
  page: string
  line: number
  command: string
  output: string[] | null
}

/** Every page that a reader meets. */
export function pages(): string[] {
  return ['README.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')]
}

/** The fenced blocks of one page, in order. Error: a fence is never closed. */
export function blocksOf(page: string, text: string = textOf(page)): Block[] {
  const blocks: Block[] = []
  let open: Block | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(\w*)/.exec(line)
    if (!fence) open?.lines.push(line)
    else if (open) {
      blocks.push(open)
      open = undefined
    } else open = { page, line: index + 2, language: fence[1], lines: [] }
  }
  if (open) throw new Error(`${page}:${open.line}: a block is never closed`)
  return blocks
}

/** The commands of a `console` or `sh` block; a line that ends in a backslash goes on in the next. */
export function commandsOf(block: Block): Command[] {
  const commands: Command[] = []
  const { page } = block
  for (let index = 0; index < block.lines.length; index++) {
    let text = block.lines[index]
    const line = block.line + index
    const isCommand = block.language === 'console' ? text.startsWith('$ ') : text.trim() !== '' && !text.trim().startsWith('#')
    if (!isCommand) {
      commands.at(-1)?.output?.push(text)
      continue
    }
    while (text.endsWith('\\')) text = text.slice(0, -1) + (block.lines[++index] ?? '').trim()
    commands.push({ page, line, command: text.replace(/^\$ /, '').replace(/\s+# .*$/, '').trim(), output: block.language === 'console' ? [] : null })
  }
  return commands
}

/**
 * Whether `actual` is what `expected` says, line by line. Runs of blanks count as one, empty lines as none.
 * `…` inside a line stands for any text of that line; a line that is only `…` stands for any number of lines.
 */
export function matches(actual: string, expected: string[]): boolean {
  const squeeze = (line: string): string => line.trim().replace(/\s+/g, ' ')
  const printed = actual.split('\n').map(squeeze).filter((line) => line !== '')
  const written = expected.map(squeeze).filter((line) => line !== '')
  const pattern = written.map((line) => (line === '…' ? '(?:[^\n]*\n)*?' : `${line.split('…').map(literal).join('[^\n]*')}\n`)).join('')
  return new RegExp(`^${pattern}$`).test(printed.map((line) => `${line}\n`).join(''))
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
