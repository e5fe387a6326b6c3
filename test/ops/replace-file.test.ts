/**
 * A file put in the place of another: whole or not at all, with what the other had of mode and owner, and with a reason
 * where it cannot be. What the system refuses is refused by the system itself, as a user that is not root.
 */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { draftOf, replaceFile } from '../../src/ops/replace-file.ts'
import { makeFolder } from './process.ts'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const skip = isRoot ? false : 'SKIPPED: needs to be root, to make files of others'

let folder = makeFolder({})
const used = [folder]
beforeEach(() => used.push((folder = makeFolder({ old: 'old' }))))
after(() => used.forEach((one) => one.remove()))

const at = (name: string): string => join(folder.path, name)
const text = (name = 'old'): string => readFileSync(at(name), 'utf8')
const says = (...pieces: string[]) => ({ write: async (send: (piece: string) => Promise<void>) => { for (const piece of pieces) await send(piece) } })

/** Does `work` as a user that owns nothing here; as root everything would be allowed. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (!isRoot) return work()
  process.seteuid?.(NOBODY)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a file that is written', () => {
  it('appears whole, of all its pieces, and nothing else is left', async () => {
    assert.equal(await replaceFile(at('new'), says('a', 'b\n', 'ü')), at('new'))
    assert.deepEqual([text('new'), readdirSync(folder.path).sort()], ['ab\nü', ['new', 'old']])
  })

  it('takes the place of the one that was there, and its mode', async () => {
    for (const mode of [0o600, 0o640, 0o664, 0o755]) {
      chmodSync(at('old'), mode)
      const before = statSync(at('old')).ino
      await replaceFile(at('old'), says(`mode ${mode}`))
      assert.deepEqual([text(), statSync(at('old')).mode & 0o7777], [`mode ${mode}`, mode])
      assert.notEqual(statSync(at('old')).ino, before, 'another file, not the old one written over')
    }
  })

  it('takes its owner and group as well', { skip }, async () => {
    chownSync(at('old'), 1_234, 2_345)
    await replaceFile(at('old'), says('new'))
    const { uid, gid } = statSync(at('old'))
    assert.deepEqual([uid, gid, text()], [1_234, 2_345, 'new'])
  })

  it('leaves a link a link, and replaces what it leads to', async () => {
    mkdirSync(at('true'))
    writeFileSync(at('true/zone'), 'old')
    symlinkSync('true/zone', at('link'))
    assert.equal(await replaceFile(at('link'), says('new')), at('true/zone'))
    assert.deepEqual([readlinkSync(at('link')), text('true/zone'), readdirSync(at('true'))], ['true/zone', 'new', ['zone']])
  })

  it('is old or new to whoever reads it meanwhile, and never anything else', async () => {
    const seen = new Set<string>()
    let isDone = false
    const reading = (async () => {
      while (!isDone) {
        seen.add(text())
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    for (let i = 0; i < 40; i++) await replaceFile(at('old'), says('x'.repeat(5_000), 'y'.repeat(5_000)))
    isDone = true
    await reading
    assert.deepEqual([...seen].map((one) => one.length).sort((a, b) => a - b).at(-1), 10_000)
    assert.ok([...seen].every((one) => one === 'old' || one.length === 10_000))
  })

  it('is checked on the disk before it takes its place', async () => {
    let checked = ''
    await replaceFile(at('old'), { ...says('new'), check: (draft) => Promise.resolve(void (checked = `${readFileSync(draft, 'utf8')} ${text()} ${draft === draftOf(at('old'))}`)) })
    assert.equal(checked, 'new old true')
  })

  it('clears away the draft that one before, which was killed, has left', async () => {
    writeFileSync(draftOf(at('old')), 'half')
    await replaceFile(at('old'), says('new'))
    assert.deepEqual([text(), readdirSync(folder.path)], ['new', ['old']])
  })
})

describe('a file that cannot be written', () => {
  async function fails(path: string, wanted: RegExp, work = (): Promise<string> => replaceFile(path, says('new'))): Promise<void> {
    await assert.rejects(work, (error: Error) => {
      assert.match(error.message, wanted)
      assert.doesNotMatch(error.message, /Cannot write.*Cannot write/)
      return true
    })
    assert.deepEqual(text(), 'old')
    assert.equal(existsSync(draftOf(path)) && statSync(draftOf(path)).isFile(), false, 'no draft is left')
  }

  it('is left as it was where making or checking the new one fails', async () => {
    const broken = { write: async (send: (piece: string) => Promise<void>) => { await send('half'); throw new Error('no more paper') } }
    await fails(at('old'), /^Cannot write \/.*\/old: no more paper$/, () => replaceFile(at('old'), broken))
    await fails(at('old'), /old: it reads otherwise$/, () => replaceFile(at('old'), { ...says('new'), check: () => Promise.reject(new Error('it reads otherwise')) }))
  })

  it('is told where it is none', async () => {
    mkdirSync(at('folder'))
    await fails(at('folder'), /^Cannot write \/.*\/folder: it is not a file$/)
    await fails('/dev/null', /^Cannot write \/dev\/null: it is not a file$/)
  })

  it('is told with the folder where no draft can stand there', async () => {
    await fails(at('none/zone'), /^Cannot write \/.*\/none\/zone: no such file or directory for a draft in its folder, \/.*\/none$/)
    mkdirSync(join(draftOf(at('old')), 'x'), { recursive: true })
    await fails(at('old'), /^Cannot write \/.*\/old: /)
  })

  it('is told where the file or its folder belongs to others', async () => {
    chmodSync(folder.path, 0o777)
    chmodSync(at('old'), 0o444)
    await asNobody(() => fails(at('old'), /^Cannot write \/.*\/old: permission denied; the server runs as user \d+, let that user write it$/))
    chmodSync(at('old'), 0o666)
    chmodSync(folder.path, 0o555)
    await asNobody(() => fails(at('old'), /^Cannot write \/.*\/old: permission denied for a draft in its folder, \//))
    chmodSync(folder.path, 0o755)
  })

  it('is left alone where its owner could not be kept', { skip }, async () => {
    chmodSync(folder.path, 0o777)
    chmodSync(at('old'), 0o666)
    await asNobody(() => fails(at('old'), /^Cannot write \/.*\/old: its owner cannot be kept \(operation not permitted\): give the file to user 65534 and group \d+, as whom the server runs$/))
    assert.equal(statSync(at('old')).uid, 0)
  })
})
