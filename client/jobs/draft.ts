import type { RouteLocationRaw } from 'vue-router'

import { writeStored } from '../ui/stored.ts'

/** Where a half-filled form is kept: of each kind the one that somebody types, and beside it the one that was filled in for them. */
export function draftKey(kind: string, filledIn: boolean): string {
  return `mailquarry.draft.${kind}${filledIn ? '.filled-in' : ''}`
}

/** Fills in the form of a kind, and says where it is. What somebody has typed into it stays where it was. */
export function filledIn(kind: string, values: object): RouteLocationRaw {
  writeStored(draftKey(kind, true), values)
  return { name: 'new-job', query: { kind, draft: 'filled-in' } }
}
