import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Source } from '../src/data/source.svelte'
import { AskError, pauseBefore, troubleOf } from '../src/data/troubles'
import { readSettings } from '../src/settings'
import { versionIn } from '../src/version'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const made = (figure: number) => ({ now: new Date().toISOString(), figure })

test('any number of wake-ups during a request is one request after it', async () => {
  const answers: ((document: { now: string }) => void)[] = []
  const source = new Source(() => new Promise<{ now: string }>((resolve) => answers.push(resolve)))
  source.refresh()
  await vi.advanceTimersByTimeAsync(0)
  for (let i = 0; i < 1000; i++) source.refresh()
  await vi.advanceTimersByTimeAsync(5000)
  expect(answers.length).toBe(1)

  answers[0]?.(made(1))
  await vi.advanceTimersByTimeAsync(5000)

  expect(answers.length).toBe(2)
  source.close()
})

test('old values stay while a request fails, and it goes on trying', async () => {
  let isUp = true
  const ask = vi.fn(async () => {
    if (!isUp) throw new AskError('busy', 'HTTP 503')
    return made(7)
  })
  const source = new Source(ask)
  source.refresh()
  await vi.advanceTimersByTimeAsync(0)

  isUp = false
  source.refresh()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(source.document?.figure).toBe(7)
  expect(source.failure?.trouble).toBe('busy')
  expect(ask).toHaveBeenCalledTimes(5)

  isUp = true
  await vi.advanceTimersByTimeAsync(30_000)
  expect(source.failure).toBeNull()
  source.close()
})

test('what comes often does not shorten the pauses between tries, and somebody who is back does', async () => {
  const ask = vi.fn(async () => {
    throw new AskError('busy', 'HTTP 503')
  })
  const source = new Source<{ now: string }>(ask)
  const often = setInterval(source.refresh, 2000)
  source.refresh()
  await vi.advanceTimersByTimeAsync(60_000)
  // At 0, 1, 3, 7, 15 and 31 s.
  expect(ask).toHaveBeenCalledTimes(6)

  source.refresh(true)
  await vi.advanceTimersByTimeAsync(0)
  expect(ask).toHaveBeenCalledTimes(7)
  clearInterval(often)
  source.close()
})

test('a page that was left asks nothing more', async () => {
  const ask = vi.fn(async () => {
    throw new AskError('offline', '')
  })
  const source = new Source<{ now: string }>(ask)
  source.refresh()
  await vi.advanceTimersByTimeAsync(0)
  source.close()
  await vi.advanceTimersByTimeAsync(600_000)

  expect(ask).toHaveBeenCalledTimes(1)
})

test('pauses grow up to half a minute', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map(pauseBefore)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
})

test.each([
  [0, '', 'TypeError: Failed to fetch', 'offline'],
  [0, '', 'TimeoutError: signal timed out', 'slow'],
  [500, '57014', 'canceling statement', 'slow'],
  [404, 'PGRST202', 'no function', 'missing'],
  [401, '', 'Invalid API key', 'project'],
  [401, 'PGRST301', 'JWT expired', 'session'],
  [403, '42501', 'permission denied', 'forbidden'],
  [503, '', '', 'busy'],
  [400, '23514', 'check violation', 'refused'],
] as const)('an answer %i %s is told as what to do about it', (status, code, message, trouble) => {
  expect(troubleOf(status, code, message)).toBe(trouble)
})

test('settings without an address or a key are none', () => {
  expect(readSettings(undefined)).toBeNull()
  expect(readSettings({ url: 'javascript:alert(1)', key: 'k' })).toBeNull()
  expect(readSettings({ url: 'https://x.example/', key: 'k' })?.url).toBe('https://x.example')
})

test('the version of config.js is found, however it was written', () => {
  expect(versionIn('window.PLANTPULSE = {"key": "k", "version": "0.1.0+1a2b"};')).toBe('0.1.0+1a2b')
  expect(versionIn("window.PLANTPULSE = { url: 'x', version: '2' }")).toBe('2')
  expect(versionIn('The board is not configured; its log says why')).toBeNull()
})
