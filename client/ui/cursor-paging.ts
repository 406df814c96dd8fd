/** Where a list stands: before or after a cursor in the order on the screen, or at its beginning. */
export interface CursorPlace {
  after?: string
  before?: string
}

export interface PageArguments {
  first?: number
  after?: string
  last?: number
  before?: string
}

export interface PageInfo {
  hasNextPage: boolean
  hasPreviousPage: boolean
  startCursor: string | null
  endCursor: string | null
}

export interface PageSteps {
  /** The place one page on, undefined on the last one. */
  next: CursorPlace | undefined
  /** The place one page back; `{}` where that is the beginning. Undefined on the first page. */
  previous: CursorPlace | undefined
}

/**
 * Arguments of a Relay connection for a place in the list. `reversed` shows the list from its end: the newest first, of a list
 * in the order of finding.
 */
export function pageArguments(place: CursorPlace, size: number, reversed: boolean): PageArguments {
  const fromStart = (after?: string) => (after ? { first: size, after } : { first: size })
  const fromEnd = (before?: string) => (before ? { last: size, before } : { last: size })
  if (place.before) return reversed ? fromStart(place.before) : fromEnd(place.before)
  return reversed ? fromEnd(place.after) : fromStart(place.after)
}

/** Which pages lie around this one. A side that we have come from exists, whatever the connection knows of it. */
export function pageSteps(place: CursorPlace, info: PageInfo, reversed: boolean): PageSteps {
  const [onCursor, backCursor] = reversed ? [info.startCursor, info.endCursor] : [info.endCursor, info.startCursor]
  const [hasOn, hasBack] = reversed
    ? [info.hasPreviousPage, info.hasNextPage]
    : [info.hasNextPage, info.hasPreviousPage]
  const next = (place.before || hasOn) && onCursor ? { after: onCursor } : undefined
  const previous = place.after || hasBack ? (backCursor ? { before: backCursor } : {}) : undefined
  return { next, previous }
}

/** True where paging back has arrived at the beginning: the place can be forgotten, so that new rows appear on top again. */
export function isBackAtStart(place: CursorPlace, info: PageInfo, reversed: boolean): boolean {
  return Boolean(place.before) && !(reversed ? info.hasNextPage : info.hasPreviousPage)
}
