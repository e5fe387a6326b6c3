/**
 * Who an agent is, from what it was told and the key that it has (docs/protocol.md 2). Left alone it is its key: its
 * identifier is a digest of the KEY, which nobody can take from it, and the key signs under the agent's own name.
 *
 *     id given       <id>._sa.acme.example.            the key signs under the name in its file
 *     id left out    ntu0…26 letters…._sa.acme.example. the key signs under this name, where its KEY is registered
 */
import { selfCertifyingId } from '../discovery/identifier/agent.ts'
import type { ChangeSigner } from './change.ts'
import { agentName, type Registration } from './registration.ts'

/** A registration whose id may be left to the key. */
export type RegistrationParts = Omit<Registration, 'id'> & { id?: string }

/** An agent that knows who it is. */
export interface Identity {
  registration: Registration
  signer: ChangeSigner | undefined
}

/**
 * The registration with its id and KEY, and the signer under the name that it signs by. A KEY is registered where `key` gives one, or where the
 * signer's key is the agent's own: by its name, or as the id is made from it. TypeError where there is neither an id nor a KEY to make it from.
 */
export function settleIdentity({ id, key, ...rest }: RegistrationParts, signer: ChangeSigner | undefined): Identity {
  const own = signer?.own
  if (id !== undefined) {
    const rdata = key ?? (own?.name.equals(agentName({ ...rest, id })) === true ? own.rdata : undefined)
    return { registration: { ...rest, id, ...(rdata && { key: rdata }) }, signer }
  }
  const rdata = key ?? own?.rdata
  if (rdata === undefined) throw new TypeError('Cannot do without id as there is no KEY to make it from: sign by SIG(0), or say id')
  const registration = { ...rest, id: selfCertifyingId(rdata), key: rdata }
  const isOwn = own !== undefined && Buffer.compare(own.rdata, rdata) === 0
  return { registration, signer: isOwn ? own.as(agentName(registration)) : signer }
}
