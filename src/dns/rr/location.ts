/** Where on the earth a name's host stands. */
import { rr } from './define.ts'
import { location } from './fields-location.ts'

/** RFC 1876 2: latitude, longitude, altitude and how exact they are. */
export const LOC = rr('LOC', 29, { location })
