/**
 * Blocks larger than 2 GiB: offsets in octets no longer fit 31 bits. The block is reserved but hardly touched, so
 * that nothing of its size is spent; where the machine does not let us reserve it, the tests say so and are skipped.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS } from '../../src/dns/codes.ts'
import { MAX_IMAGE_OCTETS } from '../../src/dns/limits.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { HEADER } from '../../src/zone/layout.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { asker, SEED } from '../authority/ask.ts'

/** A builder whose records go beyond the block's first `skipped` octets. */
class FarBuilder extends ZoneBuilder {
  skip(skipped: number): void {
    this.words[HEADER.top] = skipped / 4
  }

  get blockOctets(): number {
    return this.octets.length
  }
}

const apex = Name.parse('example.').wire

function farBuilder(octets: number): FarBuilder | undefined {
  try {
    return new FarBuilder({ apex, class: CLASS.IN, seed: SEED, expectedOctets: octets })
  } catch (fault) {
    if (fault instanceof RangeError && /allocation/.test(fault.message)) return undefined
    throw fault
  }
}

const ZONE = `
@ 60 SOA ns admin 1 2 3 4 60
@ 60 NS ns
@ 60 MX 1 mail.Sub2
ns 60 A 192.0.2.1
Sub 60 NS ns.Sub
Sub 60 NS ns
ns.Sub 60 A 192.0.2.2
alias 60 CNAME ns
d 60 DNAME ns
*.w 60 A 192.0.2.3
mail.Sub2 60 A 192.0.2.4
`

test('a zone that lies beyond 2 GiB of its block is answered from like any other', (t) => {
  const builder = farBuilder(2 ** 31 + 2 ** 20)
  if (builder === undefined) return t.skip('this machine does not reserve 2 GiB')
  builder.skip(2 ** 31 + 1024)
  assert.equal(parseZone({ octets: Buffer.from(ZONE), file: 'far' }, { origin: apex, class: CLASS.IN }, builder).count, 0)
  const ask = asker(builder.finish())
  assert.deepEqual(ask('www.sub.example. A').authority, ['sub.example. 60 IN NS ns.Sub.example.', 'sub.example. 60 IN NS ns.example.'])
  assert.deepEqual(ask('www.sub.example. A').additional, ['ns.Sub.example. 60 IN A 192.0.2.2', 'ns.example. 60 IN A 192.0.2.1'])
  assert.deepEqual(ask('alias.example. A').answer, ['alias.example. 60 IN CNAME ns.example.', 'ns.example. 60 IN A 192.0.2.1'])
  assert.deepEqual(ask('x.w.example. A').answer, ['x.w.example. 60 IN A 192.0.2.3'])
  assert.deepEqual(ask('example. MX').additional, ['mail.Sub2.example. 60 IN A 192.0.2.4'])
  assert.equal(ask('x.d.example. A').rcode, 'NXDOMAIN')
  assert.deepEqual(ask('no.example. A').authority, ['example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'])
})

test('a block is never asked to be larger than MAX_IMAGE_OCTETS, whatever is expected', (t) => {
  const builder = farBuilder(2 ** 40)
  if (builder === undefined) return t.skip('this machine does not reserve 4 GiB')
  assert.equal(builder.blockOctets, MAX_IMAGE_OCTETS)
  builder.skip(MAX_IMAGE_OCTETS - 64)
  assert.equal(builder.add(Name.parse('a.example.').wire, 16, 60, new Uint8Array(200), 200), 'zone-too-large')
})
