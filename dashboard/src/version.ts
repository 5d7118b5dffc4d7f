/** A screen that stays on for months takes the pages that are served now, as soon as nobody is at it. */

const LOOK_MS = 600_000
const IDLE_MS = 60_000
/** Where a tab keeps for which version it was loaded anew: once for each, so that two that take turns are no loop. */
const TRIED = 'plantpulse-version'

/** Return the version in the text of config.js, or null if it names none. Pure. */
export function versionIn(config: string): string | null {
  return /\bversion"?\s*:\s*["']([^"']+)["']/.exec(config)?.[1] ?? null
}

/** Look from now on, every ten minutes, whether another version than `mine` is served. */
export function followVersion(mine: string): void {
  let touchedAt = -Infinity
  for (const event of ['keydown', 'pointerdown', 'wheel']) addEventListener(event, () => (touchedAt = performance.now()), { passive: true })
  // A dialog that is open holds what somebody wrote.
  const isIdle = () => !document.hidden && performance.now() - touchedAt > IDLE_MS && !document.querySelector('dialog[open]')
  setInterval(async () => {
    if (!isIdle()) return
    const served = await servedVersion()
    if (served === null || served === mine || served === sessionStorage.getItem(TRIED) || !isIdle()) return
    sessionStorage.setItem(TRIED, served)
    location.reload()
  }, LOOK_MS)
}

async function servedVersion(): Promise<string | null> {
  try {
    const reply = await fetch('./config.js', { cache: 'no-cache' })
    return reply.ok ? versionIn(await reply.text()) : null
  } catch {
    return null
  }
}
