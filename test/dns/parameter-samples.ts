/**
 * Values of every parameter in their normal text: the compiler asks for a line here when a parameter is added. From
 * them whole lists are made for the property tests.
 */
import fc from 'fast-check'
import { PARAMETERS, encodeParameters, encodeValue, parseParameters, type Parameter, type ParameterMap, type Place } from '../../src/dns/parameters.ts'
import { parameterAt, printKey } from '../../src/dns/parameter-table.ts'
import { anyOctets } from './values.ts'

/** For each parameter, values as they are printed; '' where the key alone says it. */
export const SAMPLES: Readonly<Record<keyof typeof PARAMETERS, readonly string[]>> = {
  mandatory: ['alpn', 'alpn,port'],
  alpn: ['h2', 'h2,h3', 'a2a,mcp', 'h2,h3-19', '"a b"'],
  'no-default-alpn': [''],
  port: ['0', '443', '65535'],
  ipv4hint: ['192.0.2.1', '192.0.2.1,198.51.100.7'],
  ech: ['AQIDBA==', 'AA=='],
  ipv6hint: ['2001:db8::1', '2001:db8::1,2001:db8::2', '::,2001:db8::1'],
  dohpath: ['/dns-query{?dns}', '/q{?a,dns}'],
  ohttp: [''],
  'tls-supported-groups': ['29', '29,23', '29,23,4588'],
  latency: ['0us', '200ms', '1s', '1500us', '4294967295us'],
  accuracy: ['0', '0.93', '0.0001', '1'],
  concurrency: ['0', '16', '4294967295'],
  active: ['3'],
  cost: ['0', '0.002', '0.000001', '12.5', '4294.967295'],
  stability: ['0.999'],
  history: ['0.5'],
  uplink: ['64kbit', '1500kbit', '10Mbit', '2Gbit', '0kbit', '999kbit'],
  downlink: ['100Mbit', '4294967295kbit'],
  state: ['idle', 'transition', 'occupied', 'draining', 'failed'],
  time: ['2026-11-23T12:00:00.000Z', '1970-01-01T00:00:00.000Z', '2026-11-23T12:00:00.007Z', '999999999999999'],
  errors: ['0.01'],
  arrivals: ['1000'],
  rejects: ['1'],
  queue: ['8'],
  service: ['150ms'],
  binding: ['shared', 'exclusive', 'exclusive/3600', 'shared/0'],
  depends: ['v1.ocr.vision._cap.acme.example', 'a.example,b.example', '"a.example,.,b\\\\\\\\\\\\\\\\.c.example"'],
  provider: ['acme.example', 'acme.example,hive.example'],
  location: ['48.2,16.4', '-33.868820,151.209290', '0,0', '-90,-180', '-90,180', '0.000001,-0.000001'],
  region: ['eu-central'],
  security: ['tls', 'mtls,attested'],
  modality: ['text', 'text,audio,image,video'],
  weight: ['10'],
  endpoint: ['https://agent.acme.example/a2a', '"mailto:x@example.org;y"'],
  profile: ['ordinary', 'performance-sensitive', 'short-lived'],
  successor: ['a8._sa.acme.example'],
  color: ['100/2001:db8::1', '7/192.0.2.9'],
  alias: ['translator', '"gr\\195\\188n"'],
  count: ['1', '255'],
  avoid: ['a7._sa.acme.example'],
  peer: ['192.0.2.7', '192.0.2.7,2001:db8::7'],
  group: ['t42._task.acme.example'],
  'sense-port': ['5310', '1', '65535'],
  'max-age': ['500ms', '2s', '1m', '1h', '0ms', '90s'],
  'only-provider': ['acme.example'],
  closure: [''],
  prefer: ['latency:3', 'latency:3,cost:1'],
  intent: ['translate', '"translate this, please"', '"\\195\\188bersetze"', '"\\195\\188ber; \\"x\\" (y)"'],
  candidates: [''],
  outcome: ['a7._sa.acme.example/done/200ms/3/2026-11-23T12:00:00.000Z', 'a7.example/busy/0us/0/1970-01-01T00:00:00.000Z,a8.example/unreachable/1s/1/2026-11-23T12:00:00.000Z', 'a.example/wrong/1us/9/999999999999999'],
  scores: ['1', '0.97,0.5,0'],
  ages: ['120ms', '120ms,none,3s'],
  states: ['idle', 'idle,occupied'],
  unmet: ['0', '0,3,4294967295'],
  scope: ['latency', 'latency,cost', 'latency,location'],
  translated: ['v2.translate.text.nlp._cap.acme.example/0.87', './1'],
  reporting: ['10s/0.5', '250ms/0', '1h/1'],
  wanted: [''],
  result: ['0/49154', '3/65535'],
  role: ['translator'],
  key65400: ['https://acme.example/cap'],
  key65401: ['47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'],
  key65402: ['a2a', 'a2a,mcp'],
  key65403: ['https://acme.example/policy'],
  key65404: ['blue'],
  key65405: ['eyJhbGciOiJFUzI1NiJ9..AQID'],
  key65406: ['direct'],
  key65407: ['x', '"\\000\\255"'],
  key65408: ['https://acme.example/enrol'],
  key65409: ['agent-card.json'],
}

