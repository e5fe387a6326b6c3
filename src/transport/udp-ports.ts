/**
 * Source ports that no client uses. A datagram from one of them is forged, to make two services answer
 * each other for ever or to hide behind them, so that nothing is sent there.
 *
 * Port 0 cannot be answered at all (RFC 768: it means "no reply"). The services of RFC 862 to 868 reply
 * to whatever they receive: echo (7) with the same octets, discard (9) not at all, daytime (13), quote
 * (17), chargen (19) and time (37) with octets whose QR bit is as likely 0, which we would take for a
 * query and answer again. Kerberos password change (464) replies with an error to what it cannot read.
 * Port 53 stays allowed: old resolvers ask from it, and a response is never answered with a response.
 */

const FORBIDDEN = new Uint8Array(1024)
for (const port of [0, 7, 9, 13, 17, 19, 37, 464]) FORBIDDEN[port] = 1

/** Whether a datagram from this port may be answered. */
export function isClientPort(port: number): boolean {
  return port >= FORBIDDEN.length || FORBIDDEN[port] === 0
}
