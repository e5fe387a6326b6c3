/** Zones broken in every way that validation must tell (RFC 4035 5.5, RFC 8914 4): played by the machine in validate.test.ts, and asked of Unbound in validate-unbound.integration.ts. */
import assert from 'node:assert/strict'
import { NOW } from '../dnssec/zone-signer.ts'
import { leaveOut, signedInternet, spoil, type ZonePlan } from './signed-internet.ts'

/** Records of `example.` in most plays. */
export const EXAMPLE = 'www.example. A 192.0.2.80\n*.wild.example. TXT "any"\nalias.example. CNAME www.example.\ndown.example. DNAME other.example.\nx.other.example. A 192.0.2.81\na.b.example. A 192.0.2.82'

/** The root and `example.`, signed as told. */
export function plans(example: ZonePlan = {}, root: ZonePlan = {}): Record<string, ZonePlan> {
  return { '.': root, 'example.': { text: EXAMPLE, ...example } }
}

const past = { expiration: NOW - 60, inception: NOW - 86_400 }
const future = { inception: NOW + 3600 }
const OTHER_KEY = [{ algorithm: 15, flags: 257, which: 7 }]

/** Broken zones, a question, and what is said. */
export const BROKEN: readonly [string, ZonePlan, string, RegExp][] = [
  ['a wrong signature', { edits: spoil('www.example.', 'A') }, 'www.example. A', /^bogus dnssec bogus: www\.example\. A: the signature by key \d+ is wrong$/],
  ['a record that is not what was signed', { edits: (text) => text.replace('192.0.2.80', '192.0.2.66') }, 'www.example. A', /^bogus dnssec bogus: www\.example\. A: /],
  ['a record too many', { edits: (text) => `${text}\nwww.example. 3600 IN A 192.0.2.66` }, 'www.example. A', /^bogus dnssec bogus/],
  ['no signature', { edits: leaveOut(/^www\.example\. .*RRSIG A /) }, 'www.example. A', /^bogus rrsigs missing: www\.example\. A: example\. is signed and this is not$/],
  ['expired signatures', { signing: past }, 'www.example. A', /^bogus signature expired: www\.example\. A: DNSKEY of example\.: a signature has expired 2027-01-15T07:59:00Z$/],
  ['signatures of tomorrow', { signing: future }, 'www.example. A', /^bogus signature not yet valid: .*valid from 2027-01-15T09:00:00Z$/],
  ['signatures that end before they begin', { signing: { ...future, expiration: NOW - 60 } }, 'www.example. A', /^bogus signature expired before valid/],
  ['no DNSKEY', { edits: leaveOut(/ (DNSKEY|RRSIG DNSKEY) /) }, 'www.example. A', /^bogus dnskey missing: www\.example\. A: example\. has no DNSKEY$/],
  ['a DNSKEY without signature', { edits: leaveOut(/RRSIG DNSKEY /) }, 'www.example. A', /^bogus rrsigs missing: .*DNSKEY of example\.: not signed$/],
  ['a DS of another key', { ds: () => signedDs(OTHER_KEY) }, 'www.example. A', /^bogus dnskey missing: .*no key of example\. is the one that its DS names$/],
  ['a DS with the wrong digest', { ds: (own) => own.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) }, 'www.example. A', /^bogus dnskey missing/],
  ['a DS but no signatures at all', { signing: 'unsigned', ds: () => signedDs(OTHER_KEY) }, 'www.example. A', /^bogus dnskey missing: .*example\. has no DNSKEY$/],
  ['a key that may not sign zones', { signing: { keys: [{ algorithm: 15, flags: 1, which: 0 }] } }, 'www.example. A', /^bogus dnskey missing/],
  ['no NSEC', { edits: leaveOut(/ (NSEC|RRSIG NSEC) /) }, 'nope.example. A', /^bogus nsec missing: nope\.example\. A: /],
  ['an NSEC whose signature is wrong', { edits: spoil('www.example.', 'NSEC') }, 'www.example. AAAA', /^bogus dnssec bogus: www\.example\. AAAA: /],
  ['a SOA whose signature is wrong', { edits: spoil('example.', 'SOA') }, 'www.example. AAAA', /^bogus dnssec bogus: www\.example\. AAAA: /],
  ['denials without signatures', { edits: leaveOut(/RRSIG (NSEC|SOA) /) }, 'www.example. AAAA', /^bogus rrsigs missing: .*what example\. says of www\.example\. is not signed$/],
  ['a wildcard without proof', { edits: leaveOut(/ (NSEC|RRSIG NSEC) /) }, 'q.wild.example. TXT', /^bogus nsec missing: q\.wild\.example\. TXT: /],
  ['a wrong alias', { edits: spoil('alias.example.', 'CNAME') }, 'alias.example. A', /^bogus dnssec bogus: alias\.example\. CNAME: /],
  ['a good alias to a wrong record', { edits: spoil('www.example.', 'A') }, 'alias.example. A', /^bogus dnssec bogus: www\.example\. A: /],
  ['a wrong DNAME', { edits: spoil('down.example.', 'DNAME') }, 'x.down.example. A', /^bogus dnssec bogus: down\.example\. DNAME: /],
]

function signedDs(keys: readonly { algorithm: number; flags: number; which: number }[]): string {
  return signedInternet({ '.': {}, 'example.': { signing: { keys } } }).zones.get('example.')?.ds ?? assert.fail()
}
