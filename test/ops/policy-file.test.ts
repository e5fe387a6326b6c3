/** The file of rules: read with the config, faults told, and what is not acted on left out and told. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../../src/ops/config.ts'
import { printFinding } from '../../src/ops/finding.ts'
import { policyImage, readPolicy } from '../../src/ops/policy-file.ts'
import { makeFolder } from './process.ts'

/** The text of a file, how many records its block has, and how many rules are left out. */
const ROWS: [title: string, text: string, rules: number, ignored: number][] = [
  ['nothing', '', 0, 0],
  ['its own SOA and NS, which are no rules', '@ SOA a. b. 1 2 3 4 5\n@ NS a.\n', 0, 0],
  ['rules without a TTL', 'a.example CNAME .\nb.example A 192.0.2.1\n', 2, 0],
  ['rules by address, name server or client', '32.1.2.0.192.rpz-ip CNAME .\nns.example.rpz-nsdname CNAME .\n24.0.2.0.192.rpz-client-ip CNAME .\na.example CNAME .\n', 1, 3],
  ['actions that are not carried out', 'a.example CNAME rpz-drop.\nb.example CNAME RPZ-TCP-ONLY.\nc.example CNAME rpz-passthru.\n', 1, 2],
  ['NS and DNAME, which would cut the tree', 'a.example NS b.example.\nc.example DNAME d.example.\nx.c.example CNAME .\n', 1, 2],
]

for (const [title, text, rules, ignored] of ROWS) {
  test(`a file of rules with ${title}`, () => {
    const folder = makeFolder({ rules: text, 'w.yaml': '' })
    try {
      const source = readPolicy(join(folder.path, 'rules'))
      assert.deepEqual([source.ignored, policyImage(source, 7).recordCount], [ignored, rules])
      const { config, findings } = parseConfig('recursion: { policy: rules }\n', join(folder.path, 'w.yaml'))
      assert.equal(config?.recursion?.policy?.octets.length, Buffer.byteLength(text))
      assert.equal(findings.length, ignored === 0 ? 0 : 1)
      if (ignored > 0) assert.match(printFinding(findings[0]), new RegExp(`w\\.yaml:1:22: warning: Cannot act on ${ignored} rules of recursion\\.policy "rules"`))
    } finally {
      folder.remove()
    }
  })
}

test('a file with a fault, or that is not there, is told at its place in the config', () => {
  const folder = makeFolder({ rules: 'a.example CNAME .\nb.example A 192.0.2\n' })
  try {
    for (const [file, message] of [['rules', /w\.yaml:1:22: Cannot use recursion\.policy "rules": .*192\.0\.2/], ['none', /Cannot use recursion\.policy "none": /]] as const) {
      const { config, findings } = parseConfig(`recursion: { policy: ${file} }\n`, join(folder.path, 'w.yaml'))
      assert.equal(config, undefined)
      assert.match(findings.map(printFinding).join('\n'), message)
    }
  } finally {
    folder.remove()
  }
})
