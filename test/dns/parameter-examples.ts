/** Values of every parameter in text, for the tests that want some of each, and lists made of them. */
import fc from 'fast-check'
import { listParameters, parameterAt, type Place } from '../../src/dns/parameter-table.ts'
import { decodeParameters, parseParameters, type ParameterMap } from '../../src/dns/parameters.ts'
import { anyOctets } from './values.ts'

/** Where lists of parameters stand. */
export const PLACES: readonly Place[] = ['AGENT', 'SENSE', 'TASK', 'DEMAND', 'OFFER', 'SVCB']

/** For each parameter texts of its value in normal form, the smallest and largest among them; `null` is the bare key. */
export const EXAMPLES: Readonly<Record<string, readonly (string | null)[]>> = {
  mandatory: ['alpn', 'alpn,port,key666'],
  alpn: ['h2', 'h2,h3-19', '"a b"'],
  'no-default-alpn': [null],
  port: ['0', '443', '65535'],
  ipv4hint: ['192.0.2.1', '192.0.2.1,198.51.100.255'],
  ech: ['AQIDBA==', 'AA=='],
  ipv6hint: ['2001:db8::1', '::,2001:db8::1'],
  dohpath: ['/dns-query{?dns}', '/q{?a,dns}'],
  ohttp: [null],
  'tls-supported-groups': ['29', '29,23,4588'],
  latency: ['0us', '1us', '200ms', '1500ms', '4294967295us'],
  accuracy: ['0', '0.93', '0.0001', '1'],
  concurrency: ['0', '4294967295'],
  active: ['0', '17'],
  cost: ['0', '0.002', '0.000001', '4294.967295'],
  stability: ['0.5'],
  history: ['0.25'],
  uplink: ['0kbit', '999kbit', '20Mbit', '1Gbit'],
  downlink: ['4294967295kbit'],
  state: ['idle', 'transition', 'occupied', 'draining', 'failed'],
  time: ['1970-01-01T00:00:00.000Z', '2026-11-23T12:00:00.001Z', '999999999999999'],
  errors: ['0.01'],
  arrivals: ['4294967295'],
  rejects: ['0'],
  queue: ['64'],
  service: ['20ms'],
  binding: ['shared', 'exclusive', 'exclusive/3600', 'shared/0'],
  depends: ['v1.ocr.vision._cap.acme.example', '"a.example,.,b\\\\\\\\\\\\\\\\.c.example"'],
  provider: ['acme.example', 'acme.example,example.org'],
  location: ['48.2,16.4', '-90,180', '0.000001,-0.000001'],
  region: ['eu-central'],
  security: ['mtls', 'open,tls,mtls,attested'],
  modality: ['text,audio'],
  weight: ['0', '65535'],
  endpoint: ['https://agent.example/a2a', '"mailto:x@example.org;y"'],
  profile: ['ordinary', 'performance-sensitive', 'short-lived'],
  successor: ['v2.translate._cap.example'],
  color: ['100/2001:db8::1', '0/192.0.2.1'],
  alias: ['chat', '"gr\\195\\188n"'],
  count: ['0', '255'],
  avoid: ['x._sa.acme.example'],
  peer: ['192.0.2.1', '2001:db8::1,192.0.2.1'],
  group: ['t42._task.acme.example'],
  'max-age': ['0ms', '5s', '90s', '1h'],
  'only-provider': ['acme.example'],
  closure: [null],
  prefer: ['latency:5', 'latency:5,cost:255'],
  intent: ['"translate this to German"', '"\\195\\188ber; \\"x\\" (y)"'],
  candidates: [null],
  outcome: ['x._sa.acme.example/done/35ms/4/2026-11-23T12:00:00.000Z', 'a.example/busy/0us/0/1970-01-01T00:00:00.000Z,b.example/unreachable/1us/9/999999999999999'],
  scores: ['1,0.93,0'],
  ages: ['none', '0ms,20s,none'],
  states: ['idle,failed'],
  unmet: ['0,4294967295'],
  scope: ['latency,location'],
  translated: ['text.nlp._cap.acme.example/0.87'],
  role: ['leader'],
  key65400: ['https://agent.example/cap.json'],
  key65401: ['ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'],
  key65402: ['mcp,a2a'],
  key65403: ['urn:example:policy'],
  key65404: ['realm'],
  key65405: ['eyJ.eyJ.sig'],
  key65406: ['direct'],
  key65407: ['"\\000\\255"'],
  key65408: ['https://agent.example/enrol'],
  key65409: ['agent-card.json'],
}

/** `key=value` as `place` writes it. */
export function wordOf(name: string, demandName: string | undefined, example: string | null, place: Place): string {
  const key = place === 'DEMAND' ? (demandName ?? name) : name
  return example === null ? key : `${key}=${example}`
}

/** Lists of parameters that may stand at `place`, unknown keys among them. */
export function anyParameters(place: Place): fc.Arbitrary<ParameterMap> {
  const known = listParameters().filter(({ key }) => parameterAt(key, place) !== undefined && key !== 0 && key !== 2) // these two want others beside them
  const one = fc.constantFrom(...known).chain((parameter) => fc.constantFrom(...EXAMPLES[parameter.name])
    .map((example) => [...decodeParameters(parseParameters(wordOf(parameter.name, parameter.demandName, example, place), place), place)][0]))
  const unknown = fc.tuple(fc.integer({ min: 20, max: 65_000 }), anyOctets(0, 12))
  return fc.uniqueArray(fc.oneof(one, unknown), { selector: ([key]) => key, maxLength: 6 })
    .map((pairs) => new Map(pairs.toSorted(([a], [b]) => a - b)))
}
