/** Machines by area, in the database's order. Pure. */

import type { Machine } from '../data'

export interface Area {
  name: string | null
  machines: Machine[]
  /** How many are off target; and how many are planned at all. */
  off: number
  planned: number
}

const OFF = new Set(['below_target', 'stopped'])
const UNPLANNED = new Set(['not_planned', 'no_data'])

/** Return the areas in the order in which they first appear. */
export function byArea(machines: Machine[]): Area[] {
  const areas = new Map<string | null, Machine[]>()
  for (const machine of machines) {
    const its = areas.get(machine.area) ?? []
    its.push(machine)
    areas.set(machine.area, its)
  }
  return [...areas].map(([name, its]) => ({
    name,
    machines: its,
    off: its.filter(({ status }) => OFF.has(status)).length,
    planned: its.filter(({ status }) => !UNPLANNED.has(status)).length,
  }))
}
