import type { RouteLocationRaw } from 'vue-router'

import { storedKeys, writeStored } from '../ui/stored.ts'

const draftsKey = 'mailquarry.draft.'
const filledInMark = '.filled-in'

/** Where a half-filled form is kept: of each kind the one that somebody types, and beside it the one that was filled in for them. */
export function draftKey(kind: string, filledIn: boolean): string {
  return `${draftsKey}${kind}${filledIn ? filledInMark : ''}`
}

/** Fills in the form of a kind, and says where it is. What somebody has typed into it stays where it was. */
export function filledIn(kind: string, values: object): RouteLocationRaw {
  writeStored(draftKey(kind, true), values)
  return { name: 'new-job', query: { kind, draft: 'filled-in' } }
}

/** Drops what was filled in and never started. What somebody has typed stays. */
export function dropFilledIn(): void {
  for (const key of storedKeys())
    if (key.startsWith(draftsKey) && key.endsWith(filledInMark)) writeStored(key, undefined)
}
