/** Which changes that the frame around the pages finds are news to them. Pure. */

import type { What } from './wake.svelte'

/** What was found of the plant that is shown: texts that change when pages should ask again for what is named. */
export type Found = { plant: string; marks: Partial<Record<What, string>> }

/** An answer to the question for the plants, or none; what pages heard since the one before; and whether the cheap poll asked, as nobody else tells then. */
export type Look = { found: Found | null; heard: (What | null)[]; isFailing: boolean; isPoll: boolean }

/** What the plants are asked for as well: whoever heard of it asks at the same time, and need not be told again. */
const ASKED = ['run', 'report', null]

/** Return what pages are to be told; null if nobody can say what changed. */
export function newsIn(before: Found | null, { found, heard, isFailing, isPoll }: Look): (What | null)[] {
  if (isFailing) return isPoll ? [null] : []
  if (!before || before.plant !== found?.plant) return []
  const known = heard.filter((what) => ASKED.includes(what))
  return (Object.keys(found.marks) as What[]).filter(
    // A page asks when it is opened: marks that come for the first time are no news.
    (what) => before.marks[what] !== undefined && before.marks[what] !== found.marks[what] && !known.includes(what) && !known.includes(null),
  )
}
