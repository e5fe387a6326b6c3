/**
 * Keeping that can be taken back. A store that failed to keep a transaction may hold it all the same (a sync that fails says
 * nothing of what the disk has), while RFC 2136 3.4.2.1 has it undone: it would come back with the next start, at a serial
 * that stood for other content. So what stood there before is put back as soon as the store lets it be.
 */
import type { Keeper, KeptWrite } from './contract.ts'

/** Keeps for one zone, and remembers what a failure has left open. */
export class Undoing {
  private readonly keeper: Keeper
  /** What stood under the keys of the transaction that failed. */
  private before: KeptWrite[] = []

  constructor(keeper: Keeper) {
    this.keeper = keeper
  }

  /** Whether a call of `keep` has failed since which nothing was put back. */
  get isOwed(): boolean {
    return this.before.length > 0
  }

  /** Keeps `writes`; rejects as the keeper does, and `undo` must then resolve before the next call. */
  async keep(writes: readonly KeptWrite[]): Promise<void> {
    const { keeper } = this
    const before = writes.map(({ space, key, was = keeper.get(space, key) }): KeptWrite => ({ space, key, value: was ?? undefined }))
    try {
      await keeper.keep(writes)
    } catch (fault) {
      this.before = before
      throw fault
    }
  }

  /** Puts back what the transaction that failed has left, if it has; rejects as the keeper does. */
  async undo(): Promise<void> {
    const { keeper } = this
    const writes = this.before.filter(({ space, key, value }) => !isSame(keeper.get(space, key), value))
    if (writes.length > 0) await keeper.keep(writes)
    this.forget()
  }

  /** What is kept stands, whatever it is. */
  forget(): void {
    this.before = []
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0
}
