import { expect, test } from 'vitest'
import { type Found, type Look, newsIn } from '../src/data/news'

const MARKS: Found['marks'] = { run: '812', safety: '1/0/9', alert: '4', report: '790', poll: '7' }
const before = { plant: 'northfield', marks: MARKS }
const look = (marks: Found['marks'], more: Partial<Look> = {}): Look => ({
  found: { plant: 'northfield', marks: { ...MARKS, ...marks } },
  heard: [],
  isFailing: false,
  isPoll: true,
  ...more,
})

test('what did not change is no news, and each mark that changed is told', () => {
  expect(newsIn(before, look({}))).toEqual([])
  expect(newsIn(before, look({ safety: '2/0/10', report: '843' }))).toEqual(['safety', 'report'])
})

test('a change is told whoever asked for the plants', () => {
  expect(newsIn(before, look({ report: '843' }, { isPoll: false }))).toEqual(['report'])
})

test('what pages heard together with the question is asked for already', () => {
  expect(newsIn(before, look({ run: '813', report: '843' }, { heard: ['run'] }))).toEqual(['report'])
  expect(newsIn(before, look({ run: '813', safety: '2' }, { heard: [null] }))).toEqual([])
})

test('what is not asked together with the plants may have changed since it was heard', () => {
  const heard: Look['heard'] = ['safety', 'alert', 'poll', 'tags']

  expect(newsIn(before, look({ safety: '2', alert: '5', poll: '8' }, { heard }))).toEqual(['safety', 'alert', 'poll'])
})

test('where the cheap poll fails nobody can say what changed, and a question that is repeated tells nothing', () => {
  expect(newsIn(before, look({ run: '813' }, { isFailing: true }))).toEqual([null])
  expect(newsIn(before, look({ run: '813' }, { isFailing: true, isPoll: false }))).toEqual([])
})

test('another plant, the first look and marks that come for the first time are no news', () => {
  expect(newsIn(null, look({}))).toEqual([])
  expect(newsIn(before, look({}, { found: null }))).toEqual([])
  expect(newsIn(before, look({}, { found: { plant: 'southfield', marks: { run: '5' } } }))).toEqual([])
  expect(newsIn({ plant: 'northfield', marks: { run: '812' } }, look({ safety: '2' }))).toEqual([])
})
