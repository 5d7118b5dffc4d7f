/** What pages know: documents of Supabase, when they are asked for again, and requests to change something. */

export * from './ask'
export * from './clock.svelte'
export * from './documents'
export * from './news'
export * from './source.svelte'
export * from './troubles'
export * from './wake.svelte'
export * from './watch'
