/** The list of parameters that ends SVCB, HTTPS, AGENT, SENSE and TASK (RFC 9460 2.2); which keys have a meaning depends on the type. */
import { copyList, printList, readList, readParameters, writeList, type ParameterMap, type Place } from '../parameters.ts'
import type { Field } from './field.ts'

function parameterField(place: Place): Field<ParameterMap> {
  return {
    parse: (text, out) => readParameters(text, out, place),
    print: (wire) => printList(wire, place),
    read: (wire) => readList(wire, place),
    write: writeList,
    copy: (wire, out) => copyList(wire, out, place),
  }
}

/** SvcParams of SVCB and HTTPS (RFC 9460 2.1). */
export const serviceParameters = parameterField('SVCB')
/** What an agent offers with a capability. */
export const agentParameters = parameterField('AGENT')
/** What was measured of an agent. */
export const senseParameters = parameterField('SENSE')
/** An agent's part in a task. */
export const taskParameters = parameterField('TASK')
