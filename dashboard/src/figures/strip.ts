/** Strips: one character a slot becomes at most one SVG path a kind of mark, however many slots there are. Pure. */

/** Height of a mark in tenths of the strip: what is worse is taller, so that a strip is read without colours. */
const HEIGHTS: Record<string, number> = {
  '=': 3, // on target
  '>': 3, // above target
  '<': 7, // below target
  '!': 10, // stopped
  '-': 1, // not planned
  '#': 3, // succeeded
  '~': 7, // partial
  x: 10, // failed
  r: 5, // running
}

/** A slot without data. It is drawn as an empty dashed box, never as the state before it. */
const GAP = '.'

export interface StripPaths {
  /** Path by mark; one unit a slot wide, ten units high. */
  filled: Record<string, string>
  /** Outline of the gaps. */
  gaps: string
}

/** Return the paths of a strip. Marks that nobody knows are gaps. */
export function stripPaths(strip: string): StripPaths {
  const filled: Record<string, string> = {}
  let gaps = ''
  for (const { mark, from, until } of runs(strip)) {
    const height = HEIGHTS[mark]
    if (height === undefined) gaps += `M${from} 9.5V.5H${until}V9.5Z`
    else filled[mark] = (filled[mark] ?? '') + bars(from, until, height)
  }
  return { filled, gaps }
}

/** Return the number of slots of each mark. */
export function countMarks(strip: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const mark of strip) counts[mark] = (counts[mark] ?? 0) + 1
  return counts
}

/** Return the shape of a state as a character, for texts. */
export function sign(status: string): string {
  return { stopped: '■ ', failed: '■ ', below_target: '▼ ', partial: '▼ ', no_data: '? ' }[status] ?? ''
}

function* runs(strip: string): Generator<{ mark: string; from: number; until: number }> {
  for (let from = 0; from < strip.length;) {
    let until = from + 1
    while (until < strip.length && strip[until] === strip[from]) until++
    yield { mark: strip[from] ?? GAP, from, until }
    from = until
  }
}

/** A hairline of background stays between two slots. */
function bars(from: number, until: number, height: number): string {
  let path = ''
  for (let slot = from; slot < until; slot++) path += `M${slot + 0.06} 10v${-height}h.88v${height}z`
  return path
}
