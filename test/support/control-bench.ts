import { sql } from 'kysely'
import { afterAll } from 'vitest'

import { startApi } from './api.ts'
import { sound } from './engine.ts'
import { relayBench } from './relay-bench.ts'

const jobFields =
  'id state title error { code } summary finishedAt allowedActions progress { done total succeeded failed skipped results }'

const startResult = `__typename
  ... on StartJobSuccess { replayed job { id } }
  ... on UserError { message code }
  ... on RateLimited { retryAfterSeconds }
  ... on ValidationError { issues { path message } }`

/** For a test file about the control of jobs over the API: relay jobs that are started, looked at and acted on by mutations. */
export async function controlBench() {
  const relay = await relayBench()
  const { db } = relay
  const api = await startApi(relay)
  afterAll(() => api.close())
  return {
    ...relay,
    api,
    work: (count = 1) => relay.work(count),
    async start(input: object, key?: string) {
      const { result } = await api.data<{ result: { job: { id: string }; __typename: string } }>(
        `mutation ($input: RelayInput!, $key: String) { result: startRelay(input: $input, idempotencyKey: $key) { ${startResult} } }`,
        { input, key },
      )
      return { ...result, id: Number(result.job?.id) }
    },
    /** Asks for something of one job: `act('pauseJob', id)`. */
    async act(name: string, id: number) {
      const { result } = await api.data<{ result: Record<string, unknown> }>(
        `mutation ($id: ID!) { result: ${name}(id: $id) { __typename
      ... on UserError { message code }
      ${name === 'deleteJob' ? '... on DeleteJobSuccess { id }' : `... on JobSuccess { job { ${jobFields} input } } ... on ValidationError { issues { path } }`}
      ... on InvalidTransition { from attempted allowed } } }`,
        { id: String(id) },
      )
      return result
    },
    /** Asks for something of all jobs that the filter lets through. */
    async bulk(name: string, filter: object, dryRun?: boolean) {
      const { result } = await api.data<{ result: { count: number; dryRun: boolean } }>(
        `mutation ($filter: JobFilter!, $dryRun: Boolean) { result: ${name}(filter: $filter, dryRun: $dryRun) { __typename
      ... on JobsSuccess { count dryRun } ... on UserError { message } } }`,
        { filter, dryRun },
      )
      return result
    },
    async jobOf(id: number) {
      const { job } = await api.data<{ job: Record<string, unknown> | null }>(
        `query ($id: ID!) { job(id: $id) { ${jobFields} } }`,
        { id: String(id) },
      )
      return job
    },
    /** The data of the events of a type, in their order. */
    async eventsOf(jobId: number, type: string) {
      const { rows } = await sql<{ data: Record<string, unknown> }>`
        select data from job_events where job_id = ${jobId} and type = ${type} order by seq`.execute(db)
      return rows.map(({ data }) => data)
    },
  }
}

/** Of a job that has been completed more than once. */
export const soundAgain = (finishes: number) => ({ ...sound, finishes })
