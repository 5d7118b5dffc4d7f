/** What `config.js` says of the project that these pages ask. It stands in `window.PLANTPULSE` before anything here runs. */

export interface Settings {
  /** Address of the Supabase project. */
  url: string
  /** Its publishable key. */
  key: string
  /** Functions that people may call from a page; a button without its function is not shown. */
  functions: { live_pulse?: string; tags?: string }
  /** Where else people sign in: names of OAuth providers of the project, and a domain of its single sign-on. */
  sign_in: { providers: string[]; sso_domain?: string }
  version: string
}

/** Return the settings, or null if `config.js` is missing or holds no address and key. */
export function readSettings(given: unknown): Settings | null {
  const { url, key, functions, sign_in, version } = (given ?? {}) as Partial<Settings>
  if (typeof key !== 'string' || key === '' || typeof url !== 'string' || !/^https?:\/\//.test(url)) return null
  return { url: url.replace(/\/+$/, ''), key, functions: functions ?? {}, sign_in: { providers: [], ...sign_in }, version: String(version ?? '') }
}
