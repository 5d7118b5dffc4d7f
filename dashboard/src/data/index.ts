/** What pages know and do: documents of Supabase, when they are asked for again, and what people change. */

export * from './acting.svelte'
export * from './ask'
export * from './clock.svelte'
export * from './documents'
export * from './news'
export * from './settled.svelte'
export * from './source.svelte'
export * from './troubles'
export * from './wake.svelte'
export * from './watch'
