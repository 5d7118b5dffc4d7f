import { expect, test } from 'vitest'
import { isStale } from '../src/data/clock.svelte'
import type { Machine } from '../src/data/documents'
import { byArea } from '../src/figures/areas'
import { bounds, holePath, hourTicks, linePath, stepPath } from '../src/figures/scale'
import { countStates, stripPaths } from '../src/figures/strip'

const NOW = Date.parse('2026-03-11T10:00:00Z')
const BOX = { from: 0, until: 100, low: 0, high: 10, width: 100, height: 10 }

test('data is old after its time, and where nobody knows its time', () => {
  const as_of = '2026-03-11T09:45:00Z'

  expect(isStale({ as_of, stale_after: '2026-03-11T10:15:00Z' }, NOW)).toBe(false)
  expect(isStale({ as_of, stale_after: '2026-03-11T09:59:59Z' }, NOW)).toBe(true)
  expect(isStale({ as_of: null, stale_after: null }, NOW)).toBe(true)
})

test('a gap in a strip is a box of its own and not the state before it', () => {
  const { filled, gaps } = stripPaths('==..!')

  expect(Object.keys(filled)).toEqual(['on_target', 'stopped'])
  expect(gaps).toBe('M2 9.5V.5H4V9.5Z')
  expect(filled.on_target).toBe('M0.06 10v-3h.88v3zM1.06 10v-3h.88v3z')
})

test('a mark that nobody knows is a gap', () => {
  expect(stripPaths('=?=').gaps).toBe('M1 9.5V.5H2V9.5Z')
})

test('what is worse is taller', () => {
  const heights = ['-', '=', '<', '!'].map((mark) => Number(/v-(\d+)/.exec(Object.values(stripPaths(mark).filled).join())?.[1]))

  expect(heights).toEqual([1, 3, 7, 10])
})

test('states are counted for those who hear a strip', () => {
  expect(countStates('==<.=?')).toEqual({ on_target: 3, below_target: 1, no_data: 2 })
})

test('a line breaks where a value is missing', () => {
  const points = [5, null, 10, 0].map((value, i) => ({ at: i * 10, value }))

  expect(linePath(BOX, points)).toBe('M0 5h0M20 0h0L30 10')
})

test('steps hold their value, and a missing one is a hole', () => {
  const box = { ...BOX, until: 180_000, width: 180 }
  const points = [1, 2, null, 3].map((value, i) => ({ at: i * 60_000, value }))

  expect(stepPath(box, points, 1)).toBe('M0 9H60L60 8H120M180 7H240')
})

test('a hole is one box, however many values it lacks', () => {
  const box = { ...BOX, until: 240_000, width: 240 }
  const points = [1, null, null, 3].map((value, i) => ({ at: i * 60_000, value }))

  expect(holePath(box, points, 1)).toBe('M60 10V5H180V10Z')
})

test('bounds hold every value, and begin at zero where figures are counted', () => {
  const of = (...values: (number | null)[]) => values.map((value) => ({ value }))

  expect(bounds(of(3, null, 5), true)).toEqual({ low: 0, high: 5.4 })
  expect(bounds(of(-10, 10), false)).toEqual({ low: -11.6, high: 11.6 })
  expect(bounds(of(null), false)).toEqual({ low: 0, high: 1 })
})

test('hours are those of the plant, also on the day that lacks one', () => {
  const from = Date.parse('2026-03-28T23:00:00Z')
  const ticks = hourTicks(from, from + 6 * 3_600_000, 1, 'Europe/Brussels').map((at) => new Date(at).toISOString().slice(11, 16))

  expect(ticks).toEqual(['23:00', '00:00', '01:00', '02:00', '03:00', '04:00', '05:00'])
  expect(hourTicks(from, from + 6 * 3_600_000, 3, 'Europe/Brussels').map((at) => new Date(at).toISOString().slice(11, 16))).toEqual([
    '23:00',
    '01:00',
    '04:00',
  ])
})

test('areas keep the order of the database and count what is off', () => {
  const machine = (name: string, area: string | null, status: string) => ({ name, area, status }) as Machine
  const areas = byArea([machine('a', 'X', 'stopped'), machine('b', null, 'no_data'), machine('c', 'X', 'on_target')])

  expect(areas.map(({ name, off, planned, machines }) => [name, off, planned, machines.length])).toEqual([
    ['X', 1, 2, 2],
    [null, 0, 0, 1],
  ])
})
