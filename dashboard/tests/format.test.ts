import { expect, test } from 'vitest'
import { Formats, clip, knownZone } from '../src/figures/format'

const now = Date.parse('2026-03-11T09:49:00Z')
const en = new Formats({ locale: 'en-GB', zone: 'Europe/Brussels', now })
const de = new Formats({ locale: 'de-DE', zone: 'Europe/Brussels', now })
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

test('a missing figure is a dash and never a zero', () => {
  const all = [en.number(null), en.percent(null), en.signed(undefined), en.minutes(null), en.money(null, 'USD'), en.time(null), en.took(null)]

  expect(new Set(all)).toEqual(new Set(['–']))
  expect(en.number(0)).toBe('0')
})

test('numbers follow the reader', () => {
  expect(en.number(6411.2)).toBe('6,411')
  expect(de.number(6411.2)).toBe('6.411')
  expect(plain(de.percent(0.961, 1))).toBe('96,1 %')
  expect(plain(en.money(18420, 'USD'))).toBe('US$18,420')
  expect(en.money(18420, 'no code')).toBe('18,420')
})

test('a difference has its sign, and none is plus or minus zero', () => {
  expect([en.signed(-220), en.signed(12.4), en.signed(-0.4), en.signedPercent(-0.033, 1)]).toEqual(['−220', '+12', '±0', '−3.3%'])
})

test('a span has two units at most', () => {
  expect([0.4, 26, 60, 191, 3000].map((minutes) => plain(en.minutes(minutes)))).toEqual(['0 min', '26 min', '1 h', '3 h 11 min', '2 d 2 h'])
  expect([38, 1900, 42_000].map((ms) => plain(de.took(ms)))).toEqual(['38 ms', '1,9 s', '42 s'])
})

test('an hour that the clock shows twice is told with its zone', () => {
  expect(en.time('2026-10-25T00:30:00Z')).toBe('02:30 CEST')
  expect(en.time('2026-10-25T01:30:00Z')).toBe('02:30 CET')
  expect(en.time('2026-10-25T02:30:00Z')).toBe('03:30')
})

test('a time of another day has its day', () => {
  expect(en.moment('2026-03-11T09:45:00+00:00')).toBe('10:45')
  expect(en.moment('2026-03-10T23:30:00+00:00')).toBe('00:30')
  expect(en.moment('2026-03-10T20:00:00+00:00')).toBe('Tue 10 Mar, 21:00')
})

test('an age ends now, or when it is said to end', () => {
  expect(plain(en.age('2026-03-11T06:38:30Z'))).toBe('3 h 10 min')
  expect(plain(en.age('2026-03-11T06:38:30Z', '2026-03-11T06:40:00Z'))).toBe('1 min')
})

test('a language or zone that changes is followed', () => {
  const here = { locale: 'en-GB', zone: 'UTC', now }
  const format = new Formats(here)
  expect([format.number(1234.5, 1), format.time(now)]).toEqual(['1,234.5', '09:49'])

  Object.assign(here, { locale: 'de-DE', zone: 'Europe/Brussels' })

  expect([format.number(1234.5, 1), format.time(now)]).toEqual(['1.234,5', '10:49'])
})

test('a calendar day is the same day everywhere', () => {
  expect(new Formats({ locale: 'en-GB', zone: 'Pacific/Kiritimati', now }).day('2026-03-10').replace(',', '')).toBe('Tuesday 10 March 2026')
  expect(de.day('2026-03-10', 'short')).toBe('Di., 10.3.')
})

test('a zone that the browser does not know is UTC', () => {
  expect([knownZone('Mars/Olympus'), knownZone(null), knownZone('Europe/Brussels')]).toEqual(['UTC', 'UTC', 'Europe/Brussels'])
})

test('a megabyte is cut', () => {
  expect(clip('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxx…')
  expect(clip(null)).toBe('')
  expect(clip('Pressa 4 · Größe – 冲压')).toBe('Pressa 4 · Größe – 冲压')
  expect(clip('\u2069\u202e\u05d0\u05d1 7')).toBe('\u2068\u05d0\u05d1 7\u2069')
  expect(clip('\u202eabc')).toBe('\u2068abc\u2069')
})
