/** What went wrong with a request, sorted by what the reader can do about it. Pure. */

export type Trouble =
  | 'offline' // no answer at all: the network, a proxy, the project
  | 'slow' // no answer in time
  | 'busy' // the project is up, but could not answer
  | 'session' // the token is expired, revoked or of another project
  | 'forbidden' // signed in, and may not
  | 'missing' // the database is older than this page
  | 'project' // config.js names a key that the project does not know
  | 'no_function' // no answer at all of a function that a button calls
  | 'slow_function' // it did not answer in time
  | 'busy_function' // it does the same for somebody else
  | 'refused' // anything else that trying again does not change

export class AskError extends Error {
  constructor(
    readonly trouble: Trouble,
    readonly detail: string,
  ) {
    super(`${trouble}: ${detail}`)
  }
}

/** Return the trouble behind an answer of PostgREST; `status` is 0 if there was none. */
export function troubleOf(status: number, code: string, message: string): Trouble {
  if (/abort|timed? ?out/i.test(message) && status === 0) return 'slow'
  if (status === 0) return 'offline'
  if (code === '57014') return 'slow'
  if (status === 404 || code === 'PGRST202' || code === '42883') return 'missing'
  if (status === 401 && /api ?key/i.test(message)) return 'project'
  if (status === 401) return 'session'
  if (status === 403 || code === '42501') return 'forbidden'
  if (status === 429 || status >= 500) return 'busy'
  return 'refused'
}

/** Return the trouble behind an answer of one of plantpulse's functions (docs/http.md): what is refused is told in its own words. */
export function troubleOfCall(status: number, outcome: unknown): Trouble {
  if (status === 401) return 'session'
  if (status === 403) return 'forbidden'
  return outcome === 'busy' ? 'busy_function' : 'refused'
}

/** Return after how many milliseconds a request is tried again: 1, 2, 4, 8, 16, then each 30 s. */
export function pauseBefore(attempt: number): number {
  return Math.min(30_000, 1000 * 2 ** Math.min(attempt - 1, 5))
}
