/** Faults of ours as the operator is told of them: one in FAULT_REPORT_SECONDS, with how many were not told since the last. */
import { FAULT_REPORT_SECONDS } from '../dns/limits.ts'

/** Hands faults on, as many as a log can bear. */
export class FaultReports {
  private readonly nowSeconds: () => number
  private readonly onFault: ((fault: unknown, untold: number) => void) | undefined
  private toldAt = -Infinity
  private untold = 0

  constructor(nowSeconds: () => number, onFault: ((fault: unknown, untold: number) => void) | undefined) {
    this.nowSeconds = nowSeconds
    this.onFault = onFault
  }

  /** Tells of a fault, or counts it. */
  report(fault: unknown): void {
    const nowSeconds = this.nowSeconds()
    if (nowSeconds - this.toldAt < FAULT_REPORT_SECONDS) {
      this.untold++
      return
    }
    this.toldAt = nowSeconds
    this.onFault?.(fault, this.untold)
    this.untold = 0
  }
}
