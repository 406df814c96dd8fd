import { createClient } from 'graphql-ws'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { appendEvents } from '../../db/jobs.ts'
import { openStage, type Stage } from '../chaos/stage.ts'
import { until } from '../support/engine.ts'
import { addAddresses, addJob } from '../support/rows.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ workers: 0, slots: 1, allowHosts: [] })
})
afterAll(() => stage.close())

test.each(['api', 'postgres'] as const)(
  'whoever subscribes again with what it had last gets each event and each result once, whatever happens to %s',
  async (victim) => {
    const { db } = stage.database
    const jobId = await addJob(db)
    const url = `${stage.apiUrl.replace('http', 'ws')}/graphql`
    const events = followAgain<number>(url, {
      query: `subscription ($jobId: ID!, $after: Float) { jobEvents(jobId: $jobId, after: $after) { ... on JobEvent { seq } } }`,
      variables: (had) => ({ jobId, after: had.at(-1) ?? 0 }),
      take: ({ jobEvents }) => (jobEvents.seq === undefined ? [] : [jobEvents.seq]),
    })
    let cursor: string | undefined
    const results = followAgain<string>(url, {
      query: `subscription ($jobId: ID!, $after: String) { jobResults(jobId: $jobId, after: $after) {
        ... on JobResultBatch { cursor results { ... on JobEmail { address } } } } }`,
      variables: () => ({ jobId, after: cursor }),
      take({ jobResults }) {
        cursor = jobResults.cursor ?? cursor
        return (jobResults.results ?? []).map(({ address }) => address)
      },
    })
    const steps = 40
    for (let step = 1; step <= steps; step++) {
      if (step % 15 === 0) await (victim === 'api' ? stage.api.kill() : stage.killPostgres())
      await until(`step ${step} is stored`, () => addStep(jobId, step))
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    await until('all has come', async () => events.had.length >= steps && results.had.length >= steps * 2, 60_000)
    expect(events.had).toEqual(Array.from({ length: steps }, (_, i) => i + 1))
    expect(results.had).toEqual(Array.from({ length: steps * 2 }, (_, i) => addressOf(i)))
    expect(events.lost() + results.lost()).toBeGreaterThan(victim === 'api' ? 1 : -1)
    await Promise.all([events.close(), results.close()])
  },
)

/** An event and two results in one transaction, as a step leaves them. False where the database was away. */
async function addStep(jobId: number, step: number): Promise<boolean> {
  const { db } = stage.database
  try {
    await db.transaction().execute(async (trx) => {
      const { numAffectedRows } = await sql`
        update jobs set steps = ${step}, results = ${step * 2} where id = ${jobId} and steps < ${step}`.execute(trx)
      // Stored before; only the answer was lost.
      if (!numAffectedRows) return
      const found = [0, 1].map((i) => ({ address: addressOf(step * 2 - 2 + i) }))
      await addAddresses(trx, jobId, { seq: step, groupId: 1_000_000 * jobId + step }, found)
      await appendEvents(trx, jobId, [{ type: 'note' }])
    })
  } catch {
    return false
  }
  stage.engine.notices.changed(jobId, step)
  return true
}

function addressOf(n: number): string {
  return `a${String(n).padStart(5, '0')}@example.com`
}

interface Message {
  jobEvents: { seq?: number }
  jobResults: { cursor?: string; results?: { address: string }[] }
}

/** Subscribes with the stock protocol, and anew whenever the connection is lost. */
function followAgain<Item>(
  url: string,
  options: {
    query: string
    variables: (had: Item[]) => Record<string, unknown>
    take: (message: Message) => Item[]
  },
) {
  const { query, variables, take } = options
  const had: Item[] = []
  let over = false
  let lost = 0
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 })
  const following = (async () => {
    while (!over) {
      try {
        const messages = client.iterate<Message>({ query, variables: variables(had) })
        for await (const { data } of messages) if (data) had.push(...take(data))
      } catch {
        lost++
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  return {
    had,
    /** How often the connection was lost, or not to be had. */
    lost: () => lost,
    async close() {
      over = true
      await client.dispose()
      await following
    },
  }
}
