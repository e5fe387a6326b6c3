/** The root servers to begin with (RFC 8109 2): those built in, and those of a file. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printAddress } from '../../src/dns/address.ts'
import { hintsIn, ROOT_HINTS } from '../../src/resolver/root-hints.ts'
import { records } from './support.ts'

const shown = (hints: ReturnType<typeof hintsIn>): string[] => hints.map(({ name, addresses }) => `${name} ${addresses.map(printAddress).join(' ')}`)

test('thirteen root servers are known, each by one address of either family, no two the same', () => {
  assert.deepEqual(ROOT_HINTS.map(({ name }) => name.toString()), [...'abcdefghijklm'].map((letter) => `${letter}.root-servers.net.`))
  for (const { addresses } of ROOT_HINTS) assert.deepEqual(addresses.map(({ length }) => length), [4, 16])
  assert.equal(new Set(ROOT_HINTS.flatMap(({ addresses }) => addresses.map(printAddress))).size, 26)
})

/** Records, and the hints that they are. */
const ROWS: [title: string, text: string, hints: string[]][] = [
  ['a server with both addresses', '. NS a.root.\na.root. A 192.0.2.1\na.root. AAAA 2001:db8::1', ['a.root. 192.0.2.1 2001:db8::1']],
  ['names in any case', '. NS A.ROOT.\na.root. A 192.0.2.1', ['A.ROOT. 192.0.2.1']],
  ['a server of many addresses', '. NS a.root.\na.root. A 192.0.2.1\na.root. A 192.0.2.2', ['a.root. 192.0.2.1 192.0.2.2']],
  ['a server without an address', '. NS a.root.\n. NS b.root.\nb.root. A 192.0.2.2', ['b.root. 192.0.2.2']],
  ['an address of nobody', '. NS a.root.\nc.root. A 192.0.2.3', []],
  ['servers of another zone', 'example. NS a.root.\na.root. A 192.0.2.1', []],
  ['nothing', '', []],
]

for (const [title, text, hints] of ROWS) {
  test(`hints of a file: ${title}`, () => assert.deepEqual(shown(hintsIn(records(text))), hints))
}
