/**
 * Validators of other houses judge our answers: a validating Unbound asks the server under test for every kind of
 * signed answer, in zones signed with NSEC, NSEC3 and opt-out by dnssec-signzone and by ldns-signzone, and delv asks
 * for some again. BATTERY_SERVER=nsd judges NSD instead, which proves the test.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { Asker } from './asker.ts'
import { childOf } from './names.ts'
import { isInstalled, startServer, startUnbound, type RunningServer, type ServerKind } from './peers.ts'
import { canSign, writeZones, type WrittenZone } from './signing.ts'
import { decode, encodeQuery, FLAG } from './wire.ts'
import type { Signing } from './zone-text.ts'
import { validationZones, VERDICTS, type Verdict } from './zones-validation.ts'

const TYPES: Readonly<Record<string, number>> = { A: 1, CNAME: 5, SOA: 6, MX: 15, TXT: 16, AAAA: 28, DNAME: 39, DS: 43, DNSKEY: 48 }
const RCODES: Readonly<Record<number, string>> = { 0: 'NOERROR', 2: 'SERVFAIL', 3: 'NXDOMAIN' }
const DENIALS = ['nsec', 'nsec3', 'opt-out'] as const
const kind = (process.env['BATTERY_SERVER'] ?? 'ours') as ServerKind
const tools = (['bind', 'ldns'] as const).filter(canSign)
const missing = [kind, 'unbound' as const].filter((program) => !isInstalled(program))
const skip = missing.length > 0 ? `not installed here: ${missing.join(' ')}` : tools.length === 0 ? 'neither dnssec-signzone nor ldns-signzone is installed here' : false

describe(`A validating resolver in front of ${kind}`, { skip }, () => {
  const folder = mkdtempSync(`${tmpdir()}/validate-`)
  const worlds = tools.flatMap((tool) => DENIALS.map((denial) => ({ tool, denial, name: `${denial}.${tool}.example.` })))
  const running: RunningServer[] = []
  let asker: Asker
  let zones: WrittenZone[] = []

  before(async () => {
    zones = writeZones(worlds.flatMap(({ tool, denial, name }) => validationZones(name, signingOf(tool, denial))), folder)
    const server = await startServer(kind, zones, folder)
    running.push(server)
    const parents = worlds.map(({ name }) => name)
    const anchors = zones.filter(({ name }) => parents.includes(name)).map(({ anchor }) => anchor as string)
    const unbound = await startUnbound(server.port, parents, anchors, folder)
    running.unshift(unbound)
    asker = new Asker(unbound.port)
  })

  after(async () => {
    asker?.close()
    for (const server of running) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const { tool, denial, name } of worlds) {
    for (const verdict of VERDICTS) {
      if (kind === 'nsd' && denial === 'opt-out' && verdict.label === 'q.under') continue // NSD 4.6 does not look for the closest provable encloser
      it(`Unbound accepts ${verdict.kind} (${verdict.label} ${verdict.type}) of a zone signed by ${tool} with ${denial}`, async () => {
        assert.match(await judge(asker, name, verdict), expected(verdict, denial))
      })
    }
    it(`delv accepts the same of a zone signed by ${tool} with ${denial}`, { skip: isInstalled('delv') ? false : 'not installed here: delv' }, async () => {
      const anchor = zones.find((zone) => zone.name === name)?.anchor as string
      for (const verdict of VERDICTS.filter((_, i) => i % 4 === 0)) {
        const said = await delv(running.at(-1)?.port ?? 0, name, verdict, anchor, folder)
        assert.match(said, verdict.state === 'insecure' ? /unsigned answer/ : /fully validated|unsigned answer/, `${verdict.label} ${verdict.type}\n${said}`)
      }
    })
  }
})

function signingOf(tool: 'bind' | 'ldns', denial: Signing['denial']): Signing {
  return { tool, denial, ...(denial === 'nsec' ? {} : { iterations: 3, salt: 'aabb' }) }
}

function ownerOf({ label }: Verdict, zone: string): string {
  return label === '@' ? zone : childOf(label, zone)
}

async function judge(asker: Asker, zone: string, verdict: Verdict): Promise<string> {
  const edns = { size: 4096, dnssecOk: true, version: 0 }
  const query = encodeQuery({ name: ownerOf(verdict, zone), type: TYPES[verdict.type] ?? 0, class: 1, flags: FLAG.rd, edns, tcp: false })
  const octets = await asker.ask(query, false)
  if (!octets) return 'no answer'
  const { rcode, flags } = decode(octets)
  return `${RCODES[rcode] ?? rcode} ${flags & FLAG.ad ? 'secure' : 'insecure'}`
}

/** RFC 5155 9.2: what rests on an opt-out NSEC3 that covers is insecure; whether one covers is the signer's choice. */
function expected({ rcode, state }: Verdict, denial: Signing['denial']): RegExp {
  if (state === 'covered' && denial === 'opt-out') return new RegExp(`^${rcode} (in)?secure$`)
  return new RegExp(`^${rcode} ${state === 'insecure' ? 'insecure' : 'secure'}$`)
}

async function delv(port: number, zone: string, verdict: Verdict, anchor: string, folder: string): Promise<string> {
  const file = `${folder}/anchor-${zone}`
  const [owner, , , , flags, protocol, algorithm, key] = anchor.split(' ')
  writeFileSync(file, `trust-anchors { "${owner}" static-key ${flags} ${protocol} ${algorithm} "${key}"; };\n`)
  const child = spawn('delv', [`@127.0.0.1`, '-p', String(port), '-a', file, `+root=${zone}`, ownerOf(verdict, zone), verdict.type], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  await new Promise((done) => child.on('close', done))
  return said
}
