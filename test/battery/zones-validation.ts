/**
 * A zone with one name for every kind of signed answer, and what a validator must say to each. It is signed with
 * NSEC, NSEC3 and opt-out, by BIND's and by NLnet Labs' tools; a signed and an unsigned child stand below it.
 */
import { createHash } from 'node:crypto'
import { nameOctets } from './names.ts'
import { dnskeyRdata, KEY_TAG } from './signing.ts'
import { zoneOf, type BatteryZone, type Signing } from './zone-text.ts'

/** What is asked below the zone's apex, and the verdict: `covered` answers rest on a covering NSEC3, so opt-out makes them insecure (RFC 5155 9.2). */
export type Verdict = { label: string; type: string; rcode: 'NOERROR' | 'NXDOMAIN'; state: 'secure' | 'covered' | 'insecure'; kind: string }

const TEXT = `
  www A 192.0.2.1
  www AAAA 2001:db8::1
  *.wild A 192.0.2.2
  *.wild TXT "wild"
  sub.ent A 192.0.2.3
  x.*.entwild TXT "the wildcard is an empty non-terminal"
  alias CNAME www
  towild CNAME a.wild
  tonx CNAME missing
  tonodata CNAME www
  *.wildalias CNAME www
  target TXT "target"
  host.target A 192.0.2.4
  *.target MX 1 www
  dn DNAME target
  todn CNAME host.dn
  mx MX 10 www
  secure NS ns.secure
  ns.secure A 192.0.2.5
  insecure NS ns.insecure
  ns.insecure A 192.0.2.6
  ent2.under NS ns.insecure
  a A 192.0.2.7
  zz A 192.0.2.8`

/** One parent zone and its children; `name` absolute. */
export function validationZones(name: string, signing: Signing): BatteryZone[] {
  const parent = zoneOf(name, `${TEXT}\n secure DS ${KEY_TAG} 15 2 ${dsDigest(`secure.${name}`)}`, signing)
  const content = 'www A 192.0.2.9\n*.wild TXT "child"'
  return [parent, zoneOf(`secure.${name}`, content, signing), zoneOf(`insecure.${name}`, content)]
}

/** Every question and its verdict. */
export const VERDICTS: readonly Verdict[] = table(`
  @ SOA NOERROR secure            apex
  @ DNSKEY NOERROR secure         apex key
  @ MX NOERROR secure             NODATA at the apex
  www A NOERROR secure            positive
  www AAAA NOERROR secure         positive
  mx MX NOERROR secure            positive with additional data
  www TXT NOERROR secure          NODATA
  ent A NOERROR secure            NODATA at an empty non-terminal
  missing A NXDOMAIN covered      NXDOMAIN
  a.b.missing A NXDOMAIN covered  NXDOMAIN below a missing name
  x.www A NXDOMAIN covered        NXDOMAIN below a name with data
  y.ent A NXDOMAIN covered        NXDOMAIN below an empty non-terminal
  0 A NXDOMAIN covered            NXDOMAIN before the first name
  zzz A NXDOMAIN covered          NXDOMAIN after the last name
  q.wild A NOERROR covered        positive from a wildcard
  a.b.wild TXT NOERROR covered    positive from a wildcard, two labels
  q.wild MX NOERROR covered       NODATA at a wildcard
  *.wild A NOERROR secure         the wildcard itself
  *.wild MX NOERROR secure        NODATA at the wildcard itself
  q.entwild A NOERROR covered     NODATA at a wildcard that is an empty non-terminal
  alias A NOERROR secure          CNAME
  alias CNAME NOERROR secure      CNAME itself
  alias MX NOERROR secure         CNAME to NODATA
  tonx A NXDOMAIN covered         CNAME to NXDOMAIN
  towild A NOERROR covered        CNAME to a wildcard
  q.wildalias A NOERROR covered   CNAME from a wildcard
  q.wildalias MX NOERROR covered  CNAME from a wildcard to NODATA
  dn DNAME NOERROR secure         DNAME itself
  dn A NOERROR secure             NODATA beside a DNAME
  host.dn A NOERROR secure        DNAME
  host.dn MX NOERROR secure       DNAME to NODATA
  q.dn MX NOERROR covered         DNAME to a wildcard
  q.dn A NOERROR covered          DNAME to NODATA at a wildcard
  x.host.dn A NXDOMAIN covered    DNAME to NXDOMAIN
  todn A NOERROR secure           CNAME into a DNAME
  secure DS NOERROR secure        DS
  www.secure A NOERROR secure     positive in a signed child
  x.www.secure A NXDOMAIN covered NXDOMAIN in a signed child
  q.wild.secure TXT NOERROR covered positive from a wildcard of a signed child
  insecure DS NOERROR covered     no DS
  www.insecure A NOERROR insecure positive in an unsigned child
  missing.insecure A NXDOMAIN insecure NXDOMAIN in an unsigned child
  under A NOERROR covered         NODATA at an empty non-terminal above an unsigned cut
  q.under A NXDOMAIN covered      NXDOMAIN beside an unsigned cut`)

function table(text: string): Verdict[] {
  return text.trim().split('\n').map((line) => {
    const [label = '', type = '', rcode = '', state = '', ...kind] = line.trim().split(/\s+/)
    return { label, type, rcode, state, kind: kind.join(' ') } as Verdict
  })
}

/** RFC 4509: SHA-256 over the owner name and the DNSKEY RDATA. */
function dsDigest(owner: string): string {
  return createHash('sha256').update(Buffer.from(nameOctets(owner))).update(dnskeyRdata()).digest('hex')
}
