/**
 * A server that may be updated rehearses, as its processor time tells, and nothing else does: its metrics, log, zone and store
 * are those of one that does not; and updates that come meanwhile are carried out as ever.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TYPE } from '../../src/dns/codes.ts'
import { REHEARSAL_BUDGET_MS } from '../../src/dns/limits.ts'
import { makeFolder, Served, waggle, zoneText } from './process.ts'
import { KEY, run, SECRET, skipWithout } from './update-bench.ts'

const GRANTS = '    grants: [{ key: agents-key, scope: zone }]\n'
const config = (more: string, grants = GRANTS): string => `listen: ["127.0.0.1:0"]\nworkers: 1\ndata: data\n${more}keys: [{ name: agents-key, secret: "${SECRET}" }]\nzones:\n  - name: example.com\n    file: a.zone\n${grants}`
/** Longer than a rehearsal with its rests. */
const WATCHED_MS = 6_000

/** Processor time of a process so far (proc(5)), in milliseconds. */
function spentMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** What a server of this config has by `WATCHED_MS` after its start: processor time since, lines of its log, metrics, serial. */
async function watch(text: string): Promise<{ cpuMs: number; messages: unknown[]; counts: string[]; serial: string }> {
  const folder = makeFolder({ 'a.zone': zoneText(7), 'w.yaml': text })
  const file = join(folder.path, 'w.yaml')
  const server = await Served.start(file)
  try {
    const before = spentMs(server.child.pid as number)
    await sleep(WATCHED_MS)
    const cpuMs = spentMs(server.child.pid as number) - before
    const { out } = await waggle(['stats', '-c', file])
    const counts = out.split('\n').filter((line) => /^(update|server\.answers|transport\.defer)/.test(line) && !/\s0(\s|$)/.test(line))
    const { answers } = await server.ask('example.com.', TYPE.SOA)
    const serial = String(new DataView(answers[0].rdata.buffer, answers[0].rdata.byteOffset).getUint32(answers[0].rdata.length - 20))
    return { cpuMs, messages: server.lines().map(({ msg }) => msg), counts, serial }
  } finally {
    await server.stop()
    folder.remove()
  }
}

// side by side: what counts is each server's own processor time
describe('a server rehearses', { skip: process.platform === 'linux' ? false : 'SKIPPED: no /proc here', concurrency: true }, () => {
  it('where its zones may be changed by who signs, and leaves no trace but the processor time', { timeout: 60_000 }, async () => {
    const [with_, without] = await Promise.all([watch(config('')), watch(config('rehearse: false\n'))])
    assert.ok(with_.cpuMs > 250, `${with_.cpuMs} ms of processor`)
    assert.ok(with_.cpuMs < REHEARSAL_BUDGET_MS * 1.5, `${with_.cpuMs} ms of processor`)
    assert.ok(without.cpuMs < 250, `${without.cpuMs} ms of processor without`)
    const { cpuMs: _, ...seen } = with_
    const { cpuMs: __, ...unseen } = without
    assert.deepEqual(seen, unseen)
    assert.equal(seen.serial, '7')
  })

  it('not where nobody may change anything', { timeout: 60_000 }, async () => {
    const { cpuMs } = await watch(config('', ''))
    assert.ok(cpuMs < 250, `${cpuMs} ms of processor`)
  })

  it('and carries out what comes meanwhile', { timeout: 60_000, skip: skipWithout('nsupdate') }, async () => {
    const folder = makeFolder({ 'a.zone': zoneText(7), 'w.yaml': config('') })
    const server = await Served.start(join(folder.path, 'w.yaml'))
    try {
      const { text } = await run('nsupdate', ['-y', KEY], `server 127.0.0.1 ${server.endpoints[0].port}\nzone example.com\nadd new.example.com 60 TXT "new"\nsend\n`)
      assert.equal(text.trim(), '')
      assert.equal((await server.ask('new.example.com.')).answers.length, 1)
      const { code, err } = await server.stop()
      assert.deepEqual([code, err.includes('fault')], [0, false])
    } finally {
      await server.stop('SIGKILL')
      folder.remove()
    }
  })
})
