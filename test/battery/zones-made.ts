/**
 * Zones made for one corner each: chains of CNAMEs, zones within zones, additional data, empty non-terminals,
 * letter case, odd octets in labels, answers that do not fit, every type. Each comes plain; those of `signed` come
 * again under another name with NSEC and with NSEC3.
 */
import { zoneOf, type BatteryZone, type Signing } from './zone-text.ts'
import { everyType } from './zones-types.ts'

function chains(name: string, signing?: Signing): BatteryZone {
  const steps = Array.from({ length: 20 }, (_, i) => `step${i} CNAME step${i + 1}.${name}`).join('\n')
  return zoneOf(name, `
    host A 192.0.2.30
    host AAAA 2001:db8::30
    host TXT "end"
    ${steps}
    step20 A 192.0.2.31
    one CNAME host
    two CNAME one
    three CNAME two
    mixed CNAME HOST
    self CNAME self
    ring1 CNAME ring2
    ring2 CNAME ring3
    ring3 CNAME ring1
    nowhere CNAME missing
    nodata CNAME txtonly
    txtonly TXT "only"
    outside CNAME www.elsewhere.invalid.
    other CNAME foo.net.dname.example.
    otherchain CNAME into.dname.example.
    towild CNAME a.b.wild
    *.wild CNAME host
    *.wildwild CNAME x.wild
    *.wildself CNAME y.wildself
    *.wildtxt TXT "wild"
    towildtxt CNAME q.wildtxt
    toent CNAME ent
    under.the.ent A 192.0.2.32
    deep.ent TXT "makes ent an empty non-terminal"
    undercut CNAME www.cut
    tocut CNAME cut
    cut NS ns.cut
    cut NS ns.elsewhere.invalid.
    ns.cut A 192.0.2.33
    toapex CNAME @
    tonest CNAME www.child.nest.example.
    tonestcut CNAME child.nest.example.
    todname CNAME q.com.dname.example.`, signing)
}

function additional(name: string, signing?: Signing): BatteryZone {
  return zoneOf(name, `
    @ MX 10 mail
    @ MX 20 missing
    @ MX 30 mail.elsewhere.invalid.
    @ NS ns2
    @ NS ns.elsewhere.invalid.
    mail A 192.0.2.40
    mail AAAA 2001:db8::40
    mail TXT "not additional"
    ns2 AAAA 2001:db8::53
    mxcname MX 10 alias
    alias CNAME mail
    mxwild MX 10 some.wild
    *.wild A 192.0.2.41
    *.wild MX 5 mail
    mxent MX 5 ent
    a.ent A 192.0.2.42
    mxcut MX 5 mail.cut
    cut NS ns.cut
    cut NS ns2
    ns.cut A 192.0.2.43
    mail.cut A 192.0.2.44
    cut2 NS ns.cut
    cut3 NS outside.elsewhere.invalid.
    cut4 NS ns.dname.example.
    cut5 NS alias
    cut6 NS q.wild
    cut7 NS host.chains.example.
    cut8 NS cut8
    cut8 A 192.0.2.45
    mxdname MX 1 x.dn
    dn DNAME wild
    _sip._udp SRV 1 2 5060 mail
    _sip._tcp SRV 1 2 5060 .
    afs AFSDB 1 mail
    rt RT 10 mail
    kx KX 10 mail
    naptr NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp
    naptra NAPTR 100 10 "A" "SIP+D2U" "" mail
    naptrr NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:a@example.com!" .
    lp LP 10 mail
    ptr PTR mail
    mxself MX 0 mxself
    mxself A 192.0.2.46
    mxfar MX 0 host.chains.example.
    mxnull MX 0 .
    mxapex MX 0 @
    rp RP mail mail
    minfo MINFO mail mail`, signing)
}

function empties(name: string, signing?: Signing): BatteryZone {
  return zoneOf(name, `
    a.b.c.d A 192.0.2.50
    b.c.d2 A 192.0.2.51
    x.b.c.d TXT "sibling"
    *.e.f A 192.0.2.52
    z.y.*.g TXT "below a wildcard label"
    *.g A 192.0.2.53
    *.*.h A 192.0.2.54
    q.*.i TXT "the wildcard itself is empty"
    ns.deep.cut.j A 192.0.2.55
    deep.cut.j NS ns.deep.cut.j
    deep.cut.j NS ns.elsewhere.invalid.
    *.k TXT "star and cut side by side"
    cut.k NS ns.elsewhere.invalid.
    *.l CNAME a.b.c.d
    only.l MX 10 a.b.c.d
    *.ent.m TXT "star below an ent"`, signing)
}

function letters(name: string, signing?: Signing): BatteryZone {
  return zoneOf(name, `
    UPPER A 192.0.2.60
    lower A 192.0.2.61
    MiXeD CNAME UpPeR
    *.WiLd TXT "Wild"
    Sub NS NS.Sub
    nS.sUb A 192.0.2.62
    Target MX 10 mAiL.UPPER
    mail.upper A 192.0.2.63
    sET A 192.0.2.64
    set A 192.0.2.65
    SeT AAAA 2001:db8::64
    DN DNAME Lower`, signing)
}

