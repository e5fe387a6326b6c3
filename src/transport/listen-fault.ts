/**
 * Why a socket cannot be opened and what the operator can do about it: the first error that many people
 * will ever see of this server, so that it names the address, the reason and the remedy.
 */

/** A socket that cannot be opened. `code` is the system's (`EADDRINUSE`, `EACCES` …) or `EINVAL` for a text that is no endpoint. */
export class ListenFault extends Error {
  override readonly name = 'ListenFault'
  readonly code: string
  readonly address: string

  constructor(protocol: string, address: string, code: string) {
    super(`Cannot listen on ${protocol}${address} as ${REASONS[code] ?? `the system refuses it (${code})`}`)
    this.code = code
    this.address = address
  }
}

/** Reason and remedy for each error that opening a socket is known to give. */
const REASONS: Readonly<Record<string, string>> = {
  EINVAL: 'it is not an address and port: write 192.0.2.1:53 or [2001:db8::1]:53, with 0.0.0.0 or [::] for every local address',
  EACCES: 'ports below 1024 need a right: run with CAP_NET_BIND_SERVICE (AmbientCapabilities in systemd) or choose a port from 1024 on',
  EPERM: 'a security policy forbids it: allow the process to bind this port',
  EADDRINUSE: 'another process has this address and port: `ss -lnp` shows which; stop it or choose another port',
  EADDRNOTAVAIL: 'no interface of this machine has the address: `ip addr` shows those that are; correct it or add it to an interface',
  EAFNOSUPPORT: 'this machine has no such address family: leave the address out or enable IPv6',
  ENODEV: 'no interface has the name behind the %: `ip link` shows those that are; correct it',
  EMFILE: 'the process may open no more files: raise its limit (`ulimit -n`, LimitNOFILE in systemd)',
}