export const PLACES: readonly Place[] = ['AGENT', 'SENSE', 'TASK', 'DEMAND', 'OFFER', 'SVCB']

/** The parameters that have a meaning at `place`, each with its samples. */
export function samplesAt(place: Place): [parameter: Parameter, samples: readonly string[]][] {
  return Object.entries(PARAMETERS as unknown as Record<string, Parameter>)
    .filter(([, parameter]) => parameterAt(parameter.key, place) !== undefined)
    .map(([name, parameter]) => [parameter, SAMPLES[name as keyof typeof SAMPLES]])
}

/** `latency=200ms` as it is written at `place`; the key alone where there is no value. */
export function wordOf(parameter: Parameter, sample: string, place: Place): string {
  return printKey(parameter.key, place) + (sample === '' ? '' : `=${sample}`)
}

/** The octets of one sample's value: what stands behind key and length. */
export function valueOctets(parameter: Parameter, sample: string, place: Place): Uint8Array {
  if (parameter.key === PARAMETERS.mandatory.key) return encodeValue(PARAMETERS.mandatory, PARAMETERS.mandatory.kind.parse(sample))
  const companion = parameter.key === PARAMETERS['no-default-alpn'].key ? 'alpn=h2 ' : ''
  const list = parseParameters(companion + wordOf(parameter, sample, place), place)
  return companion === '' ? list.slice(4) : new Uint8Array(0)
}

/** Lists for `place`: some of its parameters, and some keys that have no meaning there, with any octets. */
export function anyParameters(place: Place): fc.Arbitrary<ParameterMap> {
  const known = samplesAt(place).filter(([{ key }]) => key !== PARAMETERS.mandatory.key && key !== PARAMETERS['no-default-alpn'].key)
  const choice = fc.tuple(fc.constantFrom(...known), fc.nat(9)).map(([[parameter, samples], i]): [number, Uint8Array] => {
    const sample = samples[i % samples.length]
    return [parameter.key, valueOctets(parameter, sample, place)]
  })
  const foreign = fc.tuple(fc.integer({ min: 100, max: 65_000 }), anyOctets(0, 12))
  return fc.array(fc.oneof({ arbitrary: choice, weight: 3 }, { arbitrary: foreign, weight: 1 }), { maxLength: 6 })
    .map((entries) => new Map([...new Map(entries)].sort(([a], [b]) => a - b)))
}

/** The octets of such a list. */
export function anyParameterOctets(place: Place): fc.Arbitrary<Uint8Array> {
  return anyParameters(place).map(encodeParameters)
}
