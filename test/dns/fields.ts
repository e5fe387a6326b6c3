/**
 * Values for the fields of any record type, made from its list of fields: a new type of known fields is tested
 * without a line here, and one with a field that has no generator fails loudly.
 */
import fc from 'fast-check'
import { WireReader } from '../../src/dns/octets.ts'
import type { FieldsOf, RrType } from '../../src/dns/rdata.ts'
import type { Field } from '../../src/dns/rr/field.ts'
import { keyGateway, relay } from '../../src/dns/rr/fields-gateway.ts'
import { hostIdentity } from '../../src/dns/rr/fields-identity.ts'
import { location } from '../../src/dns/rr/fields-location.ts'
import { plainNames } from '../../src/dns/rr/fields-names.ts'
import { base64Rest, base64RestOrNone, counted16, hashedOwner, hexRest, salt, zoneDigest } from '../../src/dns/rr/fields-octets.ts'
import { agentParameters, senseParameters, serviceParameters, taskParameters } from '../../src/dns/rr/fields-parameters.ts'
import { addressPrefixes } from '../../src/dns/rr/fields-prefixes.ts'
import { characterString, characterStrings, optionalString, propertyTag, propertyValue, uriTarget } from '../../src/dns/rr/fields-strings.ts'
import { typeBitmap } from '../../src/dns/rr/fields-types.ts'
import { anyParameters } from './parameter-samples.ts'
import { PLAIN, anyName, anyOctets } from './values.ts'

const ADDRESS4 = fc.ipV4()
const ADDRESS6 = fc.constantFrom('::', '::1', '2001:db8::1', 'fe80::1:0:0:1', '2001:db8:1:2:3:4:5:6', '::ffff:192.0.2.1')
const RELATIVE_TO_ROOT = fc.constantFrom('.', 'a.', 'gateway.example.', '\\000\\255\\..b.')

/** What stands where a gateway is told by its kind: 0 none, 1 and 2 an address, 3 a name. */
function anyGateway(): fc.Arbitrary<{ kind: number; gateway: string }> {
  const forms = [fc.constant('.'), ADDRESS4, ADDRESS6, RELATIVE_TO_ROOT]
  return fc.nat(3).chain((kind) => forms[kind].map((gateway) => ({ kind, gateway })))
}

/** A digit times a power of ten, centimetres. */
const POWER = fc.tuple(fc.nat(9), fc.nat(9)).map(([digit, exponent]) => digit * 10 ** exponent)

const byField = new Map<unknown, fc.Arbitrary<unknown>>([
  [characterString, anyOctets(0, 20)],
  [characterStrings, fc.array(anyOctets(0, 12), { minLength: 1, maxLength: 4 })],
  [optionalString, fc.option(anyOctets(0, 12))],
  [propertyTag, fc.stringMatching(/^[A-Za-z0-9]{1,20}$/)],
  [propertyValue, anyOctets(0, 20)],
  [uriTarget, anyOctets(1, 20)],
  [typeBitmap, fc.uniqueArray(fc.oneof(fc.nat(300), fc.nat(0xffff)), { maxLength: 8 }).map((types) => types.toSorted((a, b) => a - b))],
  [salt, anyOctets(0, 8)],
  [hashedOwner, anyOctets(1, 20)],
  [counted16, anyOctets(0, 20)],
  [hexRest, anyOctets(1, 40)],
  [base64Rest, anyOctets(1, 40)],
  [base64RestOrNone, anyOctets(0, 40)],
  [zoneDigest, anyOctets(12, 48)],
  [plainNames, fc.array(anyName(), { maxLength: 3 })],
  [hostIdentity, fc.record({ algorithm: fc.nat(255), tag: anyOctets(1, 16), publicKey: anyOctets(1, 20) }, PLAIN)],
  [keyGateway, fc.tuple(anyGateway(), fc.nat(255)).map(([{ kind, gateway }, algorithm]) => ({ kind, algorithm, gateway }))],
  [relay, fc.tuple(anyGateway(), fc.boolean()).map(([{ kind, gateway }, discoveryOptional]) => ({ discoveryOptional, kind, relay: gateway }))],
  [addressPrefixes, fc.array(anyPrefix(), { maxLength: 3 })],
  [location, anyLocation()],
  [serviceParameters, anyParameters('SVCB')],
  [agentParameters, anyParameters('AGENT')],
  [senseParameters, anyParameters('SENSE')],
  [taskParameters, anyParameters('TASK')],
])

function anyPrefix(): fc.Arbitrary<unknown> {
  const four = fc.record({ negated: fc.boolean(), family: fc.constant(1), address: ADDRESS4, prefixLength: fc.nat(32) }, PLAIN)
  const six = fc.record({ negated: fc.boolean(), family: fc.constant(2), address: ADDRESS6, prefixLength: fc.nat(128) }, PLAIN)
  return fc.oneof(four, six)
}

function anyLocation(): fc.Arbitrary<unknown> {
  const angle = (degrees: number): fc.Arbitrary<number> => fc.integer({ min: -degrees * 3_600_000, max: degrees * 3_600_000 })
  return fc.record({
    size: POWER, horizontalPrecision: POWER, verticalPrecision: POWER,
    latitude: angle(90), longitude: angle(180), altitude: fc.integer({ min: -10_000_000, max: 2 ** 32 - 1 - 10_000_000 }),
  }, PLAIN)
}

/** Values of one field. Where it is always of the same size any octets are legal, so they are read as a value. */
function anyValue(field: Field<unknown>, what: string): fc.Arbitrary<unknown> {
  const known = byField.get(field)
  if (known) return known
  if (field.nameRole !== undefined) return anyName()
  const { size } = field
  if (size !== undefined) return anyOctets(size, size).map((octets) => field.read(new WireReader(octets)))
  throw new Error(`Cannot make values of ${what} as its field has no generator in test/dns/fields.ts`)
}

/** Values of all fields of a type. */
export function anyFields<Definition extends RrType>(definition: Definition): fc.Arbitrary<FieldsOf<Definition>> {
  const model = Object.fromEntries(definition.steps.map(({ name, what, field }) => [name, anyValue(field, what)]))
  return fc.record(model, PLAIN) as unknown as fc.Arbitrary<FieldsOf<Definition>>
}
