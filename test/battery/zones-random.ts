/**
 * Zones by chance: few labels, so that names collide into empty non-terminals, wildcards, cuts within reach of
 * wildcards, chains and DNAMEs; a third of them signed. Plus the two shapes that most servers of the world hold:
 * a root-like zone of delegations and a TLD-like one with opt-out.
 */
import { Chance, seedOf } from './chance.ts'
import { childOf, isWithin } from './names.ts'
import { zoneOf, type BatteryZone, type Signing } from './zone-text.ts'

const LABELS = ['a', 'b', 'c', 'A', '*', 'x', 'y-0', '_t']
const KINDS = ['plain', 'plain', 'plain', 'plain', 'plain', 'cname', 'cname', 'dname', 'cut', 'cut'] as const
const SIGNINGS: readonly (Signing | undefined)[] = [
  undefined, { denial: 'nsec' }, undefined, { denial: 'nsec3' }, undefined, { denial: 'opt-out' }, undefined, undefined, undefined,
]

/** `count` zones `r0.test.`, `r1.test.` …, each from the seed and its own name alone. */
export function randomZones(count: number, seed: number): BatteryZone[] {
  return Array.from({ length: count }, (_, i) => randomZone(`r${i}.test.`, count, new Chance(seedOf(`r${i}`, seed)), SIGNINGS[i % SIGNINGS.length]))
}

function randomZone(zone: string, count: number, chance: Chance, signing: Signing | undefined): BatteryZone {
  const kinds = new Map<string, string>()
  for (let i = 4 + chance.below(16); i > 0; i--) kinds.set(randomName(zone, chance).toLowerCase(), chance.pick(KINDS))
  kinds.delete(zone)
  const dnames = [...kinds].filter(([name, kind]) => kind === 'dname' && !name.startsWith('*')).map(([name]) => name)
  const lines: string[] = []
  for (const [name, kind] of kinds) {
    const hidden = dnames.some((dname) => dname !== name && isWithin(name, dname)) // nothing may stand below a DNAME: RFC 6672 2.4
    if (!hidden) lines.push(...recordsOf(name, name.startsWith('*') && (kind === 'dname' || kind === 'cut') ? 'plain' : kind, zone, count, chance, signing))
  }
  return zoneOf(zone, lines.join('\n'), signing)
}

function randomName(zone: string, chance: Chance): string {
  let name = zone
  for (let depth = 1 + chance.below(4); depth > 0; depth--) name = childOf(chance.pick(LABELS), name)
  return name
}

function recordsOf(name: string, kind: string, zone: string, count: number, chance: Chance, signing: Signing | undefined): string[] {
  const target = (): string => randomTarget(zone, count, chance)
  if (kind === 'cname') return [`${name} ${60 + chance.below(9)} CNAME ${target()}`]
  if (kind === 'dname') return [`${name} 300 DNAME ${target()}`, ...(chance.percent(40) ? [`${name} A 192.0.2.1`] : [])]
  if (kind === 'cut') return cutAt(name, chance, target, signing)
  return plainAt(name, chance, target)
}

function randomTarget(zone: string, count: number, chance: Chance): string {
  if (chance.percent(65)) return randomName(zone, chance)
  if (chance.percent(60)) return randomName(`r${chance.below(count)}.test.`, chance)
  return chance.pick([zone, 'outside.invalid.', `r${chance.below(count)}.test.`, 'test.'])
}

function cutAt(name: string, chance: Chance, target: () => string, signing: Signing | undefined): string[] {
  const lines = [`${name} NS ${chance.percent(60) ? childOf('ns', name) : target()}`]
  if (chance.percent(40)) lines.push(`${name} NS ${target()}`)
  if (chance.percent(70)) lines.push(`${childOf('ns', name)} A 192.0.2.${chance.below(250)}`)
  if (chance.percent(30)) lines.push(`${childOf('ns', name)} AAAA 2001:db8::${chance.below(250)}`)
  if (chance.percent(20)) lines.push(`${name} A 192.0.2.${chance.below(250)}`)
  if (chance.percent(signing ? 50 : 10)) lines.push(`${name} DS ${chance.below(65_536)} 13 2 ${'ab'.repeat(32)}`)
  return lines
}

