/** The database's clock, as far as a page knows it: ages must not depend on whether this computer's clock is right. */

import type { Age } from './documents'

const TICK_MS = 5000

class Clock {
  /** How far the database's clock is ahead of this computer's (ms). */
  ahead = $state(0)
  #here = $state(Date.now())

  constructor() {
    setInterval(() => (this.#here = Date.now()), TICK_MS)
  }

  /** The database's time (ms since 1970); it moves on every five seconds. */
  get now(): number {
    return this.#here + this.ahead
  }

  /** Learn from a document that arrived just now. Less than two seconds of difference are the way that it took. */
  correct(now: string): void {
    const ahead = Date.parse(now) - Date.now()
    if (Math.abs(ahead - this.ahead) > 2000) this.ahead = ahead
    this.#here = Date.now()
  }
}

export const clock = new Clock()

/** When health looked, as the newest list of plants says: a page that shows its judgements asks again only where one has changed. */
export const health: Age = $state({ as_of: null, stale_after: null })

/** Return whether data is old. Data without a time is old: nobody knows of when it is. */
export function isStale({ as_of, stale_after }: Age, now = clock.now): boolean {
  return as_of === null || stale_after === null || now > Date.parse(stale_after)
}
