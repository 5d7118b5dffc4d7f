/** One document of one page: asked again whenever something changed, and kept while it is asked again or cannot be had. */

import { clock } from './clock.svelte'
import { AskError, pauseBefore, type Trouble } from './troubles'

export interface Failure {
  trouble: Trouble
  detail: string
  /** Since when it fails (ms, the database's clock). */
  since: number
}

/** At most one request a second goes out, however often something changes. */
const SHORTEST_MS = 1000

export class Source<T extends { now: string }> {
  document = $state.raw<T | null>(null)
  failure = $state.raw<Failure | null>(null)

  #ask: (signal: AbortSignal) => Promise<T>
  #ending = new AbortController()
  #isAsking = false
  #isWanted = false
  #attempts = 0
  #askedAt = -Infinity
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask
  }

  /**
   * Ask soon. While a request is on its way, any number of calls become one request after it; while it fails, they wait for the next try,
   * except where it may succeed now (`isUrgent`).
   */
  refresh = (isUrgent = false): void => {
    this.#isWanted = true
    if (!this.#isAsking && (isUrgent || !this.failure)) this.#later(Math.max(0, this.#askedAt + SHORTEST_MS - performance.now()))
  }

  /** Ask nothing more. */
  close(): void {
    this.#ending.abort()
    clearTimeout(this.#timer)
  }

  #later(pause: number): void {
    clearTimeout(this.#timer)
    if (!this.#ending.signal.aborted) this.#timer = setTimeout(() => void this.#run(), pause)
  }

  async #run(): Promise<void> {
    this.#isAsking = true
    this.#isWanted = false
    this.#askedAt = performance.now()
    try {
      const document = await this.#ask(this.#ending.signal)
      if (this.#ending.signal.aborted) return
      clock.correct(document.now)
      this.document = document
      this.failure = null
      this.#attempts = 0
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isAsking = false
    }
    if (this.failure) this.#later(pauseBefore(this.#attempts))
    else if (this.#isWanted) this.refresh()
  }

  #fail(error: unknown): void {
    const { trouble, detail } = error instanceof AskError ? error : new AskError('refused', String(error))
    this.#attempts += 1
    this.failure = { trouble, detail, since: this.failure?.since ?? clock.now }
  }
}