function escapes(name: string, signing?: Signing): BatteryZone {
  return zoneOf(name, `
    a\\.b A 192.0.2.70
    a.b A 192.0.2.71
    \\000 A 192.0.2.72
    a\\000b TXT "nul within"
    \\255\\254 TXT "high octets"
    \\200.\\201 A 192.0.2.73
    sp\\032ace TXT "space"
    semi\\;colon TXT "semicolon"
    quo\\"te TXT "quote"
    back\\\\slash TXT "backslash"
    \\@ TXT "at"
    \\( TXT "parenthesis"
    under_score A 192.0.2.74
    \\*.star A 192.0.2.75
    x\\*.star2 TXT "no wildcard"
    *\\*.star2 TXT "no wildcard either"
    \\193a TXT "not folded: only ASCII letters are"
    \\225a TXT "another name"
    ${'m'.repeat(63)} TXT "longest label"
    -dash A 192.0.2.76
    \\001.a.ctl A 192.0.2.77
    \\007\\008 TXT "control"
    1.2.3 PTR a\\.b
    to CNAME a\\.b`, signing)
}

function large(name: string, signing?: Signing): BatteryZone {
  const many = (count: number, line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join('\n')
  return zoneOf(name, `
    ${many(20, (i) => `a20 A 192.0.2.${i}`)}
    ${many(60, (i) => `a60 A 198.51.100.${i}`)}
    ${many(90, (i) => `aaaa90 AAAA 2001:db8::${i.toString(16)}`)}
    ${many(12, (i) => `txt TXT "${String.fromCharCode(97 + i).repeat(240)}"`)}
    ${many(2, (i) => `txt2 TXT "${String.fromCharCode(97 + i).repeat(220)}"`)}
    ${many(9, (i) => `mx MX ${i} mail${i}.${'x'.repeat(30)}`)}
    ${many(9, (i) => `mail${i}.${'x'.repeat(30)} A 203.0.113.${i}`)}
    ${many(13, (i) => `cut NS ns${i}.cut`)}
    ${many(13, (i) => `ns${i}.cut A 203.0.113.${i}`)}
    ${many(13, (i) => `ns${i}.cut AAAA 2001:db8:1::${i}`)}
    ${many(40, (i) => `bigcut NS ns${i}.some.rather.long.server.name.${i}.bigcut`)}
    ${many(40, (i) => `ns${i}.some.rather.long.server.name.${i}.bigcut A 203.0.113.${i}`)}
    chain CNAME a60
    *.wild TXT "${'w'.repeat(250)}" "${'v'.repeat(250)}" "${'u'.repeat(250)}"
    huge TXT ${many(200, () => `"${'h'.repeat(250)}"`).replaceAll('\n', ' ')}
    wide TXT ${many(255, () => `"${'h'.repeat(250)}"`).replaceAll('\n', ' ')}`, signing)
}

/** A zone, a zone below its cut on the same server, and one below that without a delegation in between. */
function nested(): BatteryZone[] {
  return [
    zoneOf('nest.example.', `
      child NS ns.child.nest.example.
      child NS ns2.nest.example.
      child DS 12345 13 2 ${'ab'.repeat(32)}
      ns.child A 192.0.2.80
      ns2 A 192.0.2.81
      www.child TXT "occluded copy in the parent"
      bare NS ns.bare.nest.example.
      ns.bare A 192.0.2.82
      www CNAME www.child.nest.example.
      *.wild CNAME www.child.nest.example.
      intochild DNAME child.nest.example.
      mx MX 10 www.child`),
    zoneOf('child.nest.example.', `
      www A 192.0.2.83
      up CNAME www.nest.example.
      uploop CNAME www.nest.example.
      grand NS ns.grand
      ns.grand A 192.0.2.84`),
    zoneOf('gap.deep.nest.example.', 'www A 192.0.2.85\n* TXT "a zone below names that the parent lacks"'),
    zoneOf('signednest.example.', `
      child NS ns.child.signednest.example.
      child DS 12345 13 2 ${'cd'.repeat(32)}
      ns.child A 192.0.2.86
      insecure NS ns.insecure.signednest.example.
      ns.insecure A 192.0.2.87
      x.child TXT "occluded"`, { denial: 'nsec' }),
    zoneOf('child.signednest.example.', 'www A 192.0.2.88', { denial: 'nsec3' }),
    zoneOf('insecure.signednest.example.', 'www A 192.0.2.89'),
  ]
}

/** Delegation and DNAME at a wildcard: RFC 4592 4.2 and 4.4 leave both undefined, so they stand apart; BIND refuses the zone. */
export const undefinedWildcards = zoneOf('oddwild.example.', `
  *.ns NS ns.elsewhere.invalid.
  *.dn DNAME chains.example.
  real.ns A 192.0.2.90`)

const SHAPES = { chains, additional, empties, letters, escapes, large, types: everyType }

/** Every made zone: plain as `<shape>.example.`, then with NSEC as `<shape>-n.example.` and NSEC3 as `<shape>-3.example.`. */
export function madeZones(): BatteryZone[] {
  const plain = Object.entries(SHAPES).map(([shape, make]) => make(`${shape}.example.`))
  const nsec = Object.entries(SHAPES).map(([shape, make]) => make(`${shape}-n.example.`, { denial: 'nsec' }))
  const nsec3 = Object.entries(SHAPES).map(([shape, make]) => make(`${shape}-3.example.`, { denial: 'nsec3' }))
  return [...plain, ...nsec, ...nsec3, ...nested()]
}
