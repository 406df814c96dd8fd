import { depths } from './terms.ts'
import type { Depth, EngineName, Instant } from './terms.ts'

/** What is stored of an earlier verdict. */
export interface Stored {
  depth: Depth
  engine: EngineName
  checkedAt: Instant
  /** Null: for ever. */
  holdsUntil: Instant | null
}

export interface Asked {
  depth: Depth
  engine: EngineName
  /** No verdict older than this many days; undefined for any that holds. */
  maxAgeDays?: number
  /** Ask anew, whatever is stored. */
  force?: boolean
}

/**
 * Whether a stored verdict answers the question, so that nobody is asked. While it holds, a deeper one of the same engine answers a
 * shallower question, and a service's, which is always of depth SMTP, answers one to `builtin`; never the other way.
 */
export function answers(stored: Stored, asked: Asked, now: Date): boolean {
  if (asked.force === true) return false
  if (stored.holdsUntil !== null && Date.parse(stored.holdsUntil) <= now.getTime()) return false
  if (asked.maxAgeDays !== undefined && now.getTime() - Date.parse(stored.checkedAt) > asked.maxAgeDays * 86_400_000)
    return false
  if (depths.indexOf(stored.depth) < depths.indexOf(asked.depth)) return false
  return stored.engine === asked.engine || asked.engine === 'builtin'
}
