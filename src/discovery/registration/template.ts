/**
 * The template of a provider or operator: which fields a registration must carry (docs/protocol.md 6). It is published
 * as TXT, so that who is to register can read it, and it is that same TXT which is enforced.
 *
 *     _template._sa.acme.example. TXT "required=key,address,latency,endpoint" "required=contact"
 *
 * `key` and `address` are records at the identifier, a parameter of AGENT must stand in every capability, any other word is a string `word=…` of TXT at the identifier.
 */
import { TYPE } from '../../dns/codes.ts'
import { Name } from '../../dns/name.ts'
import { listParameters } from '../../dns/parameter-table.ts'
import type { ZoneDraft } from '../../update/contract.ts'
import type { AgentIdentifier } from '../identifier/agent.ts'
import type { LeasedRecord } from '../lease/lease.ts'
import { stringsOf } from '../srp/capabilities.ts'
import { readAgent } from './message.ts'

const REQUIRED = /^required=(.*)$/i

/** The first field that the template asks for and the registration lacks; undefined where it has all. `fields` are private ones. */
export function missingField({ kind, domain }: AgentIdentifier, records: readonly LeasedRecord[], fields: readonly string[], draft: ZoneDraft): string | undefined {
  const name = templateName(kind, domain)
  const template = draft.has(name, TYPE.TXT) ? (draft.rrset(name, TYPE.TXT)?.rdatas ?? []) : []
  const required = template.flatMap(stringsOf).flatMap((text) => REQUIRED.exec(text)?.[1].toLowerCase().split(',') ?? [])
  return required.map((word) => word.trim()).filter((word) => word !== '').find((word) => !hasField(word, records, fields))
}

function templateName(kind: AgentIdentifier['kind'], domain: Name): Name {
  const names = templateNames[kind]
  let name = names.get(domain)
  if (name === undefined) names.set(domain, (name = Name.parse(kind === 'service' ? '_template._sa' : '_template._ua', domain)))
  return name
}

/** By domain, as long as that is in use. */
const templateNames = { service: new WeakMap<Name, Name>(), user: new WeakMap<Name, Name>() }

function hasField(word: string, records: readonly LeasedRecord[], fields: readonly string[]): boolean {
  if (word === 'key') return records.some(({ type }) => type === TYPE.KEY)
  if (word === 'address') return records.some(({ type }) => type === TYPE.A || type === TYPE.AAAA)
  const parameter = listParameters().find(({ name, places }) => name === word && places.includes('A'))
  const offers = records.filter(({ type }) => type === TYPE.AGENT).map(({ rdata }) => readAgent(rdata)).filter(({ priority }) => priority > 0)
  if (parameter !== undefined) return offers.every(({ parameters }) => parameters.has(parameter.key))
  const strings = [...records.filter(({ type }) => type === TYPE.TXT).flatMap(({ rdata }) => stringsOf(rdata)), ...fields]
  return strings.some((text) => text.toLowerCase().startsWith(`${word}=`))
}
