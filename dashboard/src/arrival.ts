/** What the address brings from a link in a mail, or from a provider that somebody signed in at. Pure. */

import type { EmailOtpType } from '@supabase/supabase-js'

export type Arrival =
  | { by: 'tokens'; access_token: string; refresh_token: string; type: string }
  | { by: 'token_hash'; token_hash: string; type: EmailOtpType }
  | { by: 'code'; code: string }
  | { by: 'refusal'; code: string }

/** Whoever comes by one of these has no password yet, or has forgotten it. */
const WITHOUT_PASSWORD = ['invite', 'recovery']

/** Return what the address brings, or null if it is an address of a page. Auth writes behind `?` or behind `#`. */
export function readArrival(address: string): Arrival | null {
  const { searchParams, hash } = new URL(address)
  const behind = new URLSearchParams(hash.startsWith('#/') ? '' : hash.slice(1))
  const given = (name: string) => behind.get(name) ?? searchParams.get(name) ?? ''
  // Anybody can write an address, so of a refusal its code is shown and not its words.
  if (given('error')) return { by: 'refusal', code: /^[a-z_]{1,60}$/.exec(given('error_code'))?.[0] ?? 'unknown' }
  const [access_token, refresh_token, type] = [given('access_token'), given('refresh_token'), given('type')]
  if (access_token && refresh_token) return { by: 'tokens', access_token, refresh_token, type }
  if (given('token_hash')) return { by: 'token_hash', token_hash: given('token_hash'), type: type as EmailOtpType }
  return given('code') ? { by: 'code', code: given('code') } : null
}

/** Return whether a password is to be chosen after it. */
export function asksForPassword(arrival: Arrival): boolean {
  return 'type' in arrival && WITHOUT_PASSWORD.includes(arrival.type)
}
