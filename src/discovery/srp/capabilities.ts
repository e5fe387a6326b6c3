/**
 * SRP as registration of agents (docs/protocol.md 6): an instance of `_a2a._tcp` or `_mcp._tcp` is offered by its host,
 * each subtype is a capability, SRV gives the port and TXT the parameters. So a client that knows nothing of us is found by capability.
 *
 *     v2\.translate\.text\.nlp._sub._a2a._tcp.acme.example. PTR Chat._a2a._tcp…   SRV 0 0 8443 host…   TXT "latency=200ms"
 *     ─► v2.translate.text.nlp._cap.acme.example. AGENT 1 host.acme.example. port=8443 latency=200ms
 */
import { TYPE } from '../../dns/codes.ts'
import { TextFault } from '../../dns/faults.ts'
import type { DnsRecord } from '../../dns/message.ts'
import { Name } from '../../dns/name.ts'
import { decodeParameters, encodeParameters, encodeValue, parseParameters, PARAMETERS } from '../../dns/parameters.ts'
import { CAPABILITY_MARK, isComplete, labelsOf, readCapability } from '../identifier/capability.ts'
import type { LeasedRecord } from '../lease/lease.ts'
import type { SrpInstance } from './classify.ts'

/** Services whose instances are agents. */
const AGENT_SERVICES: ReadonlySet<string> = new Set(['_a2a._tcp', '_mcp._tcp'])
const PRIORITY = 1

/** AGENT records that an instance stands for; none where it is no agent's. */
export function agentsOf({ srv, txt, pointers }: SrpInstance, host: Name): LeasedRecord[] {
  if (srv === undefined) return []
  const rdata = rdataOf(host, srv, txt)
  const agents = new Map<string, LeasedRecord>()
  for (const { name, ttl } of pointers) {
    const owner = capabilityOf(name)
    if (owner !== undefined) agents.set(owner.key, { owner, type: TYPE.AGENT, ttl, rdata })
  }
  return [...agents.values()]
}

/** The capability that a subtype of RFC 6763 7.1 names; undefined where it names none that is complete. */
function capabilityOf(subtype: Name): Name | undefined {
  const labels = labelsOf(subtype)
  if (labels[1] !== '_sub' || !AGENT_SERVICES.has(`${labels[2]}.${labels[3]}`)) return undefined
  const domain = subtype.parent().parent().parent().parent()
  try {
    const name = Name.parse(`${labels[0]}.${CAPABILITY_MARK}`, domain)
    const capability = readCapability(name)
    return capability !== undefined && isComplete(capability) ? name : undefined
  } catch (fault) {
    if (fault instanceof TextFault) return undefined // a label of other octets than those of a name
    throw fault
  }
}

/** RDATA of AGENT: each string of TXT that is a parameter counts, the first of a key (RFC 6763 6.4); the port is that of SRV. */
function rdataOf(host: Name, srv: DnsRecord, txt: readonly DnsRecord[]): Uint8Array {
  const parameters = new Map<number, Uint8Array>()
  for (const text of txt.flatMap(({ rdata }) => stringsOf(rdata))) {
    for (const [key, value] of readParameter(text)) if (!parameters.has(key)) parameters.set(key, value)
  }
  const port = (srv.rdata[PORT_AT] << 8) | srv.rdata[PORT_AT + 1]
  parameters.set(PARAMETERS.port.key, encodeValue(PARAMETERS.port, port))
  return Buffer.concat([Uint8Array.of(0, PRIORITY), host.wire, encodeParameters(new Map([...parameters].sort(([a], [b]) => a - b)))])
}

const PORT_AT = 4

function readParameter(text: string): ReadonlyMap<number, Uint8Array> {
  try {
    return decodeParameters(parseParameters(text, 'AGENT'), 'AGENT')
  } catch (fault) {
    if (fault instanceof TextFault) return new Map() // said for others: txtvers=1
    throw fault
  }
}

/** The strings of TXT RDATA (RFC 1035 3.3.14). */
export function stringsOf(rdata: Uint8Array): string[] {
  const strings: string[] = []
  for (let at = 0; at < rdata.length; at += rdata[at] + 1) strings.push(Buffer.from(rdata.subarray(at + 1, at + 1 + rdata[at])).toString('latin1'))
  return strings
}
