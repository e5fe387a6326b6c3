/**
 * Shares of something scarce for the networks of clients: each may hold as much as is still free, so that one alone gets half
 * of all, two a third each, and there is always something left for who comes next (dynamic thresholds: Choudhury and Hahne, 1998).
 */

/** The network that an address is of: a /24 of IPv4, a /56 of IPv6, as for response rate limiting. */
export function networkOf(address: Uint8Array): string {
  const [a, b, c] = address
  return address.length === 4 ? `${a}.${b}.${c}` : `${a}.${b}.${c}.${address[3]}.${address[4]}.${address[5]}.${address[6]}`
}

/** What each network holds. */
export class NetworkShares {
  private readonly held = new Map<string, number>()

  /** Takes one for a network while `free` are left; false where it holds as many as that already. */
  take(network: string, free: number): boolean {
    const held = this.held.get(network) ?? 0
    if (held >= free) return false
    this.held.set(network, held + 1)
    return true
  }

  /** Gives one back. RangeError where the network holds none: that is a bug of the caller. */
  give(network: string): void {
    const held = this.held.get(network)
    if (held === undefined) throw new RangeError(`Cannot give back for network ${network} as it holds nothing`)
    if (held === 1) this.held.delete(network)
    else this.held.set(network, held - 1)
  }

  /** Networks that hold something. */
  get size(): number {
    return this.held.size
  }
}
