/**
 * What wakes the pages: one private broadcast a commit, without plant data. A socket may be gone without a word (a background tab, a
 * proxy, hours of running), so a cheap poll stands behind it, and everything is asked again when the page becomes visible.
 */

import type { RealtimeChannel } from '@supabase/supabase-js'
import { client } from '../client'

/** What a broadcast tells of; `poll` is what health judges, which nobody broadcasts, and whatever of no plant has run. */
export type What = 'run' | 'safety' | 'alert' | 'report' | 'tags' | 'poll'

const POLL_MS = 45_000
/** Series and their alerts are of no plant. Every member may listen. */
const NO_PLANT = '(no plant)'

class Wake {
  /** Whether broadcasts arrive. */
  isLive = $state(false)

  /** Set by the frame around the pages: asks for the newest poll alone, and tells if it is another one. */
  onPoll: () => void = () => undefined

  #listeners = new Set<(what: What | null) => void>()
  #channels: RealtimeChannel[] = []
  #plant: string | null = null

  constructor() {
    setInterval(() => document.hidden || this.#poll(), POLL_MS)
    document.addEventListener('visibilitychange', () => document.hidden || this.#poll(true))
    addEventListener('online', () => this.#poll(true))
  }

  /** Hear of changes until the returned function is called; of null where nobody can say what changed. */
  hear(listener: (what: What | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Listen to a plant instead of the one before, and to what is of no plant; null listens to none. */
  listen(plant: string | null): void {
    this.#plant = plant
    this.isLive = false
    const left = Promise.all(this.#channels.map((channel) => client.removeChannel(channel)))
    this.#channels = []
    if (plant !== null) void this.#join(plant, left)
  }

  /** supabase-js gives the same channel again for a topic that is still being left. */
  async #join(plant: string, left: Promise<unknown>): Promise<void> {
    await left
    await client.realtime.setAuth()
    if (this.#plant !== plant || this.#channels.length > 0) return
    this.#channels = [plant, NO_PLANT].map((topic) => client.channel(`plant:${topic}`, { config: { private: true } }))
    const joined = new Set<RealtimeChannel>()
    for (const [place, channel] of this.#channels.entries()) {
      channel.on('broadcast', { event: 'changed' }, ({ payload }) => {
        const what = (payload as { what?: What })?.what ?? null
        this.tell(place > 0 && what === 'run' ? 'poll' : what)
      })
      channel.subscribe((status) => {
        if (this.#channels[place] !== channel) return
        joined[status === 'SUBSCRIBED' ? 'add' : 'delete'](channel)
        const wasLive = this.isLive
        this.isLive = joined.size === this.#channels.length
        // What changed while nobody listened is not told again.
        if (this.isLive && !wasLive) this.tell(null)
      })
    }
  }

  #poll(isLong = false): void {
    if (!this.isLive) this.listen(this.#plant)
    if (isLong) this.tell(null)
    else this.onPoll()
  }

  tell(what: What | null): void {
    for (const listener of this.#listeners) listener(what)
  }
}

export const wake = new Wake()
