import { expect } from 'vitest'

import type { TestApi } from './api.ts'
import { addNotes } from './rows.ts'

/** The events of a job as a subscriber gets them, and as the engine leaves them. */

export const jobEvents = `subscription ($jobId: ID!, $after: Float, $mostBehind: Int) {
  jobEvents(jobId: $jobId, after: $after, mostBehind: $mostBehind) {
    __typename
    ... on JobSnapshot { job { id state lastSeq progress { done ratePerSecond workers { id } } waitingUntil } }
    ... on JobEvent { seq type message }
    ... on ResyncRequired { firstSeq lastSeq }
    ... on NotFound { code }
  }
}`

export interface JobEventPayload {
  __typename: 'JobSnapshot' | 'JobEvent' | 'ResyncRequired' | 'NotFound'
  seq: number
  message: string
  firstSeq: number
  lastSeq: number
  job: { state: string; lastSeq: number; progress: { done: number } }
}

/** Reads the payloads one by one; undefined after the last. */
export function follow(api: TestApi, jobId: number | string, after?: number, mostBehind?: number) {
  const results = api.socket().iterate<{ jobEvents: JobEventPayload }>({
    query: jobEvents,
    variables: { jobId: String(jobId), after, mostBehind },
  })
  return {
    async next(): Promise<JobEventPayload | undefined> {
      const { done, value } = await results.next()
      if (done) return undefined
      expect(value.errors).toBeUndefined()
      return value.data!.jobEvents
    },
  }
}

/** Events as the engine leaves and tells them. */
export async function happen(api: TestApi, jobId: number, count: number): Promise<void> {
  api.engine.notices.changed(jobId, await addNotes(api.engine.db, jobId, count))
}
