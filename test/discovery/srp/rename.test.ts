/** default.service.arpa. (RFC 9665 3.2.2): the registrar's zone takes its place in every name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Name } from '../../../src/dns/name.ts'
import { printRecord } from '../../../src/dns/record-text.ts'
import { renameDefault } from '../../../src/discovery/srp/rename.ts'
import { textUpdate } from '../updates.ts'

const ZONE = Name.parse('acme.example.')

test('owners, targets of PTR and SRV and the zone are renamed; all else stays', () => {
  const update = textUpdate('DEFAULT.service.arpa.', ['host 60 IN A 192.0.2.1', '_a2a._tcp 60 IN PTR Chat._a2a._tcp', 'Chat._a2a._tcp 60 IN SRV 1 2 3 host', 'Chat._a2a._tcp 60 IN SRV 1 2 3 host.elsewhere.', 'host 60 IN TXT "default.service.arpa."', 'x.other. 60 IN A 192.0.2.1'])
  const renamed = renameDefault(update, () => ZONE)
  assert.equal(renamed.zone.name.toString(), 'acme.example.')
  assert.deepEqual(renamed.updates.map((record) => printRecord(record)), [
    'host.acme.example. 60 IN A 192.0.2.1', '_a2a._tcp.acme.example. 60 IN PTR Chat._a2a._tcp.acme.example.', 'Chat._a2a._tcp.acme.example. 60 IN SRV 1 2 3 host.acme.example.',
    'Chat._a2a._tcp.acme.example. 60 IN SRV 1 2 3 host.elsewhere.', 'host.acme.example. 60 IN TXT "default.service.arpa."', 'x.other. 60 IN A 192.0.2.1',
  ])
})

test('deletions without data are renamed by their owner', () => {
  const update = textUpdate('default.service.arpa.', ['host 60 IN A 192.0.2.1'])
  const deletion = { ...update.updates[0], type: 12, class: 255, ttl: 0, rdata: new Uint8Array(0) }
  assert.equal(renameDefault({ ...update, updates: [deletion] }, () => ZONE).updates[0].name.toString(), 'host.acme.example.')
})

test('an update for another zone, or of names that would be too long, is left as it is', () => {
  const other = textUpdate('acme.example.', ['host 60 IN A 192.0.2.1'])
  assert.equal(renameDefault(other, () => ZONE), other)
  assert.equal(renameDefault(other, () => assert.fail('no zone is looked for')), other)
  const long = textUpdate('default.service.arpa.', [`${['a', 'b', 'c'].map((letter) => letter.repeat(63)).join('.')} 60 IN A 192.0.2.1`])
  assert.equal(renameDefault(long, () => Name.parse(`${'d'.repeat(60)}.example.`)), long)
  assert.notEqual(renameDefault(long, () => ZONE), long)
})
