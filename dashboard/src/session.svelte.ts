/** Who is signed in. A session that is no longer accepted ends once, with a reason; nothing is tried in a loop. */

import { isAuthRetryableFetchError, type AuthError, type User } from '@supabase/supabase-js'
import { asksForPassword, readArrival, type Arrival } from './arrival'
import { SESSION, client } from './client'
import { AskError } from './data/troubles'

type Ended = 'session_ended' | 'token_refused' | 'link_used' | 'link_elsewhere' | 'sign_in_failed' | 'trouble_offline'

/** Where a tab keeps which page was wanted while somebody signs in at a provider. */
const WANTED = 'plantpulse-wanted'

class Session {
  /** `undefined` until it is known; null for nobody. */
  user = $state.raw<User | null | undefined>(undefined)
  /** Why nobody is signed in, if not by signing out; a code of Auth may say more. */
  ended = $state<Ended | null>(null)
  detail = ''
  /** Whether a password is chosen before anything else: after an invitation, or for one that was forgotten. */
  isChoosingPassword = $state(false)
  /** How far Auth's clock is ahead of this computer's (ms), by the newest token: a wrong clock makes tokens look expired. */
  ahead = $state(0)

  #isLeaving = false
  #isArriving = false

  constructor() {
    const arrival = readArrival(location.href)
    if (arrival) void this.#arrive(arrival)
    client.auth.onAuthStateChange((event, session) => {
      if (event === 'PASSWORD_RECOVERY') this.isChoosingPassword = true
      // Whoever was signed in here before is not shown while somebody arrives.
      if (event === 'INITIAL_SESSION' && this.#isArriving) return
      if (event === 'SIGNED_OUT' && this.user && !this.#isLeaving) this.ended ??= 'session_ended'
      if (session) this.ended = null
      const isNew = event === 'TOKEN_REFRESHED' || (event === 'SIGNED_IN' && this.user === null)
      if (session && isNew) this.ahead = (expiryOf(session.access_token) - session.expires_in) * 1000 - Date.now()
      this.#isLeaving = false
      // The same person again must not build the pages anew, as each new token would.
      if (this.user === undefined || this.user?.id !== session?.user.id) this.user = session?.user ?? null
    })
  }

  /** Where links and providers lead back to. */
  get home(): string {
    return location.origin + location.pathname
  }

  /** Remember the page in the address, and leave for a provider. */
  wanting(): string {
    sessionStorage.setItem(WANTED, location.hash)
    return this.home
  }

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

  /** Become whom the address names. The address is clean afterwards: tokens do not stay in the history. */
  async #arrive(arrival: Arrival): Promise<void> {
    this.#isArriving = true
    if (asksForPassword(arrival)) this.isChoosingPassword = true
    const refused = await refusal(arrival)
    this.#isArriving = false
    // A link that could not be tried may be good: it stays in the address.
    if (refused?.why !== 'trouble_offline') history.replaceState(null, '', location.pathname + (sessionStorage.getItem(WANTED) ?? ''))
    sessionStorage.removeItem(WANTED)
    dispatchEvent(new HashChangeEvent('hashchange'))
    if (!refused) return
    this.isChoosingPassword = false
    const { data } = await client.auth.getSession()
    this.user = data.session?.user ?? null
    if (!this.user) [this.ended, this.detail] = [refused.why, refused.detail]
  }

  /** Without an answer of the project supabase-js keeps the session, and whoever sits down next would be signed in. */
  async #forget(): Promise<void> {
    this.isChoosingPassword = false
    const { error } = await client.auth.signOut({ scope: 'local' })
    if (!error) return
    localStorage.removeItem(SESSION)
    this.#isLeaving = false
    this.user = null
  }
}

/** Return why an arrival is not let in, or null if it is. */
async function refusal(arrival: Arrival): Promise<{ why: Ended; detail: string } | null> {
  if (arrival.by === 'refusal') return { why: arrival.code === 'otp_expired' ? 'link_used' : 'sign_in_failed', detail: arrival.code }
  const error = await exchanged(arrival)
  if (!error) return null
  if (isAuthRetryableFetchError(error)) return { why: 'trouble_offline', detail: '' }
  return { why: error.name === 'AuthPKCECodeVerifierMissingError' ? 'link_elsewhere' : 'link_used', detail: '' }
}

async function exchanged(arrival: Exclude<Arrival, { by: 'refusal' }>): Promise<AuthError | null> {
  if (arrival.by === 'tokens') return (await client.auth.setSession(arrival)).error
  if (arrival.by === 'code') return (await client.auth.exchangeCodeForSession(arrival.code)).error
  return (await client.auth.verifyOtp({ token_hash: arrival.token_hash, type: arrival.type })).error
}

/** Return when a token expires by Auth's clock (s since 1970); NaN if it does not say so. */
function expiryOf(token: string): number {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
    return Number((JSON.parse(atob(payload)) as { exp?: unknown }).exp)
  } catch {
    return NaN
  }
}

export const session = new Session()
