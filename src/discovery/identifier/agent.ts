/**
 * Agent identifiers (docs/protocol.md 2): `<id>._sa.<provider>` for the agent of a provider, `<id>._ua.<operator>`
 * for the agent of a person. An id of 26 characters of base32hex is self-certifying: it is the beginning of a
 * digest of the agent's KEY, so whoever holds the key proves it by a signature (RFC 2931) and nobody else can.
 *
 *     id = base32hex(first 16 octets of SHA-256(KEY RDATA)), lower case, without padding (RFC 4648 7)
 *
 * Any other id is a label that the registry accepts or gives out, first come, first served on the KEY (RFC 9665 3.2.4.1).
 */
import { createHash } from 'node:crypto'
import { Name } from '../../dns/name.ts'
import { printBase32hex } from '../../dns/radix.ts'
import { labelAt } from './capability.ts'

/** An agent identifier, taken apart. */
export interface AgentIdentifier {
  name: Name
  /** The first label, in lower case. */
  id: string
  kind: 'service' | 'user'
  /** Provider or operator: `acme.example.` */
  domain: Name
}

/** Second labels of agents' names. */
export const AGENT_MARKS: readonly string[] = ['_sa', '_ua']
const MARKS: Readonly<Record<string, AgentIdentifier['kind']>> = { _sa: 'service', _ua: 'user' }
const MARK_OCTETS = 3
const ID = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/
const SELF_CERTIFYING = /^[0-9a-v]{26}$/
/** Octets of the digest that an id and a holder keep: 128 bits, beyond anyone's search for a second key. */
const DIGEST_OCTETS = 16

/** The agent identifier that `name` writes, undefined where it is none: `babel._sa.acme.example.` */
export function readAgentIdentifier(name: Name): AgentIdentifier | undefined {
  const { wire } = name
  const markAt = wire[0] + 1
  if (wire[0] === 0 || wire[markAt] !== MARK_OCTETS) return undefined // the mark first, as most names that are asked about have none
  const [mark, id] = [labelAt(wire, markAt), labelAt(wire, 0)]
  if (!Object.hasOwn(MARKS, mark) || !ID.test(id)) return undefined
  return { name, id, kind: MARKS[mark], domain: Name.again(wire, markAt + MARK_OCTETS + 1) }
}

/** The id that proves itself for a KEY: 26 characters. */
export function selfCertifyingId(keyRdata: Uint8Array): string {
  return printBase32hex(digest(keyRdata)).toLowerCase()
}

/** What an id says of a KEY: it is made from this one (`certified`), from another (`other`), or from none (`label`). */
export function certifies(id: string, keyRdata: Uint8Array): 'certified' | 'other' | 'label' {
  if (!SELF_CERTIFYING.test(id)) return 'label'
  return id === selfCertifyingId(keyRdata) ? 'certified' : 'other'
}

/** 16 octets that stand for who holds a lease: a digest of the KEY, so that no two keys are confused. */
export function holderOfKey(keyRdata: Uint8Array): Uint8Array {
  return digest(keyRdata)
}

/** The same for a shared secret, known by its name (RFC 8945 4.2); never equal to that of a KEY, whose RDATA starts with its flags. */
export function holderOfSecret(name: Name): Uint8Array {
  let holder = holders.get(name)
  if (holder === undefined) holders.set(name, (holder = digest(Buffer.concat([Buffer.from('tsig:'), Buffer.from(name.key, 'latin1')]))))
  return holder
}

/** Of the names of keys, as long as the keys are in use. */
const holders = new WeakMap<Name, Uint8Array>()

function digest(octets: Uint8Array): Uint8Array {
  return createHash('sha256').update(octets).digest().subarray(0, DIGEST_OCTETS)
}
