/** Whether this process rehearses updates, and what a rehearsal has of it: its clock, its processor time, its collector. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '../transport/clock.ts'
import type { UpdateCounts } from '../update/counters.ts'
import { collectGarbage } from './collect.ts'
import { isWritable, type Config } from './config.ts'
import { Rehearsal } from './rehearsal.ts'
import { RehearsalStage } from './rehearsal-stage.ts'

/** Begins a rehearsal where somebody who signs may change a zone of `config`, unless that says no; `counts` are those of updates in earnest. */
export function rehearse({ values, zones, keys }: Pick<Config, 'values' | 'zones' | 'keys'>, counts: UpdateCounts, onFault: (fault: unknown) => void): Rehearsal | undefined {
  if (!values.rehearse || keys.length === 0 || !zones.some(isWritable)) return undefined
  return new Rehearsal({
    makeStage: () => new RehearsalStage({ secret: randomBytes(32), onFault }),
    clock: systemClock,
    spentMs,
    isNeedless: () => counts.updates > 0,
    onEnd: (end) => {
      collectGarbage() // what was played on is not needed again
      if (end === 'failed') onFault(new Error('Cannot rehearse updates as one was not carried out'))
    },
  })
}

function spentMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
