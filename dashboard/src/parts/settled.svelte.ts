/** Whether a person can have read what stands under the pointer: a second click must not sign what came there meanwhile. */

/** How long something stands before it can be signed. */
const READ_MS = 1000

/** Return a function that says whether `what` has been the same for a second. Call this while a component is made. */
export function settled(what: () => unknown): () => boolean {
  const shown = $derived(what())
  let read = $state.raw<unknown>()
  $effect(() => {
    const timer = setTimeout((now: unknown) => (read = now), READ_MS, shown)
    return () => clearTimeout(timer)
  })
  return () => read === shown
}
