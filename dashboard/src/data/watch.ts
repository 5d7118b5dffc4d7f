/** What a page does with its document: ask for it, hear of changes, and stop when the page is left. */

import { onDestroy } from 'svelte'
import { ask } from './ask'
import { Source } from './source.svelte'
import { wake, type What } from './wake.svelte'

/** Return the document of a function; it is asked again on each of `hears`, and when nobody knows what changed. */
export function watch<T extends { now: string }>(name: string, args: () => Record<string, unknown>, hears: What[]): Source<T> {
  const source = new Source<T>((signal) => ask<T>(name, args(), signal))
  const stop = wake.hear((what) => (what === null || hears.includes(what)) && source.refresh(what === null))
  source.refresh()
  onDestroy(() => {
    stop()
    source.close()
  })
  return source
}
