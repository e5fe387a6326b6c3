/**
 * Runs a world through several servers: writes and signs its zones, starts the servers on them, asks all the same
 * questions with many in flight, and hands each question with all answers to the report as it completes.
 */
import { readFileSync } from 'node:fs'
import { Asker } from './asker.ts'
import { seedOf } from './chance.ts'
import { isMessage, type Seen } from './compare.ts'
import { childOf } from './names.ts'
import { startServer, type RunningServer, type ServerKind } from './peers.ts'
import { neighbourhood, questionsAbout } from './queries.ts'
import { ownersInFile, writeZones, type WrittenZone } from './signing.ts'
import { decode, encodeQuery, FLAG, type Question } from './wire.ts'
import { ownersOf, type World } from './zone-text.ts'

/** Questions in flight at once, of each server. */
const IN_FLIGHT = 48

/** One question with every server's answer, in the order of `servers`. `before` holds the UDP answers where it was asked again over TCP. */
export type Asked = { question: Question; answers: Seen[]; before?: Seen[] }

/** Takes what was asked; ports are those of this world's servers. */
export type Listener = (asked: Asked, servers: readonly RunningServer[]) => void

/** Asks `total` questions of one world. Every server is stopped again, also where one cannot start. */
export async function runWorld(world: World, kinds: readonly ServerKind[], total: number, seed: number, folder: string, listen: Listener): Promise<void> {
  const zones = writeZones(world.zones, `${folder}/${world.title}`)
  const servers: RunningServer[] = []
  try {
    for (const kind of kinds) servers.push(await startServer(kind, zones, `${folder}/${world.title}`))
    await askAll(questionsOf(zones, total, seed), servers, listen)
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** Questions for all zones, each zone's share in proportion to the names around it. */
export function* questionsOf(zones: readonly WrittenZone[], total: number, seed: number): Generator<Question> {
  const names = zones.map((zone) => namesAround(zone))
  const all = names.reduce((sum, list) => sum + list.length, 0)
  for (const [i, zone] of zones.entries()) {
    const list = names[i] as string[]
    yield* questionsAbout(list, Math.max(4, Math.round((total * list.length) / all)), seedOf(zone.name, seed))
  }
}

/** NSEC3 owners are asked as well, but what lies around all of them would crowd out the rest. */
function namesAround(zone: WrittenZone): string[] {
  const owners = ownersOf(zone.source)
  const hashes = zone.anchor ? ownersInFile(zone.file).filter((name) => /^[0-9a-v]{32}\./i.test(name) && !owners.includes(name)) : []
  return [...neighbourhood(owners, zone.name), ...hashes, ...hashes.slice(0, 3).flatMap((name) => [childOf('zz', name), childOf('*', name)])]
}

async function askAll(questions: Iterator<Question>, servers: readonly RunningServer[], listen: Listener): Promise<void> {
  const askers = servers.map(({ port }) => new Asker(port))
  const lane = async (): Promise<void> => {
    for (let next = questions.next(); !next.done; next = questions.next()) {
      const asked = await askEach(next.value, askers)
      listen(asked, servers)
      const isCut = !next.value.tcp && asked.answers.some((seen) => isMessage(seen) && seen.flags & FLAG.tc)
      if (isCut) listen({ ...(await askEach({ ...next.value, tcp: true }, askers)), before: asked.answers }, servers)
    }
  }
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  } finally {
    for (const asker of askers) asker.close()
  }
}

async function askEach(question: Question, askers: readonly Asker[]): Promise<Asked> {
  const answers = await Promise.all(askers.map(async (asker) => see(await asker.ask(encodeQuery(question), question.tcp))))
  return { question, answers }
}

function see(octets: Uint8Array | undefined): Seen {
  if (!octets) return 'silent'
  try {
    return decode(octets)
  } catch (error) {
    return { malformed: (error as Error).message }
  }
}

/** Resident memory of a process and its children, octets (Linux /proc). */
export function residentOctets(pid: number): number {
  const own = /VmRSS:\s+(\d+)/.exec(readOr(`/proc/${pid}/status`))?.[1] ?? '0'
  const children = readOr(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean)
  return Number(own) * 1024 + children.reduce((sum, child) => sum + residentOctets(Number(child)), 0)
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
