/** Types that say where a service is found. */
import { rr } from './define.ts'
import { legacyName, plainName } from './fields-names.ts'
import { u16 } from './fields-numbers.ts'
import { serviceParameters } from './fields-parameters.ts'
import { characterString, uriTarget } from './fields-strings.ts'

/** RFC 2782: host and port of a service. */
export const SRV = rr('SRV', 33, { priority: u16, weight: u16, port: u16, target: legacyName })
/** RFC 3403 4.1: a rule that rewrites a string into a name or URI. */
export const NAPTR = rr('NAPTR', 35, {
  order: u16,
  preference: u16,
  flags: characterString,
  services: characterString,
  regexp: characterString,
  replacement: legacyName,
})
/** RFC 7553 4: the URI of a service. */
export const URI = rr('URI', 256, { priority: u16, weight: u16, target: uriTarget })
/** RFC 9460 2.2: how a service is reached; priority 0 is the alias form. */
export const SVCB = rr('SVCB', 64, { priority: u16, target: plainName, parameters: serviceParameters })
/** RFC 9460 9: the same for HTTPS. */
export const HTTPS = rr('HTTPS', 65, { priority: u16, target: plainName, parameters: serviceParameters })
