/** Charts: where a value and an instant lie, and lines that break where values are missing. Pure. */

export interface Point {
  /** Instant (ms). */
  at: number
  value: number | null
}

export type Box = Record<'from' | 'until' | 'low' | 'high' | 'width' | 'height', number>

export const x = (box: Box, at: number): number => round(((at - box.from) / (box.until - box.from || 1)) * box.width)

export const y = (box: Box, value: number): number => round(box.height - ((value - box.low) / (box.high - box.low || 1)) * box.height)

/** Return a line through points; a null ends it, and the next value begins a new one. */
export function linePath(box: Box, points: Point[]): string {
  let path = ''
  let isDown = false
  for (const { at, value } of points) {
    // A value between two holes is a dot: `h0` with round ends.
    if (value !== null) path += isDown ? `L${x(box, at)} ${y(box, value)}` : `M${x(box, at)} ${y(box, value)}h0`
    isDown = value !== null
  }
  return path
}

/** Return a line of steps: each value holds for `minutes` from its instant. */
export function stepPath(box: Box, points: Point[], minutes: number): string {
  let path = ''
  let end = NaN
  for (const { at, value } of points) {
    if (value !== null) {
      path += `${end === at ? 'L' : 'M'}${x(box, at)} ${y(box, value)}H${x(box, at + minutes * 60_000)}`
      end = at + minutes * 60_000
    }
  }
  return path
}

/** Return the outline of each hole: a box half as high as the chart, however many values it lacks. */
export function holePath(box: Box, points: Point[], minutes: number): string {
  let path = ''
  for (let i = 0; i < points.length; i++) {
    const first = points[i]
    if (first?.value !== null) continue
    while (points[i + 1]?.value === null) i++
    const right = x(box, (points[i] ?? first).at + minutes * 60_000)
    path += `M${x(box, first.at)} ${box.height}V${box.height / 2}H${right}V${box.height}Z`
  }
  return path
}

/** Return bounds that hold all values and, if `fromZero`, zero; a little air stays above. */
export function bounds(points: Pick<Point, 'value'>[], fromZero: boolean): { low: number; high: number } {
  const known = points.map(({ value }) => value).filter((value) => value !== null)
  const high = known.reduce((most, value) => Math.max(most, value), fromZero ? 0 : -Infinity)
  const low = known.reduce((least, value) => Math.min(least, value), fromZero ? 0 : Infinity)
  if (!Number.isFinite(high) || !Number.isFinite(low)) return { low: 0, high: 1 }
  const air = (high - low || Math.abs(high) || 1) * 0.08
  return { low: fromZero && low === 0 ? 0 : low - air, high: high + air }
}

/** Return the instants within a span where the local clock shows a multiple of `every` hours. DST days have one more or less. */
export function hourTicks(from: number, until: number, every: number, zone: string): number[] {
  const local = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const ticks = []
  for (let at = Math.ceil(from / 900_000) * 900_000; at <= until; at += 900_000) {
    const [hour, minute] = local.format(at).split(':').map(Number)
    if (((hour ?? 0) * 60 + (minute ?? 0)) % (every * 60) === 0) ticks.push(at)
  }
  return ticks
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
