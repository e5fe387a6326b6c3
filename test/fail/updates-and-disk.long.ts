/** Updates with each write of the first two commits failing in turn (bad-disk-scene.ts); some of them are part of CI. */
import { describeFailing, describeTorn, WRITES } from './bad-disk-scene.ts'

describeFailing(WRITES)
describeTorn(WRITES)
