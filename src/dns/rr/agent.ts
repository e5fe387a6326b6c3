/**
 * Our types, by which agents are found. They share the shape of SVCB (RFC 9460 2.2): a number, a name, parameters. The
 * code points are for private use (RFC 6895 3.1).
 */
import { rr } from './define.ts'
import { plainName } from './fields-names.ts'
import { u16 } from './fields-numbers.ts'
import { agentParameters, senseParameters, taskParameters } from './fields-parameters.ts'

/** At a capability: an agent that offers it; priority 0 is the alias form and names the capability that took its place. */
export const AGENT = rr('AGENT', 65440, { priority: u16, target: plainName, parameters: agentParameters })
/** At a capability: a measurement of one agent; an older or equal sequence number is ignored (RFC 1982 3.2). */
export const SENSE = rr('SENSE', 65441, { sequence: u16, agent: plainName, parameters: senseParameters })
/** At a task group: an agent that belongs to it; state 0 idle, 1 transition, 2 occupied, 3 draining, 4 failed. */
export const TASK = rr('TASK', 65442, { state: u16, agent: plainName, parameters: taskParameters })
