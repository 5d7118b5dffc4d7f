/** Who is signed in. A session that is no longer accepted ends once, with a reason; nothing is tried in a loop. */

import { isAuthRetryableFetchError, type Session as SupabaseSession, type User } from '@supabase/supabase-js'
import { asksForPassword, readArrival, type Arrival } from './arrival'
import { SESSION, client } from './client'
import { AskError } from './data/troubles'
import { isTv } from './route.svelte'

type Ended = 'session_ended' | 'token_refused' | 'link_used' | 'link_elsewhere' | 'sign_in_failed'

/** Where a tab keeps which page was wanted while somebody signs in at a provider. */
const WANTED = 'plantpulse-wanted'

/** Where a tab keeps who has to choose a password: loading it anew is no way round. */
const CHOOSING = 'plantpulse-choosing'
/** Where supabase-js keeps what makes a code good in this browser alone. */
const VERIFIER = `${SESSION}-code-verifier`

class Session {
  /** `undefined` until it is known; null for nobody. */
  user = $state.raw<User | null | undefined>(undefined)
  /** Whether it is not known because Auth does not answer. */
  isAway = $state(false)
  /** Why nobody is signed in, if not by signing out; a code of Auth may say more. */
  ended = $state<Ended | null>(null)
  detail = ''
  /** How far Auth's clock is ahead of this computer's (ms), by the newest token: a wrong clock makes tokens look expired. */
  ahead = $state(0)

  #choosing = $state(sessionStorage.getItem(CHOOSING))
  #isLeaving = false
  /** What the address brought, until Auth has said what it is worth. */
  #arrival = readArrival(location.href)

  constructor() {
    if (this.#arrival) {
      // Tokens do not stay in the address, whatever becomes of them.
      history.replaceState(null, '', this.home + (sessionStorage.getItem(WANTED) ?? ''))
      sessionStorage.removeItem(WANTED)
      dispatchEvent(new HashChangeEvent('hashchange'))
      void this.#arrive(this.#arrival)
    }
    client.auth.onAuthStateChange((event, session) => {
      // Whoever was signed in here before is not shown while somebody arrives.
      if (this.#arrival) return
      if (event === 'SIGNED_OUT' && this.user !== null && !this.#isLeaving) this.ended ??= 'session_ended'
      const isNew = event === 'TOKEN_REFRESHED' || (event === 'SIGNED_IN' && this.user === null)
      if (session && isNew) this.ahead = (expiryOf(session.access_token) - session.expires_in) * 1000 - Date.now()
      this.#isLeaving = false
      this.#take(session)
    })
  }

  /** Whether a password is chosen before anything else: after an invitation, or for one that was forgotten. */
  get isChoosingPassword(): boolean {
    return this.#choosing !== null && this.#choosing === this.user?.id
  }

  /** Where links and providers lead back to: a wall stays a wall. */
  get home(): string {
    return location.origin + location.pathname + (isTv ? '?tv' : '')
  }

  /** Remember the page in the address, and leave for a provider. */
  wanting(): string {
    sessionStorage.setItem(WANTED, location.hash)
    return this.home
  }

  /** Say who has to choose a password; null if it is chosen. */
  choose(id: string | null): void {
    this.#choosing = id
    if (id === null) sessionStorage.removeItem(CHOOSING)
    else sessionStorage.setItem(CHOOSING, id)
  }

  /** Ask Auth again, which did not answer. */
  tryAgain(): void {
    // supabase-js keeps for a minute that it failed to get a new token.
    if (this.#arrival) void this.#arrive(this.#arrival)
    else location.reload()
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

  /** Sign in as the person in the link. Without an answer of Auth it can be tried again: the link may be good. */
  async #arrive(arrival: Arrival): Promise<void> {
    this.isAway = false
    const { refused, detail = '', isForPassword = false } = await follow(arrival)
    if (refused === 'away') {
      this.isAway = true
      return
    }
    const { data } = await client.auth.getSession()
    this.#arrival = null
    if (isForPassword) this.choose(data.session?.user.id ?? null)
    this.#take(data.session)
    if (refused && this.user === null) [this.ended, this.detail] = [refused, detail]
  }

  /** Show the person whom supabase-js reports. While Auth does not answer it reports nobody, keeps the session, and goes on trying. */
  #take(session: SupabaseSession | null): void {
    const isKept = session === null && localStorage.getItem(SESSION) !== null
    this.isAway = isKept
    if (session) this.ended = null
    else if (!isKept) this.choose(null)
    // The same person again must not build the pages anew, as each new token would.
    if (this.user === undefined || this.user?.id !== session?.user.id) this.user = isKept ? undefined : (session?.user ?? null)
  }

  /** Without an answer of the project supabase-js keeps the session, and whoever sits down next would be signed in. */
  async #forget(): Promise<void> {
    this.#arrival = null
    const { error } = await client.auth.signOut({ scope: 'local' })
    if (!error) return
    localStorage.removeItem(SESSION)
    this.#isLeaving = false
    this.#take(null)
  }
}

interface Followed {
  /** Why the link lets nobody in; `away` if Auth does not answer. */
  refused: Ended | 'away' | null
  detail?: string
  /** Whether a password is to be chosen. */
  isForPassword?: boolean
}

/** Ask Auth for what an address brought. */
async function follow(arrival: Arrival): Promise<Followed> {
  if (arrival.by === 'refusal') return { refused: arrival.code === 'otp_expired' ? 'link_used' : 'sign_in_failed', detail: arrival.code }
  const verifier = localStorage.getItem(VERIFIER)
  try {
    const { data, error } = await exchange(arrival)
    if (!error) return { refused: null, isForPassword: asksForPassword(arrival) || ('redirectType' in data && data.redirectType === 'recovery') }
    if (!isAuthRetryableFetchError(error)) return { refused: error.name === 'AuthPKCECodeVerifierMissingError' ? 'link_elsewhere' : 'link_used' }
    // supabase-js throws it away with the failure, and the code would be worth nothing.
    if (verifier !== null) localStorage.setItem(VERIFIER, verifier)
    return { refused: 'away' }
  } catch {
    // supabase-js raises for tokens that are none: anybody can write an address.
    return { refused: 'link_used' }
  }
}

function exchange(arrival: Exclude<Arrival, { by: 'refusal' }>) {
  if (arrival.by === 'tokens') return client.auth.setSession(arrival)
  if (arrival.by === 'code') return client.auth.exchangeCodeForSession(arrival.code)
  return client.auth.verifyOtp({ token_hash: arrival.token_hash, type: arrival.type })
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
