import type { introspection } from '../graphql-env.d.ts'
import { formatCount, formatCounted } from '../ui/format.ts'
import { asRecord } from '../ui/stored.ts'
import type { Tone } from '../ui/ToneBadge.vue'

export type SuppressionSource = introspection['types']['SuppressionSource']['enumValues']

export const sourceWords: Record<SuppressionSource, { label: string; tone: Tone; says: string }> = {
  PERSON: { label: 'By hand', tone: 'neutral', says: 'Somebody put it onto the list.' },
  UPLOAD: { label: 'From a file', tone: 'neutral', says: 'It stood in a list that was uploaded.' },
  OBJECTION: {
    label: 'Objection',
    tone: 'warning',
    says: 'Its owner has objected to a service that was asked about it (451).',
  },
  FORGOTTEN: {
    label: 'Forgotten',
    tone: 'info',
    says: 'It was removed from everywhere; a salted hash is all that is kept of it.',
  },
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same keys as in the record
export const sourceNames = Object.keys(sourceWords) as SuppressionSource[]

/** What comes of taking an address from the list, by how it came there. */
export function consequencesOfTakingOff(source: SuppressionSource): string {
  const from = 'Off the list, jobs may store this address, ask about it and write to it again.'
  switch (source) {
    case 'OBJECTION':
      return `Its owner has objected to a service that was asked about it. ${from} A later objection does not bring it back onto the list: do this only where its owner agrees.`
    case 'FORGOTTEN':
      return `This person has asked to be forgotten. ${from} What was removed does not come back.`
    case 'PERSON':
    case 'UPLOAD':
      return from
  }
}

export interface Suppressed {
  added: number
  known: number
  unreadable: number
}

export function wordsOfSuppressed({ added, known, unreadable }: Suppressed): string {
  const parts = [
    added === 0 ? 'No address is new on the list.' : `${formatCounted(added, 'address', 'addresses')} put on the list.`,
  ]
  if (known > 0)
    parts.push(
      `${formatCount(known)} ${known === 1 ? 'was there already and keeps its' : 'were there already and keep their'} reason.`,
    )
  if (unreadable > 0)
    parts.push(
      `${formatCounted(unreadable, 'piece')} with an @ ${unreadable === 1 ? 'is no address and was' : 'are no addresses and were'} passed over.`,
    )
  return parts.join(' ')
}

export interface Forgotten {
  rows: number
  texts: number
}

/** What one page tells the next of a forgetting by way of the history, whose state may be anything. */
export function parseForgotten(found: unknown): Forgotten | undefined {
  const { rows, texts } = asRecord(found)
  return typeof rows === 'number' && typeof texts === 'number' ? { rows, texts } : undefined
}

export function wordsOfForgotten({ rows, texts }: Forgotten): string {
  if (rows + texts === 0) return 'The person is forgotten. No row was about them, and no text named them.'
  const removed =
    rows === 0
      ? 'no row was about them'
      : `${formatCounted(rows, 'row')} about them ${rows === 1 ? 'is' : 'are'} removed`
  const named =
    texts === 0
      ? 'no text names them'
      : `${formatCounted(texts, 'text')} ${texts === 1 ? 'names' : 'name'} them no more`
  return `The person is forgotten: ${removed}, and ${named}.`
}

/**
 * The address of a row, as far as it is known: that of a forgotten person to those alone who search for all of it. A row that is found by its
 * reason is somebody else's.
 */
export function addressOfRow(row: { address: string | null; reason: string }, sought: string): string | undefined {
  if (row.address !== null) return row.address
  const isWhole = /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(sought)
  return isWhole && !row.reason.toLowerCase().includes(sought.toLowerCase()) ? sought : undefined
}
