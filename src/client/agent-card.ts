/**
 * A2A agent cards as registrations: what an agent already publishes of itself over HTTP, read as the names and
 * parameters under which it is found by DNS. Cards of version 1.0 and of 0.3 are read; what a card cannot say (price,
 * delay) is left to whoever registers.
 *
 *     { "name": "Babel", "supportedInterfaces": [{ "url": "https://babel.acme.example/a2a", "protocolBinding": "JSONRPC" }],
 *       "skills": [{ "id": "translate-text", "tags": ["translate", "text", "nlp"] }] }
 *
 *     v1.translate-text._cap.<provider>   endpoint=https://babel.acme.example/a2a port=443 alpn=a2a modality=text
 */
import { MAX_CARD_CAPABILITIES, MAX_LABEL_OCTETS } from '../dns/limits.ts'
import type { OfferedCapability } from './registration.ts'

/** What a card gives for a registration. */
export interface CardReading {
  /** The agent's name made a label: `babel`. */
  label: string
  description: string
  capabilities: OfferedCapability[]
}

/** A card that cannot be registered; the message names the field and what it must be. */
export class CardFault extends Error {
  override readonly name = 'CardFault'
}

type Json = Record<string, unknown>

const MODALITIES = ['text', 'audio', 'image', 'video'] as const

/** The registration that the parsed JSON of a card stands for. CardFault where it is no card, or none of its skills can be named. */
export function readAgentCard(card: unknown): CardReading {
  const root = objectOf(card, 'card')
  const name = textOf(root.name, 'name')
  const version = majorOf(root.version)
  const endpoint = endpointOf(root)
  const defaults = modesOf(root.defaultInputModes, root.defaultOutputModes)
  const skills = listOf(root.skills, 'skills')
  if (skills.length === 0) throw new CardFault('Cannot use card as skills must name at least one skill')
  if (skills.length > MAX_CARD_CAPABILITIES) throw new CardFault(`Cannot use card as skills must be at most ${MAX_CARD_CAPABILITIES}`)
  const capabilities = skills.map((item, i) => {
    const skill = objectOf(item, `skills[${i}]`)
    const own = modesOf(skill.inputModes, skill.outputModes)
    const parameters = [...endpoint, ...modality(own.length > 0 ? own : defaults)].join(' ')
    return { name: `v${version}.${labelOf(textOf(skill.id, `skills[${i}].id`), `skills[${i}].id`)}`, parameters }
  })
  return { label: labelOf(name, 'name'), description: textOf(root.description ?? '', 'description'), capabilities }
}

/** Where the agent is called: the first interface of a 1.0 card, or the `url` of a 0.3 card. */
function endpointOf(card: Json): string[] {
  const interfaces = card.supportedInterfaces === undefined ? [] : listOf(card.supportedInterfaces, 'supportedInterfaces')
  const preferred = interfaces.length > 0 ? objectOf(interfaces[0], 'supportedInterfaces[0]').url : card.url
  const field = interfaces.length > 0 ? 'supportedInterfaces[0].url' : 'url'
  const text = textOf(preferred, field)
  if (!URL.canParse(text) || /[\s"\\]/.test(text)) throw new CardFault(`Cannot use card as ${field} must be an absolute URL`)
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new CardFault(`Cannot use card as ${field} must be an http or https URL`)
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return ['alpn=a2a', `port=${port}`, `endpoint="${text}"`]
}

/** Media types and modes as the modalities of docs/protocol.md 3. */
function modesOf(...lists: unknown[]): string[] {
  const found = new Set<string>()
  for (const list of lists) {
    for (const mode of Array.isArray(list) ? (list as unknown[]) : []) {
      if (typeof mode !== 'string') continue
      const kind = mode.toLowerCase().split('/')[0]
      const known = MODALITIES.find((modality) => modality === kind)
      if (known !== undefined) found.add(known)
    }
  }
  return MODALITIES.filter((modality) => found.has(modality))
}

function modality(modes: readonly string[]): string[] {
  return modes.length === 0 ? [] : [`modality=${modes.join(',')}`]
}

/** Major version of a card's own version, such as `2.1.0`; 1 where it has none. */
function majorOf(version: unknown): number {
  if (version === undefined) return 1
  const match = /^v?(\d{1,5})(?:[.-]|$)/.exec(textOf(version, 'version'))
  if (match === null) throw new CardFault('Cannot use card as version must start with a number')
  return Number(match[1])
}

/** Text made a label of letters, digits and hyphens (RFC 1123 2.1). */
function labelOf(text: string, field: string): string {
  const label = text.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, MAX_LABEL_OCTETS).replace(/^-|-$/g, '')
  if (label === '') throw new CardFault(`Cannot use card as ${field} must hold a letter or a digit`)
  return label
}

function objectOf(value: unknown, field: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CardFault(`Cannot use card as ${field} must be an object`)
  return value as Json
}

function listOf(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value)) throw new CardFault(`Cannot use card as ${field} must be a list`)
  return value
}

function textOf(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new CardFault(`Cannot use card as ${field} must be text`)
  return value
}
