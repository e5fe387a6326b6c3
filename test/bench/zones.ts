/**
 * The zones of the bench, written once per run to its folder. `plain` and `signed` hold the same names; the
 * second is signed with ECDSA and NSEC by BIND's dnssec-signzone, or left out where that is missing.
 *
 *     h0000000 …   A, ten thousand (a million in `million`, which holds nothing else)
 *     d0 …         a cut: two name servers below it, each with A and AAAA as glue
 *     *.w0 …       a wildcard
 *     c0 …         an alias of a host
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { hostName, SIZES, type ZoneId } from './rows.ts'

/** A zone on disk. */
export interface ZoneFile {
  id: ZoneId
  name: string
  file: string
}

/** The name of a zone, absolute. */
export function apexOf(zone: ZoneId): string {
  return `${zone}.example.`
}

/** Writes the zone to `folder`; null where it cannot be signed here, with a word to `say`. */
export function writeZone(id: ZoneId, folder: string, say: (line: string) => void): ZoneFile | null {
  const name = apexOf(id)
  const file = `${folder}/${name}zone`
  writeFileSync(file, [head(name), ...(id === 'million' ? hosts(SIZES.million) : names())].join(''))
  return id === 'signed' ? sign(name, file, folder, say) : { id, name, file }
}

function head(name: string): string {
  return `$ORIGIN ${name}\n$TTL 3600\n@ IN SOA ns1 hostmaster 1 3600 600 86400 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n`
}

function hosts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${hostName(i)} IN A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}\n`)
}

function names(): string[] {
  const cuts = Array.from({ length: SIZES.cuts }, (_, i) => cut(`d${i}`))
  const wildcards = Array.from({ length: SIZES.wildcards }, (_, i) => `*.w${i} IN A 198.51.100.${i}\n`)
  const aliases = Array.from({ length: SIZES.aliases }, (_, i) => `c${i} IN CNAME ${hostName(i)}\n`)
  return [...hosts(SIZES.hosts), ...cuts, ...wildcards, ...aliases]
}

function cut(owner: string): string {
  const servers = [1, 2].map((n) => `${owner} IN NS ns${n}.${owner}\nns${n}.${owner} IN A 203.0.113.${n}\nns${n}.${owner} IN AAAA 2001:db8::${n}\n`)
  return servers.join('')
}

function sign(name: string, file: string, folder: string, say: (line: string) => void): ZoneFile | null {
  const keygen = spawnSync('dnssec-keygen', ['-q', '-K', folder, '-a', 'ECDSAP256SHA256', '-f', 'KSK', name], { encoding: 'utf8' })
  const key = readdirSync(folder).find((entry) => entry.startsWith(`K${name}`) && entry.endsWith('.key'))
  if (keygen.status !== 0 || key === undefined) {
    say(`MISSING: dnssec-keygen of BIND, so no signed rows ${keygen.stderr ?? ''}`)
    return null
  }
  const output = `${file}.signed`
  const { status, stderr } = spawnSync('dnssec-signzone', ['-q', '-z', '-P', '-S', '-K', folder, '-e', '+2592000', '-o', name, '-f', output, file], { cwd: folder, encoding: 'utf8' })
  if (status === 0) return { id: 'signed', name, file: output }
  say(`MISSING: dnssec-signzone could not sign ${name}, so no signed rows: ${stderr}`)
  return null
}
