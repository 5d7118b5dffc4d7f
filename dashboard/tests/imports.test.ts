import { expect, test } from 'vitest'

const files = import.meta.glob<string>('../src/**/*.{svelte,ts}', { query: '?raw', import: 'default', eager: true })
/** What a module needs when it is loaded: types are gone by then. */
const NEEDS = /^\s*(?:import|export) (?!type )(?:[^'"]*? from )?'(\.[^']*)'/gm

function needed(name: string): string[] {
  const places = [...(files[name] ?? '').matchAll(NEEDS)].map(([, place = '']) => new URL(place, `file:///${name.slice(3)}`).pathname.slice(1))
  return places.map((place) => [`${place}.ts`, `${place}/index.ts`, place].map((one) => `../${one}`).find((one) => one in files) ?? '')
}

/** Return the ways that lead back to where they began. */
function cycles(name: string, way: string[], done: Set<string>): string[] {
  if (way.includes(name)) return [[...way.slice(way.indexOf(name)), name].join(' -> ')]
  if (name === '' || done.has(name)) return []
  const found = needed(name).flatMap((next) => cycles(next, [...way, name], done))
  done.add(name)
  return found
}

test('no module needs itself, by whatever way', () => {
  expect(needed('../src/App.svelte')).toContain('../src/session.svelte.ts')
  expect(needed('../src/session.svelte.ts')).toContain('../src/data/troubles.ts')

  const done = new Set<string>()
  expect(Object.keys(files).flatMap((name) => cycles(name, [], done))).toEqual([])
})
