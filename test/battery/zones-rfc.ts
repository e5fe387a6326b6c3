/**
 * The zones that RFCs print, so that their examples can be asked: RFC 4592 2.2.1, RFC 4035 appendix A,
 * RFC 5155 appendix A, RFC 6672 2.2 and 5.3, RFC 9460 10. All are called `example.` by their RFCs, so each of
 * the first three is a world of its own. Signatures of the RFCs have expired; the content is signed afresh.
 */
import { zoneOf, type BatteryZone, type Signing } from './zone-text.ts'

/** The wildcard zone of RFC 4592 2.2.1; the RDATA it leaves open is filled in. */
export const rfc4592: BatteryZone = zoneOf('example.', `
  @ SOA ns.example.com. hostmaster.example.com. 1 3600 900 604800 300
  @ NS ns.example.com.
  @ NS ns.example.net.
  * TXT "this is a wildcard"
  * MX 10 host1.example.
  sub.* TXT "this is not a wildcard"
  host1 A 192.0.2.1
  _ssh._tcp.host1 SRV 0 0 22 host1.example.
  _ssh._tcp.host2 SRV 0 0 22 host2.example.
  subdel NS ns.example.com.
  subdel NS ns.example.net.`)

const MX_AND_HOSTS = `
  @ NS ns1.example.
  @ NS ns2.example.
  @ MX 1 xx.example.
  ns1.a A 192.0.2.5
  ns2.a A 192.0.2.6
  a NS ns1.a.example.
  a NS ns2.a.example.
  ai A 192.0.2.9
  ai HINFO "KLH-10" "ITS"
  ai AAAA 2001:db8::f00:baa9
  ns1 A 192.0.2.1
  ns2 A 192.0.2.2
  *.w MX 1 ai.example.
  x.w MX 1 xx.example.
  x.y.w MX 1 xx.example.
  xx A 192.0.2.10
  xx HINFO "KLH-10" "TOPS-20"
  xx AAAA 2001:db8::f00:baaa`

/** The signed zone of RFC 4035 appendix A. */
export const rfc4035: BatteryZone = zoneOf('example.', `
  @ SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600
  ${MX_AND_HOSTS}
  a DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B
  b NS ns1.b.example.
  b NS ns2.b.example.
  ns1.b A 192.0.2.7
  ns2.b A 192.0.2.8`, { denial: 'nsec' })

/** The signed zone of RFC 5155 appendix A: opt-out, 12 iterations, and a name that looks like its own hash. */
export const rfc5155: BatteryZone = zoneOf('example.', `
  @ SOA ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600
  ${MX_AND_HOSTS}
  2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.127
  a DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
  c NS ns1.c.example.
  c NS ns2.c.example.
  ns1.c A 192.0.2.7
  ns2.c A 192.0.2.8`, { denial: 'opt-out', iterations: 12, salt: 'aabbccdd' })

/** RFC 6672 2.2, table 1: the owner names and targets of its substitution examples, with what lies at the targets. */
export function rfc6672(name = 'dname.example.', signing?: Signing): BatteryZone {
  return zoneOf(name, `
    com DNAME net
    com A 192.0.2.10
    foo.net A 192.0.2.11
    x.foo.net TXT "below"
    *.wild.net TXT "wild below a target"
    loop DNAME loop
    shortloop DNAME x.shortloop2
    shortloop2 DNAME shortloop
    cyle DNAME cycle2
    cycle2 DNAME cyle
    first DNAME second
    second DNAME third
    third DNAME net
    out DNAME elsewhere.invalid.
    toroot DNAME .
    self DNAME deeper.below.apex
    cut DNAME sub
    sub NS ns.sub
    ns.sub A 192.0.2.12
    into CNAME foo.com
    into2 CNAME com
    into3 CNAME a.b.c.first
    *.star CNAME foo.com
    other DNAME chains.example.
    tocname DNAME hop
    a.hop CNAME foo.net
    b.hop CNAME foo.com
    back.net CNAME com
    twice.net CNAME foo.com
    ${longTarget()}`, signing)
}

/** A zone that is redirected as a whole: DNAME beside SOA and NS (RFC 6672 2.3). */
export const apexDname: BatteryZone = zoneOf('apexdname.example.', `
  @ SOA ns.dname.example. hostmaster.dname.example. 1 3600 900 604800 300
  @ NS ns.dname.example.
  @ DNAME net.dname.example.
  @ TXT "other data beside a DNAME is fine"
  @ A 192.0.2.13`)

/** A DNAME whose target is so long that most names below it overflow 255 octets: YXDOMAIN (RFC 6672 2.2). */
function longTarget(): string {
  const label = 'l'.repeat(60)
  return `long DNAME ${label}.${label}.${label}`
}

/** SVCB and HTTPS with targets, so that additional sections can be compared (RFC 9460 4.1, 10). */
export function rfc9460(name = 'svcb.example.', signing?: Signing): BatteryZone {
  return zoneOf(name, `
  @ HTTPS 1 . alpn=h2,h3
  @ A 192.0.2.20
  @ AAAA 2001:db8::20
  svc3 HTTPS 1 svc4 alpn=h3 port=8003
  svc4 A 192.0.2.21
  svc4 AAAA 2001:db8::21
  alias HTTPS 0 svc3
  alias2 SVCB 0 alias
  _8443._foo.api SVCB 0 svc5
  svc5 SVCB 3 svc6 alpn=bar port=8004
  svc5 SVCB 1 . ipv4hint=192.0.2.22
  svc5 A 192.0.2.23
  svc6 CNAME svc4
  toself SVCB 1 .
  none SVCB 0 .
  away SVCB 1 host.chains.example. port=53
  nowhere HTTPS 1 missing
  wildtarget HTTPS 1 any.wild
  *.wild A 192.0.2.24
  cuttarget HTTPS 1 www.sub
  sub NS ns.sub
  ns.sub A 192.0.2.25
  www.sub A 192.0.2.26
  *.w HTTPS 1 .
  *.w A 192.0.2.27`, signing)
}
