/**
 * What wakes the pages: one private broadcast a commit, without plant data. A socket may be gone without a word (a background tab, a
 * proxy, hours of running), so a cheap poll stands behind it, and everything is asked again when the page becomes visible.
 */

import type { RealtimeChannel } from '@supabase/supabase-js'
import { client } from '../client'

/** What a broadcast tells of; `poll` is each 45 s, for what nobody broadcasts: health's looks, and series, which are of no plant. */
export type What = 'run' | 'safety' | 'alert' | 'report' | 'tags' | 'poll'

/** `null`: nobody can say what changed. */
export type Listener = (what: What | null) => void

const POLL_MS = 45_000

class Wake {
  /** Whether broadcasts arrive. */
  isLive = $state(false)

  /** Set by the frame around the pages: asks for the newest poll alone, and tells if it is another one. */
  onPoll: () => void = () => undefined

  #listeners = new Set<Listener>()
  #channel: RealtimeChannel | null = null
  #plant: string | null = null

  constructor() {
    setInterval(() => document.hidden || this.#poll(), POLL_MS)
    document.addEventListener('visibilitychange', () => document.hidden || this.#poll(true))
    addEventListener('online', () => this.#poll(true))
  }

  /** Hear of changes until the returned function is called. */
  hear(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Listen to a plant instead of the one before; null listens to none. */
  listen(plant: string | null): void {
    this.#plant = plant
    this.isLive = false
    if (this.#channel) void client.removeChannel(this.#channel)
    this.#channel = null
    if (plant !== null) void this.#join(plant)
  }

  async #join(plant: string): Promise<void> {
    await client.realtime.setAuth()
    if (this.#plant !== plant || this.#channel) return
    const channel = client.channel(`plant:${plant}`, { config: { private: true } })
    this.#channel = channel
    channel.on('broadcast', { event: 'changed' }, ({ payload }) => this.tell((payload as { what?: What })?.what ?? null))
    channel.subscribe((status) => {
      if (this.#channel !== channel) return
      const wasLive = this.isLive
      this.isLive = status === 'SUBSCRIBED'
      // What changed while nobody listened is not told again.
      if (this.isLive && !wasLive) this.tell(null)
    })
  }

  #poll(isLong = false): void {
    const isGone = !this.isLive
    if (isGone) this.listen(this.#plant)
    if (isGone || isLong) this.tell(null)
    else {
      this.onPoll()
      this.tell('poll')
    }
  }

  tell(what: What | null): void {
    for (const listener of this.#listeners) listener(what)
  }
}

export const wake = new Wake()
