/** Numbers, spans and instants in the reader's language and the plant's time zone. Pure; a missing figure is a dash, never a zero. */

const MISSING = '–'
const HOUR = 3_600_000

/** Who reads where, and when it is there (ms since 1970). */
interface Here {
  readonly locale: string
  readonly zone: string
  readonly now: number
}

export class Formats {
  #here: Here
  #cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()

  constructor(here: Here) {
    this.#here = here
  }

  /** A figure, with at most `digits` behind the point. */
  number(value: number | null | undefined, digits = 0): string {
    return value == null ? MISSING : this.#numbers({ maximumFractionDigits: digits }).format(value + 0)
  }

  /** A difference with its sign: "+12", "−220", "±0". */
  signed(value: number | null | undefined, digits = 0): string {
    if (value == null) return MISSING
    const rounded = Number(value.toFixed(digits))
    return sign(rounded, this.number(Math.abs(rounded), digits))
  }

  /** A fraction as percent. */
  percent(value: number | null | undefined, digits = 0): string {
    return value == null ? MISSING : this.#numbers({ style: 'percent', maximumFractionDigits: digits }).format(value)
  }

  /** A fraction as percent with its sign. */
  signedPercent(value: number | null | undefined, digits = 0): string {
    if (value == null) return MISSING
    const rounded = Number((value * 100).toFixed(digits))
    return sign(rounded, this.percent(Math.abs(rounded) / 100, digits))
  }

  /** A span in minutes: "26 min", "3 h 11 min", "2 d 2 h". The signs of units are the same in every language. */
  minutes(value: number | null | undefined): string {
    if (value == null) return MISSING
    const all = Math.max(0, Math.round(value))
    const [days, hours, minutes] = [Math.floor(all / 1440), Math.floor(all / 60) % 24, all % 60]
    if (days > 0) return hours ? `${this.unit(days, 'd')} ${this.unit(hours, 'h')}` : this.unit(days, 'd')
    if (hours > 0) return minutes ? `${this.unit(hours, 'h')} ${this.unit(minutes, 'min')}` : this.unit(hours, 'h')
    return this.unit(minutes, 'min')
  }

  /** A short span in milliseconds: "9 s", "26 min". */
  seconds(ms: number): string {
    return ms < 60_000 ? this.unit(Math.max(0, Math.floor(ms / 1000)), 's') : this.minutes(Math.floor(ms / 60_000))
  }

  /** What something took: "38 ms", "1.9 s". */
  took(ms: number | null | undefined): string {
    if (ms == null) return MISSING
    return ms < 1000 ? this.unit(Math.round(ms), 'ms') : this.unit(ms / 1000, 's', ms < 9950 ? 1 : 0)
  }

  unit(value: number, sign: string, digits = 0): string {
    return `${this.number(value, digits)}\u00a0${sign}`
  }

  money(value: number | null | undefined, currency: string | null): string {
    if (value == null) return MISSING
    const isCode = currency !== null && /^[A-Z]{3}$/.test(currency)
    return this.#numbers(isCode ? { style: 'currency', currency, maximumFractionDigits: 0 } : { maximumFractionDigits: 0 }).format(value)
  }

  /** The plant's clock: "10:45"; in an hour that it shows twice with its zone, "02:30 CET". */
  time(at: string | number | null | undefined): string {
    if (at == null) return MISSING
    const instant = toMs(at)
    const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
    const text = this.#dates(clock).format(instant)
    const isTwice = [instant - HOUR, instant + HOUR].some((other) => this.#dates(clock).format(other) === text)
    return isTwice ? this.#dates({ ...clock, timeZoneName: 'short' }).format(instant) : text
  }

  /** A time, with its day if that is not today. */
  moment(at: string | number | null | undefined): string {
    if (at == null) return MISSING
    const day = { weekday: 'short', day: 'numeric', month: 'short' } as const
    const text = this.#dates(day).format(toMs(at))
    return text === this.#dates(day).format(this.#here.now) ? this.time(at) : `${text}, ${this.time(at)}`
  }

  /** How long ago something was, or was before `until`, as a span. */
  age(at: string | null | undefined, until: string | number = this.#here.now): string {
    return at == null ? MISSING : this.minutes(Math.floor(Math.max(0, toMs(until) - toMs(at)) / 60_000))
  }

  /** A calendar day such as "2026-03-10", which is of no time zone. */
  day(date: string, style: 'long' | 'short' = 'long'): string {
    const parts: Intl.DateTimeFormatOptions =
      style === 'long' ? { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } : { weekday: 'short', day: 'numeric', month: 'numeric' }
    return this.#dates({ ...parts, timeZone: 'UTC' }).format(Date.parse(`${date}T00:00:00Z`))
  }

  #numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const { locale } = this.#here
    return this.#kept([locale, options], () => new Intl.NumberFormat(locale, options)) as Intl.NumberFormat
  }

  #dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const { locale, zone } = this.#here
    return this.#kept([locale, zone, options], () => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options })) as Intl.DateTimeFormat
  }

  /** Making one takes longer than a thousand uses of it. */
  #kept(of: unknown[], make: () => Intl.NumberFormat | Intl.DateTimeFormat) {
    const key = JSON.stringify(of)
    const kept = this.#cache.get(key) ?? make()
    this.#cache.set(key, kept)
    return kept
  }
}

/** Return the zone if this browser knows it, else UTC. */
export function knownZone(zone: string | null | undefined): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone ?? 'UTC' }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}

/** What goes from right to left, or turns what is around it: Hebrew to Arabic, their presentation forms, scripts beyond, and marks of direction. */
const TURNING = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\ud802\ud803\ud83a\ud83b]/
const MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Return a text that is not longer than a page can show. */
export function cut(text: string | null | undefined, longest: number): string {
  const whole = text ?? ''
  return whole.length > longest ? `${whole.slice(0, longest - 1)}…` : whole
}

/**
 * Return a text of another system for a page. It is cut, and what would turn the words around it is isolated: in a title or an option no
 * element can do that. It loses its own marks, which could end the isolation.
 */
export function clip(text: string | null | undefined, longest = 200): string {
  const short = cut(text, longest)
  return TURNING.test(short) ? `\u2068${short.replace(MARKS, '')}\u2069` : short
}

function toMs(at: string | number): number {
  return typeof at === 'number' ? at : Date.parse(at)
}

function sign(value: number, text: string): string {
  return value === 0 ? `±${text}` : `${value < 0 ? '−' : '+'}${text}`
}
