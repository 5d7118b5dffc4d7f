/** What a person does on a page: one thing at a time, and either it is done or the page says why not. */

import { tick } from 'svelte'
import { AskError } from '../data'
import { clip, t } from '../words/reader.svelte'

export class Acting {
  isBusy = $state(false)
  /** Why the last thing was not done; empty if it was. */
  said = $state('')
  #after: () => void

  /** `after` is called after each try, done or not: somebody else may have done it. */
  constructor(after: () => void) {
    this.#after = after
  }

  /** Return whether it was done. */
  async do(work: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) return false
    this.isBusy = true
    this.said = ''
    const pressed = document.activeElement
    let isDone = false
    try {
      await work()
      isDone = true
    } catch (error) {
      const { trouble, detail } = error instanceof AskError ? error : new AskError('refused', String(error))
      this.said = t('not_done', { trouble: trouble === 'refused' ? clip(detail, 400) : t(`trouble_${trouble}`) })
    }
    this.isBusy = false
    await tick()
    // A button that is not there any more leaves the focus to its row; a dialog is about to close.
    if (document.activeElement === document.body || document.activeElement === pressed) focus(pressed?.closest(isDone ? 'li, .band' : 'button'))
    this.#after()
    return isDone
  }
}

/** Focus what a keyboard does not reach by itself: what comes next is reached from there. */
export function focus(place: Element | null | undefined): void {
  if (!(place instanceof HTMLElement)) return
  if (place.tagName !== 'BUTTON') place.tabIndex = -1
  place.focus({ preventScroll: true })
}
