/** The one client of Supabase. Who is signed in stays signed in, in this browser, until the session is ended. */

import { createClient } from '@supabase/supabase-js'
import { readSettings } from './settings'

/** Under which name this browser keeps the session. */
export const SESSION = 'plantpulse-session'

export const settings = readSettings((window as { PLANTPULSE?: unknown }).PLANTPULSE)

/**
 * Auth says by its own clock when a token expires, and supabase-js compares that with this computer's: where it is hours ahead, each request
 * would get a new token first. Without the instant it counts from now, by the token's length.
 */
async function byThisClock(...request: Parameters<typeof fetch>): Promise<Response> {
  const reply = await fetch(...request)
  if (!reply.ok || !/\/auth\/v1\/(token|verify)\b/.test(String(request[0]))) return reply
  const session = { ...((await reply.json()) as object), expires_at: undefined }
  return new Response(JSON.stringify(session), { status: reply.status, headers: reply.headers })
}

// Without settings only a message is shown, and nothing is asked.
export const client = createClient(settings?.url ?? 'http://127.0.0.1', settings?.key ?? 'none', {
  global: { fetch: byThisClock },
  // What the address brings is read by `session`: supabase-js would take codes alone, and an invitation brings tokens.
  auth: { flowType: 'pkce', storageKey: SESSION, detectSessionInUrl: false },
})
