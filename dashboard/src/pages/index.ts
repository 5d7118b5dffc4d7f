/** The pages, by the names that they have in an address. */

export { default as alerts } from './Alerts.svelte'
export { default as asset } from './Asset.svelte'
export { default as board } from './Board.svelte'
export { default as energy } from './Energy.svelte'
export { default as pipelines } from './Pipelines.svelte'
export { default as report } from './Report.svelte'
export { default as safety } from './Safety.svelte'
export { default as tags } from './Tags.svelte'
