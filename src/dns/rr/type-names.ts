/**
 * The mnemonics of the RR types, as fields need them that hold a type (RRSIG, NSEC). `rr/index.ts` fills the
 * table from its list; it stands apart so that a field may use it without importing all types.
 */
import { Mnemonics } from '../mnemonics.ts'

/** RR types by mnemonic; complete as soon as `rr/index.ts` has been loaded. */
export const typeNames = new Mnemonics('TYPE', 0xffff)
