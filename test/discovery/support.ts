/** An engine with the flows of discovery, whose clock stands still until a test moves it, and the words to talk to it. */
import assert from 'node:assert/strict'
import { parseType, printRcode } from '../../src/dns/codes.ts'
import { makeUpdateLease, type UpdateLease } from '../../src/dns/edns.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import type { Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { discoveryFlows, type Discovery, type DiscoveryOptions } from '../../src/discovery/flows.ts'
import type { Requester, Verdict } from '../../src/update/contract.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { HEADER } from '../../src/zone/layout.ts'
import { bench, MapKeeper, script, signed, type Bench, type BenchParts } from '../update/support.ts'

export const START_MS = 1_800_000_000_000

/** A running engine with discovery. */
export interface Garden extends Bench {
  discovery: Discovery
  /** Lets time pass, tick by tick, each in a second or less; what is due ends. */
  pass(seconds: number): Promise<void>
  /** Sends a script with a lease; gives the RCODE and the lease granted: `NOERROR 300`, `NOERROR 300 900`. */
  lease(update: string | Message, lease: UpdateLease, requester?: Requester): Promise<string>
  /** One sent with a lease, with all that is said of it. */
  leased(update: string | Message, lease: UpdateLease, requester?: Requester): Promise<Verdict>
  /** The same store, read by another process later. */
  restart(parts?: GardenParts): Promise<Garden>
}

export interface GardenParts extends BenchParts {
  discovery?: Partial<DiscoveryOptions>
  wallMs?: number
}

/** Starts one. */
export async function garden(parts: GardenParts = {}): Promise<Garden> {
  const { keeper = new MapKeeper(), wallMs = START_MS } = parts
  const clock = { wallMs, monotonicMs: 5_000 }
  const ticks: (() => void)[] = []
  const faults: unknown[] = []
  const discovery = discoveryFlows({
    keeper,
    clock: { wallMs: () => clock.wallMs, monotonicMs: () => clock.monotonicMs },
    every: (_, run) => (ticks.push(run), () => void ticks.splice(0)),
    onFault: (fault) => faults.push(fault),
    ...parts.discovery,
  })
  const running = await bench({ ...parts, keeper, flows: [...discovery.flows], options: { nowMs: discovery.nowMs, ...parts.options }, started: (engine) => discovery.start(engine) })
  const leased = (update: string | Message, lease: UpdateLease, requester = signed()): Promise<Verdict> =>
    running.judge(withLease(typeof update === 'string' ? script(update, parts.origin) : update, lease), requester)
  return {
    ...running, discovery, leased,
    lease: async (update, lease, requester) => printVerdict(await leased(update, lease, requester)),
    async pass(seconds) {
      for (let left = seconds * 1_000; left > 0; left -= 1_000) {
        clock.monotonicMs += Math.min(left, 1_000)
        for (const tick of ticks) tick()
        await discovery.settled()
      }
      assert.deepEqual(faults, [])
    },
    restart: async (more = {}) => {
      await running.engine.stop()
      return garden({ ...parts, wallMs: clock.wallMs + clock.monotonicMs - 5_000, ...more, keeper })
    },
  }
}

export function withLease(message: Message, lease: UpdateLease): Message {
  return { ...message, edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: [makeUpdateLease(lease)] } }
}

export function printVerdict({ rcode, lease }: Verdict): string {
  return [printRcode(rcode), lease?.lease, lease?.keyLease].filter((part) => part !== undefined).join(' ')
}

/** When the RRset's first lease ends, seconds after the start; 0 where none does. */
export function endOf(image: ZoneImage, name: string, type: string): number {
  const lookup = new LookupName(image.words[HEADER.seed])
  lookup.load(Name.parse(name).wire, 0)
  image.refresh()
  const end = image.leaseEndOf(image.rrsetOf(image.nodeOf(lookup), parseType(type) as number))
  return end === 0 ? 0 : end - START_MS / 1_000
}
