/**
 * Who answers what the core is asked for: here the rooms that change zones are joined to the path of a message.
 */
import { RCODE } from '../dns/codes.ts'
import type { CoreHandlers } from '../server/core-contract.ts'

/** The handlers of a server. */
export function coreHandlers(): CoreHandlers {
  return {
    update: () => Promise.resolve({ rcode: RCODE.NOTIMP }), // no zone takes updates yet
  }
}
