/** Whether a person can have read what stands under the pointer: a second click must not sign what came there meanwhile. */

/** How long something stands before it can be signed. */
const READ_MS = 1000

/** Return whether `what` has been the same for a second. Call it while a component is made. */
export function settled(what: () => unknown): { readonly isRead: boolean } {
  const shown = $derived(what())
  let read = $state.raw<unknown>()
  $effect(() => {
    const now = shown
    const timer = setTimeout(() => (read = now), READ_MS)
    return () => clearTimeout(timer)
  })
  return {
    get isRead() {
      return read === shown
    },
  }
}
