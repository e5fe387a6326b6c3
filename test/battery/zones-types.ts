/**
 * A zone with every record type in use, each as its RFC writes it; types that older peers do not know by name
 * are written by RFC 3597, so that one file loads everywhere.
 */
import { childOf, nameOctets } from './names.ts'
import { zoneOf, type BatteryZone, type Signing } from './zone-text.ts'

const KEY = 'AwEAAcNEU67LJI5GEgF9QLNqLO1SMq1EdoQ6E9f85ha0k0ewQGCblyW2836GiVsm6k8Kr5ECIoMJ6fZWf3CQSQ9ycWfTyOHfmI3eQ/1Covhb2y4bAmL/07PhrL7ozWBW3wBfM335Ft9xjtXHPy7ztCbV9qZ4TVDTW/Iyg0PiwgoXVesz'

/** The zone of every type at `name`, signed where asked. */
export function everyType(name: string, signing?: Signing): BatteryZone {
  return zoneOf(name, `
    a A 192.0.2.1
    aaaa AAAA 2001:db8::1
    afsdb AFSDB 1 a
    apl APL 1:192.0.2.0/24 !1:192.0.2.64/28 2:2001:db8::/32
    caa CAA 0 issue "ca.example"
    cert CERT PGP 0 0 AQID
    cname CNAME a
    csync CSYNC 66 3 A NS AAAA
    dhcid DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
    dname DNAME a
    ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
    ds NS a
    eui48 EUI48 00-00-5e-00-53-2a
    eui64 EUI64 00-00-5e-ef-10-00-00-2a
    hinfo HINFO "PDP-11" "UNIX"
    https HTTPS 1 . alpn=h2
    ipseckey IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
    ipseckey3 IPSECKEY 10 3 2 a AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
    key KEY 512 3 13 ${KEY}
    kx KX 10 a
    l32 L32 10 192.0.2.1
    loc LOC 42 21 54 N 71 06 18 W -24m 30m 10m 10m
    lp LP 10 l64
    minfo MINFO a a
    mx MX 10 a
    naptr NAPTR 100 50 "s" "http+I2L+I2C+I2R" "" _http._tcp
    ns NS a
    openpgpkey OPENPGPKEY AQIDBAUG
    ptr PTR a
    rp RP a txt
    rt RT 10 a
    smimea SMIMEA 3 0 0 AABBCC
    spf SPF "v=spf1 -all"
    srv SRV 0 5 80 a
    sshfp SSHFP 2 1 123456789abcdef67890123456789abcdef67890
    svcb SVCB 1 a port=853 ipv4hint=192.0.2.1 key65300=abcd
    tlsa TLSA 1 1 1 ${'ab'.repeat(32)}
    txt TXT "one" "two" ""
    uri URI 10 1 "https://example.com/"
    zonemd ZONEMD 1 1 1 ${'cd'.repeat(48)}
    cds CDS 60485 13 2 ${'ef'.repeat(32)}
    cdnskey CDNSKEY 257 3 13 ${KEY}
    agent TYPE65440 \\# 21 0001 05616c696365 035f7361 00 ff14 0004 00000001
    private TYPE65280 \\# 3 010203
    empty TYPE65281 \\# 0
    all A 192.0.2.2
    all AAAA 2001:db8::2
    all MX 10 all
    all TXT "all"
    all CAA 0 issue ";"
    all TYPE65280 \\# 1 ff
    all SRV 0 0 1 all
    *.wild A 192.0.2.3
    *.wild TXT "w"
    *.wild TYPE65280 \\# 2 0102
    ${signing ? '' : generic(name)}`, signing)
}

/** Types that one of the peers does not know by name. Signing tools would print the name again, so only the plain zone has them. */
function generic(zone: string): string {
  const a = Buffer.from(nameOctets(childOf('a', zone))).toString('hex')
  const rdata: Readonly<Record<string, [number, string]>> = {
    mb: [7, a], mg: [8, a], mr: [9, a], x25: [19, '0c333131303631373030393536'], isdn: [20, '0f31353038363230323830303332313703303034'],
    px: [26, `000a${a}${a}`], hip: [55, `04020004${'a'.repeat(8)}${'b'.repeat(8)}${a}`], nid: [104, '000a00144fffff20ee64'], l64: [106, '000a20010db811401000'],
    avc: [258, '03616263'], amtrelay: [260, '0a01c0000202'], resinfo: [261, '08716e616d656d696e'],
  }
  return Object.entries(rdata).map(([owner, [type, hex]]) => `${owner} TYPE${type} \\# ${hex.length / 2} ${hex}`).join('\n')
}
