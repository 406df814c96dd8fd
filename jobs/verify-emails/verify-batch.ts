import { z } from 'zod'

import type { NewVerification } from '../../db/job-verifications.ts'
import type { NewVerdict } from '../../db/verdicts.ts'
import type { ListRange, ListRow, VerifyList } from '../../db/verify-lists.ts'
import type { Depth, EngineName } from '../engines/verify/terms.ts'
import { listPlace, readAs } from './list-place.ts'

/** What a step of a verification stores. */
export interface VerifyBatch {
  /** How the list is read; with the first rows of it. */
  list?: VerifyList
  rows: ListRow[]
  /** With all that follows. */
  rules?: VerifyRules
  /** Verdicts for whoever asks later. */
  verdicts: NewVerdict[]
  /** Verdicts for this job's list. */
  found: NewVerification[]
  /** Ranges whose addresses the store is to answer. */
  asked: ListRange[]
  /** Ranges whose rows all have their fate now: what was not checked for its own sake is a duplicate or empty. */
  closed: ListRange[]
}

/** Which verdicts of the store do for a job. */
export interface VerifyRules {
  /** The preferred first. */
  answers: { depth: Depth; engine: EngineName }[]
  now: Date
  /** What was checked before does not. */
  notBefore: Date | null
  /** The user wants checks although there are verdicts that hold. */
  forced: boolean
}

export function emptyBatch(): VerifyBatch {
  return { rows: [], verdicts: [], found: [], asked: [], closed: [] }
}

const list = z.object({
  of: z.literal('list'),
  /** Rows that have been stored. */
  read: z.number().int(),
  place: listPlace.optional(),
  readAs,
  /** That it has lines that are not in UTF-8 has been told. */
  guessTold: z.boolean().optional(),
})

const rows = z.object({
  of: z.literal('rows'),
  /** What is no result of its own has been counted. */
  closed: z.boolean(),
})

export type RowsState = z.infer<typeof rows>

export const verifyCheckpoint = z.discriminatedUnion('of', [list, rows])
export type VerifyCheckpoint = z.infer<typeof verifyCheckpoint>
