/** The one client of Supabase. Who is signed in stays signed in, in this browser, until the session is ended. */

import { createClient } from '@supabase/supabase-js'
import { readSettings } from './settings'

/** Under which name this browser keeps the session. */
export const SESSION = 'plantpulse-session'

export const settings = readSettings((window as { PLANTPULSE?: unknown }).PLANTPULSE)

// Without settings only a message is shown, and nothing is asked.
export const client = createClient(settings?.url ?? 'http://127.0.0.1', settings?.key ?? 'none', {
  // What the address brings is read by `session`: supabase-js would take codes alone, and an invitation brings tokens.
  auth: { flowType: 'pkce', storageKey: SESSION, detectSessionInUrl: false },
})
