import { readable } from '../ui/readable-domain.ts'

/** Which events of a log are shown. Empty: all. */
export interface EventFilter {
  /** Types; with a dot at its end one stands for all that begin so. */
  types: readonly string[]
  text: string
}

interface Filterable {
  type: string
  message: string
  url: string | null
  item: string | null
}

/** The same rules as the server's, for events that arrive while the filter is on. */
export function passes(event: Filterable, { types, text }: EventFilter): boolean {
  const ofType =
    types.length === 0 || types.some((type) => (type.endsWith('.') ? event.type.startsWith(type) : event.type === type))
  const part = text.toLowerCase()
  const places = [event.message, event.url, event.item].map((place) => (place ?? '').toLowerCase())
  return ofType && places.some((place) => place.includes(part) || readable(place).includes(part))
}

export function filtersNothing({ types, text }: EventFilter): boolean {
  return types.length === 0 && text === ''
}
