/**
 * Writes the zones of a world to a folder, signed where they say so by the tools of other houses: BIND's
 * dnssec-signzone or ldns-signzone. One Ed25519 key, made from a fixed octet string, signs every zone: Ed25519
 * signatures hold no chance, so the same day gives the same files.
 */
import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { ServedZone } from './peers.ts'
import { masterFile, type BatteryZone } from './zone-text.ts'

/** A zone on disk; `anchor` is its DNSKEY line, where it is signed. */
export type WrittenZone = ServedZone & { source: BatteryZone; anchor: string | undefined }

const SEED = Buffer.alloc(32, 'battery key, not secret')
const ALGORITHM = 15 // Ed25519, RFC 8080
const FLAGS = 257 // zone key and secure entry point: one key for both jobs

/** Writes and signs `zones` below `folder`. Throws with the tool's words where one cannot be signed. */
export function writeZones(zones: readonly BatteryZone[], folder: string): WrittenZone[] {
  mkdirSync(folder, { recursive: true })
  return zones.map((source) => writeZone(source, folder))
}

function writeZone(source: BatteryZone, folder: string): WrittenZone {
  const stem = source.name === '.' ? 'root' : source.name.replace(/\.$/, '').replaceAll(/[^a-z0-9.-]/g, '_')
  const file = `${folder}/${stem}.zone`
  writeFileSync(file, masterFile(source))
  if (!source.signing) return { source, name: source.name, file, anchor: undefined }
  const key = writeKey(source.name, folder)
  if (source.signing.tool !== 'ldns') appendFileSync(file, `${key.anchor}\n`) // ldns-signzone puts the key in itself
  const output = `${file}.signed`
  const [program, args] = source.signing.tool === 'ldns' ? ldnsCommand(source, file, output, key.stem) : bindCommand(source, file, output, key.stem)
  const { status, stderr, stdout } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0 || !existsSync(output)) throw new Error(`Cannot sign ${source.name}: ${program} ${args.join(' ')}\n${stdout}${stderr}`)
  return { source, name: source.name, file: output, anchor: key.anchor }
}

function bindCommand(zone: BatteryZone, file: string, output: string, key: string): [string, string[]] {
  const { denial, iterations = 0, salt = '-' } = zone.signing ?? { denial: 'nsec' }
  const nsec3 = denial === 'nsec' ? [] : ['-3', salt, '-H', String(iterations), ...(denial === 'opt-out' ? ['-A'] : [])]
  const args = ['-q', '-z', '-P', '-n', '1', '-O', 'full', '-N', 'keep', '-e', '+2592000', ...nsec3, '-o', zone.name, '-f', output, file, key]
  return ['dnssec-signzone', args]
}

function ldnsCommand(zone: BatteryZone, file: string, output: string, key: string): [string, string[]] {
  const { denial, iterations = 0, salt = '-' } = zone.signing ?? { denial: 'nsec' }
  const nsec3 = denial === 'nsec' ? [] : ['-n', '-t', String(iterations), ...(salt === '-' ? [] : ['-s', salt]), ...(denial === 'opt-out' ? ['-p'] : [])]
  return ['ldns-signzone', [...nsec3, '-o', zone.name, '-f', output, file, key]]
}

function writeKey(zone: string, folder: string): { stem: string; anchor: string } {
  const stem = `K${zone}+${String(ALGORITHM).padStart(3, '0')}+${String(KEY_TAG).padStart(5, '0')}`
  const anchor = `${zone} 3600 IN DNSKEY ${FLAGS} 3 ${ALGORITHM} ${dnskeyRdata().subarray(4).toString('base64')}`
  writeFileSync(`${folder}/${stem}.key`, `${anchor}\n`)
  const dates = 'Created: 20260101000000\nPublish: 20260101000000\nActivate: 20260101000000\n'
  writeFileSync(`${folder}/${stem}.private`, `Private-key-format: v1.3\nAlgorithm: ${ALGORITHM} (ED25519)\nPrivateKey: ${SEED.toString('base64')}\n${dates}`)
  return { stem, anchor }
}

/** RDATA of the one key (RFC 4034 2.1, RFC 8080 3). */
export function dnskeyRdata(): Buffer {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SEED])
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({ format: 'der', type: 'spki' })
  return Buffer.concat([Buffer.from([FLAGS >> 8, FLAGS & 255, 3, ALGORITHM]), spki.subarray(-32)])
}

/** RFC 4034 appendix B. */
function keyTag(rdata: Uint8Array): number {
  let sum = 0
  rdata.forEach((octet, i) => (sum += i % 2 === 0 ? octet << 8 : octet))
  return (sum + (sum >>> 16)) & 0xffff
}

/** The key tag of the one key. */
export const KEY_TAG = keyTag(dnskeyRdata())

/** Owner names in a signed file, the hashed names of NSEC3 among them; for an unsigned file the same as its source's. */
export function ownersInFile(file: string): string[] {
  const owners = readFileSync(file, 'utf8').split('\n').map((line) => /^([^\s;$]\S*)\s/.exec(line)?.[1]).filter((owner) => owner !== undefined && owner.endsWith('.'))
  return [...new Set(owners as string[])]
}

/** True where both signing tools of bind9-utils stand ready. */
export function canSign(tool: 'bind' | 'ldns'): boolean {
  return spawnSync('which', [tool === 'bind' ? 'dnssec-signzone' : 'ldns-signzone']).status === 0
}

