/**
 * Work that must not overlap and need not be done twice: reloads. Requests that come while one run is under
 * way share the next run, so that ten SIGHUPs cost two reloads and the last change is always seen.
 */

/** Runs `run` with all requests gathered since the last run began. */
export class OneAtATime<Request, Outcome> {
  private readonly run: (requests: Request[]) => Promise<Outcome>
  private waiting: { requests: Request[]; done: Promise<Outcome> } | undefined
  private last: Promise<unknown> = Promise.resolve()

  constructor(run: (requests: Request[]) => Promise<Outcome>) {
    this.run = run
  }

  /** Asks for a run that starts after this call; gives that run's outcome, or its fault. */
  request(request: Request): Promise<Outcome> {
    if (this.waiting !== undefined) {
      this.waiting.requests.push(request)
      return this.waiting.done
    }
    const requests = [request]
    const done = this.last.then(() => {
      this.waiting = undefined
      return this.run(requests)
    })
    this.waiting = { requests, done }
    this.last = done.catch(() => undefined)
    return done
  }

  /** Resolves when no run is under way or asked for. */
  async idle(): Promise<void> {
    for (let seen: Promise<unknown> | undefined; seen !== this.last; ) {
      seen = this.last
      await seen
    }
  }
}

/** Work of several kinds that must not overlap: each piece begins when the one before has ended, well or badly. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve()

  /** What `work` gives, or its fault, once it had its turn. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work)
    this.last = done.catch(() => undefined)
    return done
  }
}
