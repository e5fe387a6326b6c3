/** The true disk with each single call that writes to the file failing in turn (failing-calls.ts); one in three of them are part of CI. */
import { describeCalls } from './failing-calls.ts'

describeCalls(1)
