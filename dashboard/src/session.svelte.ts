/** Who is signed in. A session that is no longer accepted ends once, with a reason; nothing is tried in a loop. */

import { isAuthRetryableFetchError, type User } from '@supabase/supabase-js'
import { SESSION, client } from './client'
import { AskError } from './data/troubles'

type Ended = 'session_ended' | 'token_refused'

class Session {
  /** `undefined` until it is known; null for nobody. */
  user = $state.raw<User | null | undefined>(undefined)
  /** Why the last session ended, if not by signing out. */
  ended = $state<Ended | null>(null)
  /** How far Auth's clock is ahead of this computer's (ms), by the newest token: a wrong clock makes tokens look expired. */
  ahead = $state(0)

  constructor() {
    client.auth.onAuthStateChange((event, session) => {
      if (event === 'SIGNED_OUT' && this.user && !this.#isLeaving) this.ended ??= 'session_ended'
      if (session) this.ended = null
      const isNew = event === 'TOKEN_REFRESHED' || (event === 'SIGNED_IN' && this.user === null)
      if (session?.expires_at && isNew) this.ahead = (session.expires_at - session.expires_in) * 1000 - Date.now()
      this.#isLeaving = false
      // The same person again must not build the pages anew, as each new token would.
      if (this.user === undefined || this.user?.id !== session?.user.id) this.user = session?.user ?? null
    })
  }

  #isLeaving = false

  async signOut(): Promise<void> {
    this.#isLeaving = true
    await this.#forget()
  }

  /** Get a new token in place of one that was refused. Raises AskError if there is none to be had now. */
  async renew(): Promise<void> {
    const { error } = await client.auth.refreshSession()
    if (!error) return
    if (isAuthRetryableFetchError(error)) throw new AskError('offline', error.message)
    await this.end('session_ended')
    throw new AskError('session', error.message)
  }

  /** Forget the session in this browser and say why. */
  async end(why: Ended): Promise<void> {
    this.ended = why
    await this.#forget()
  }

  /** Without an answer of the project supabase-js keeps the session, and whoever sits down next would be signed in. */
  async #forget(): Promise<void> {
    const { error } = await client.auth.signOut({ scope: 'local' })
    if (!error) return
    localStorage.removeItem(SESSION)
    this.#isLeaving = false
    this.user = null
  }
}

export const session = new Session()
