import { readStored, writeStored } from './ui/stored.ts'

const storedKey = 'mailquarry.forgettings'

/**
 * How often somebody has been forgotten, as far as this tab knows, and whether a message of `forgotten` says just that: the server tells the number at each connection.
 * A tab begins with the number that this device was told last. All that it loads is younger than that one, so that nobody is forgotten
 * unnoticed between the first page and the first message; the price is that a page is loaded twice where somebody was forgotten since the last visit.
 */
export function watchForgettings(): {
  isKnown: (message: Record<string, unknown> | null | undefined) => boolean
  known: () => number
} {
  const stored = readStored(storedKey)
  let known = typeof stored === 'number' ? stored : 0
  return {
    known: () => known,
    isKnown(message) {
      const told = message?.['forgotten']
      if (typeof told !== 'number') return false
      if (told === known) return true
      // Fewer, too, are news: a backup was restored, with who was forgotten since.
      known = told
      writeStored(storedKey, told)
      return false
    },
  }
}
