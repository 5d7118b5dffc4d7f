/** Who reads: in which language, in which plant's time zone, and when. Everything on the pages follows it at once. */

import { clock } from '../data/clock.svelte'
import { Formats, knownZone } from '../figures/format'
import { chooseLanguage, fill, type Values } from './fill'
import { words, type Word } from './words'

const KEPT_IN = 'plantpulse-language'

class Reader {
  #chosen = $state(chooseLanguage([localStorage.getItem(KEPT_IN) ?? '', ...navigator.languages]))
  #zone = $state('UTC')

  get language(): 'en' | 'de' {
    return this.#chosen.language
  }

  get locale(): string {
    return this.#chosen.locale
  }

  get now(): number {
    return clock.now
  }

  get zone(): string {
    return this.#zone
  }

  set zone(zone: string | null) {
    this.#zone = knownZone(zone)
  }

  switchLanguage(): void {
    const other = this.language === 'en' ? 'de' : 'en'
    this.#chosen = chooseLanguage([...navigator.languages.filter((locale) => locale.startsWith(other)), other])
    localStorage.setItem(KEPT_IN, this.#chosen.locale)
  }
}

export { clip } from '../figures/format'
export { beside } from './fill'
export const reader = new Reader()
/** Numbers, spans and instants as this reader writes them. */
export const format = new Formats(reader)

/** Return a text in the reader's language. */
export function t(word: Word, values: Values = {}): string {
  const one = `${word}_one`
  const [english, german] = words[String(values.n) === '1' && one in words ? (one as Word) : word]
  return fill(reader.language === 'de' ? german : english, values)
}

/** Return the words of a code that another part of the system made, or the code itself if it has none. */
export function tell(prefix: string, code: string): string {
  const word = `${prefix}${code}`
  return word in words ? t(word as Word) : code
}