function plainAt(name: string, chance: Chance, target: () => string): string[] {
  const ttl = 60 + chance.below(9)
  const lines = Array.from({ length: 1 + chance.below(3) }, () => chance.pick([
    `${name} ${ttl} A 192.0.2.${chance.below(250)}`, `${name} ${ttl + 1} AAAA 2001:db8::${chance.below(250)}`, `${name} ${ttl + 2} MX ${chance.below(9)} ${target()}`,
    `${name} ${ttl + 3} TXT "${chance.next()}"`, `${name} ${ttl + 4} SRV 0 0 ${chance.below(65_536)} ${target()}`, `${name} ${ttl + 5} TYPE65280 \\# 1 0${chance.below(10)}`,
  ]))
  return [...new Set(lines)]
}

/** A zone like the root: `tlds` delegations, most of them signed, sharing few name servers, glue within and across. */
export function rootLikeZone(tlds: number, seed: number): BatteryZone {
  const chance = new Chance(seedOf('root', seed))
  const lines = [
    '@ 86400 SOA a.root-servers.test. nstld.example. 2026010100 1800 900 604800 86400',
    ...['a', 'b', 'c'].flatMap((letter, i) => [`@ 518400 NS ${letter}.root-servers.test.`, `${letter}.root-servers.test. 518400 A 192.0.2.${i + 1}`, `${letter}.root-servers.test. AAAA 2001:db8::${i + 1}`]),
    'test. 172800 NS a.root-servers.test.',
  ]
  for (let i = 0; i < tlds; i++) lines.push(...delegationAt(tldName(i, chance), '', chance, i))
  return zoneOf('.', lines.join('\n'), { denial: 'nsec' })
}

function tldName(i: number, chance: Chance): string {
  return `${chance.percent(10) ? 'xn--' : ''}${String.fromCharCode(97 + chance.below(26))}${String.fromCharCode(97 + chance.below(26))}${i}.`
}

function delegationAt(name: string, ttl: string, chance: Chance, i: number): string[] {
  const lines = [`${name} ${ttl} NS ${childOf('ns1.nic', name)}`, `${childOf('ns1.nic', name)} ${ttl} A 198.51.100.${i % 250}`]
  if (chance.percent(50)) lines.push(`${name} ${ttl} NS ${childOf('ns2.nic', name)}`, `${childOf('ns2.nic', name)} ${ttl} AAAA 2001:db8:2::${i % 250}`)
  if (chance.percent(60)) lines.push(`${name} ${ttl} NS shared${i % 5}.servers.net0.`)
  if (chance.percent(85)) lines.push(`${name} ${ttl} DS ${chance.below(65_536)} 13 2 ${'cd'.repeat(32)}`)
  return lines
}

/** A zone like a top-level domain: many delegations, few of them signed, NSEC3 with opt-out. */
export function tldLikeZone(delegations: number, seed: number): BatteryZone {
  const chance = new Chance(seedOf('tld', seed))
  const lines = ['www A 192.0.2.1', 'whois CNAME www', '*.wild TXT "beside delegations"', '_dmarc TXT "v=DMARC1"']
  for (let i = 0; i < delegations; i++) {
    const name = `d${chance.below(delegations * 10)}${chance.percent(10) ? '.co' : ''}.tld.example.`
    lines.push(`${name} NS ns1.provider${chance.below(9)}.invalid.`)
    if (chance.percent(30)) lines.push(`${name} NS ${childOf('ns', name)}`, `${childOf('ns', name)} A 203.0.113.${chance.below(250)}`)
    if (chance.percent(15)) lines.push(`${name} DS ${chance.below(65_536)} 13 2 ${'ef'.repeat(32)}`)
  }
  return zoneOf('tld.example.', [...new Set(lines)].join('\n'), { denial: 'opt-out' })
}
