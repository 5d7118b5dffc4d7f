/** Which page is shown: `#/<plant>/<page>/<argument>`. The address can be kept, sent and opened anywhere. */

export const PAGES = ['board', 'report', 'safety', 'pipelines', 'alerts', 'energy', 'tags'] as const
export type Page = (typeof PAGES)[number] | 'asset'

/** A large dark screen without buttons, for a wall: `?tv`. */
export const isTv = /[?&]tv\b/.test(location.search)

class Route {
  #parts = $state.raw(parts())

  constructor() {
    addEventListener('hashchange', () => (this.#parts = parts()))
  }

  get plant(): string | null {
    return this.#parts[0] || null
  }

  get page(): Page {
    const page = this.#parts[1] as Page
    return page === 'asset' || (PAGES as readonly string[]).includes(page) ? page : 'board'
  }

  get argument(): string | null {
    return this.#parts[2] || null
  }

  /** A day as the argument, or null: Postgres takes `infinity` and `tomorrow` for days too. */
  get day(): string | null {
    return /^\d{4}-\d\d-\d\d$/.exec(this.argument ?? '')?.[0] ?? null
  }
}

export const route = new Route()

/** Return the address of a page. */
export function address(plant: string, page: Page, argument?: string | number): string {
  const all = [plant, page, ...(argument === undefined ? [] : [String(argument)])]
  return `#/${all.map(encodeURIComponent).join('/')}`
}

/** Where a link leads: on a wall nowhere. */
export const href = (...page: Parameters<typeof address>) => (isTv ? undefined : address(...page))

/** What Auth writes behind `#` has no slash there, and is no page. */
function parts(): string[] {
  return location.hash.startsWith('#/') ? location.hash.slice(2).split('/').map(decoded) : []
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}
