/** Strips: one character a slot becomes at most one SVG path a kind of mark, however many slots there are. Pure. */

/** What a mark says, and its height in tenths of the strip: what is worse is taller, so that a strip is read without colours. */
const MARKS: Record<string, [state: string, height: number]> = {
  '=': ['on_target', 3],
  '>': ['above_target', 3],
  '<': ['below_target', 7],
  '!': ['stopped', 10],
  '-': ['not_planned', 1],
  '#': ['succeeded', 3],
  '~': ['partial', 7],
  x: ['failed', 10],
  r: ['running', 5],
}

/**
 * Return the paths of a strip: by state, one unit a slot wide and ten units high; and the outline of the slots without data, which are
 * empty dashed boxes and never the state before them. Marks that nobody knows are gaps.
 */
export function stripPaths(strip: string): { filled: Record<string, string>; gaps: string } {
  const filled: Record<string, string> = {}
  let gaps = ''
  for (const { 0: same, index: from } of strip.matchAll(/(.)\1*/gs)) {
    const [state, height] = MARKS[same.charAt(0)] ?? []
    if (!state || !height) gaps += `M${from} 9.5V.5H${from + same.length}V9.5Z`
    else filled[state] = (filled[state] ?? '') + bars(from, from + same.length, height)
  }
  return { filled, gaps }
}

/** Return the number of slots of each state. */
export function countStates(strip: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const mark of strip) {
    const [state] = MARKS[mark] ?? ['no_data']
    counts[state] = (counts[state] ?? 0) + 1
  }
  return counts
}

/** Return the shape of a state as a character, for texts. */
export function sign(status: string): string {
  return { stopped: '■ ', failed: '■ ', abandoned: '■ ', below_target: '▼ ', partial: '▼ ', no_data: '? ' }[status] ?? ''
}

/** A hairline of background stays between two slots. */
function bars(from: number, until: number, height: number): string {
  let path = ''
  for (let slot = from; slot < until; slot++) path += `M${slot + 0.06} 10v${-height}h.88v${height}z`
  return path
}
