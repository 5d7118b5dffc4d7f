/** Where a browser forbids storage, as some kiosks do, what would be kept in it is kept until the page is left. */

for (const name of ['localStorage', 'sessionStorage'] as const) {
  try {
    window[name].getItem('')
  } catch {
    const kept = new Map<string, string>()
    const [getItem, setItem] = [(key: string) => kept.get(key) ?? null, (key: string, text: string) => void kept.set(key, text)]
    Object.defineProperty(window, name, { value: { getItem, setItem, removeItem: (key: string) => void kept.delete(key) } })
  }
}
