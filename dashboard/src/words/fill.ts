/** Words with values in them. Pure. */

export type Values = Record<string, string | number>

/** Return a text with the values in its braces; a value that is missing leaves its braces, to be seen in tests. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (braces, name: string) => String(values[name] ?? braces))
}

/** Return the texts that there are, side by side. */
export function beside(...texts: (string | false | null | undefined)[]): string {
  return texts.filter(Boolean).join(' · ')
}

/** Return the first language of a browser that the pages speak; English if none. */
export function chooseLanguage(wanted: readonly string[]): { language: 'en' | 'de'; locale: string } {
  for (const locale of wanted) {
    const language = locale.slice(0, 2).toLowerCase()
    if (language === 'en' || language === 'de') return { language, locale }
  }
  return { language: 'en', locale: 'en-GB' }
}
