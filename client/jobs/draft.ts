/** Where the half-filled form of a kind is kept. */
export function draftKey(kind: string): string {
  return `mailquarry.draft.${kind}`
}
