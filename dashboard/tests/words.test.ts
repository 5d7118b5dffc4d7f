import { expect, test } from 'vitest'
import alerts from '../src/words/alerts.json'
import { chooseLanguage, fill } from '../src/words/fill'
import { words } from '../src/words/words'

const braces = (text: string) => new Set(text.match(/\{\w+\}/g))
const files = import.meta.glob<string>('../src/**/*.{svelte,ts}', { query: '?raw', import: 'default', eager: true })
const sources = Object.entries(files)
  .filter(([name]) => !name.endsWith('words.ts'))
  .map(([, text]) => text)
  .join('\n')
/** Words that are put together from a code. */
const BY_CODE =
  /^(page|role|trouble|state|step|tag|quality)_|^(low|medium|high|critical|info|failed|partial|abandoned|open|absent|session_ended|link_used|link_elsewhere)$|_one$/

test('both languages are there and have the same values in their braces', () => {
  for (const [key, [english, german]] of Object.entries(words)) {
    expect(english, key).toBeTruthy()
    expect(german, key).toBeTruthy()
    // One of something may be a word instead of its number.
    const many = key.endsWith('_one') ? words[key.slice(0, -4) as keyof typeof words] : null
    if (!many) expect(braces(german), key).toEqual(braces(english))
    else [english, german].forEach((text, i) => expect([...braces(many[i] ?? '')], key).toEqual(expect.arrayContaining([...braces(text)])))
  }
})

test('no word is left over', () => {
  const unused = Object.keys(words).filter((key) => !BY_CODE.test(key) && !new RegExp(`['"]${key}['"]|^\\s+${key},$`, 'm').test(sources))

  expect(unused).toEqual([])
})

test('alerts have the same words in both languages', () => {
  for (const part of ['what', 'do', 'value', 'pipeline'] as const) expect(Object.keys(alerts.de[part])).toEqual(Object.keys(alerts.en[part]))
})

test('values are put into their braces, and a missing one can be seen', () => {
  expect(fill('{n} of {all}', { n: 3 })).toBe('3 of {all}')
  expect(fill('{n}', { n: '$&' })).toBe('$&')
})

test('the first language that the pages speak is taken', () => {
  expect(chooseLanguage(['fr-BE', 'de-AT', 'en'])).toEqual({ language: 'de', locale: 'de-AT' })
  expect(chooseLanguage(['fr', ''])).toEqual({ language: 'en', locale: 'en-GB' })
})
