/**
 * The secrets of DNS Cookies over time. One that the config names is the operator's to change, as other servers
 * share it. Else it is random and changed every so many hours, in two steps, so that no thread ever meets a
 * cookie made with a secret that it does not know (RFC 9018 5):
 *
 *     before                    current A
 *     every thread accepts B    current A, also B
 *     every thread makes by B   current B, also A     until the next change: A's cookies are dead by then
 */
import type { Clock } from '../transport/clock.ts'
import type { ConfigValues } from './config-schema.ts'

/** The secret that cookies are made with, and one more that is accepted; 16 octets each. */
export interface SecretPair {
  current: Uint8Array
  also: Uint8Array | undefined
}

/** What the secrets need of the world. */
export interface SecretsWorld {
  clock: Clock
  /** 16 octets that nobody can guess. */
  random(): Uint8Array
  /** Puts `pair` into use; resolves when every thread has it. */
  spread(): Promise<void>
  /** Told that a change is complete. */
  onRotated(): void
}

/** The secrets in use. */
export class CookieSecrets {
  /** Those to be used now. */
  pair: SecretPair
  private readonly world: SecretsWorld
  private isConfigured: boolean
  private hours = 0
  private cancel: () => void = () => undefined

  constructor(cookies: ConfigValues['cookies'], world: SecretsWorld) {
    this.world = world
    this.isConfigured = cookies.secret !== undefined
    this.pair = configuredPair(cookies) ?? { current: world.random(), also: undefined }
    this.schedule(cookies)
  }

  /** Takes changed settings; `pair` is to be spread afterwards. A random secret stays, and so does the time of its next change unless `rotate` changed. */
  configure(cookies: ConfigValues['cookies']): void {
    const { current, also } = this.pair
    const configured = configuredPair(cookies)
    if (configured !== undefined) {
      const isSame = Buffer.compare(configured.current, current) === 0
      this.pair = { current: configured.current, also: configured.also ?? (isSame ? also : current) }
    } else if (this.isConfigured) this.pair = { current: this.world.random(), also: current }
    this.isConfigured = configured !== undefined
    this.schedule(cookies)
  }

  /** Makes a new random secret the current one, in every thread. Resolves when that is so, or when settings that changed meanwhile have overtaken it. */
  async rotate(): Promise<void> {
    const { current } = this.pair
    const first: SecretPair = { current, also: this.world.random() }
    this.pair = first
    await this.world.spread()
    if (this.pair !== first || first.also === undefined) return
    this.pair = { current: first.also, also: current }
    await this.world.spread()
    this.world.onRotated()
  }

  /** Changes nothing any more. */
  stop(): void {
    this.cancel()
  }

  private schedule(cookies: ConfigValues['cookies']): void {
    const hours = this.isConfigured || !cookies.enabled ? 0 : cookies.rotate
    if (hours === this.hours) return
    this.cancel()
    this.hours = hours
    this.cancel = hours === 0 ? () => undefined : this.world.clock.every(hours * 60 * 60 * 1_000, () => void this.rotate())
  }
}

function configuredPair({ secret, previous }: ConfigValues['cookies']): SecretPair | undefined {
  if (secret === undefined) return undefined
  return { current: Buffer.from(secret, 'hex'), also: previous === undefined ? undefined : Buffer.from(previous, 'hex') }
}
