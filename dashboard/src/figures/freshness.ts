/** Whether what a page shows may still be believed. Pure. */

export interface Age {
  as_of: string | null
  stale_after: string | null
}

/** Return whether data is old at `now` (ms). Data without a time is old: nobody knows of when it is. */
export function isStale({ as_of, stale_after }: Age, now: number): boolean {
  if (as_of === null || stale_after === null) return true
  return now > Date.parse(stale_after)
}
