import { isDeepStrictEqual } from 'node:util'

import { sql } from 'kysely'

import { shardQueue } from '../../db/queue.ts'
import { differentRows } from '../support/compared-rows.ts'
import { sound, soundness, until } from '../support/engine.ts'
import type { ChaosJob } from './chaos-job.ts'
import type { Stage } from './stage.ts'
import type { Subscriber } from './subscriber.ts'

/** What does not hold of a job after all that was done to it; empty when everything does. */
export async function findBroken(
  stage: Stage,
  job: ChaosJob,
  runs: { calmId: number; jobId: number; subscriber: Subscriber },
): Promise<string[]> {
  const { db } = stage.database
  const { calmId, jobId, subscriber } = runs
  const broken: string[] = []
  const expect = (what: string, actual: unknown, expected: unknown) => {
    if (!isDeepStrictEqual(actual, expected)) broken.push(`${what}: ${difference(actual, expected)}`)
  }

  // The tables have been filled within seconds, and are now read as a whole.
  await sql`analyze`.execute(db)
  for (const [name, value] of Object.entries(await soundness(db, jobId)))
    expect(`job: ${name}`, value, sound[name as keyof typeof sound])
  expect('counters and those of the undisturbed run', await counters(stage, jobId), await counters(stage, calmId))
  const fates = await job.fates(db, jobId)
  expect('counters and rows', await counters(stage, jobId), fates.counted)
  const items = job.items ?? (await job.fates(db, calmId)).items
  expect('items with exactly one fate', fates.items.toSorted(), items.toSorted())
  for (const [table, different] of Object.entries(await differentRows(db, job.kind, [jobId, calmId], 20)))
    expect(`rows of ${table}`, different, { surplus: [], missing: [] })
  expect('findings', await findingsOf(stage, jobId), await findingsOf(stage, calmId))

  const { rows: once } = await sql<{ type: string; n: number }>`
    select type, count(*)::int as n from job_events where job_id = ${jobId}
      and type in ('job.created', 'job.started', 'job.finishing', 'job.completed') group by type order by type`.execute(
    db,
  )
  expect(
    'events that come once',
    once.map(({ type, n }) => `${type} ${n}`),
    ['job.completed 1', 'job.created 1', 'job.finishing 1', 'job.started 1'],
  )
  const { rows: open } = await sql<{ key: string; state: string }>`
    select key, state from job_shards where job_id = ${jobId} and (state <> 'DONE' or wanted <> seen)`.execute(db)
  expect('shards left open', open, [])
  const { rows: sums } = await sql<{ byWorkers: number; done: number }>`
    select coalesce(sum(w.done), 0) as "byWorkers", (select done from jobs where id = ${jobId}) as done
    from job_workers w where w.job_id = ${jobId}`.execute(db)
  expect('the sum over the workers', sums[0]!.byWorkers, sums[0]!.done)

  const messages = async () =>
    (
      await sql<{ key: string; state: string }>`
        select data->>'shardKey' as key, state::text from pgboss.job
        where name = ${shardQueue} and state < 'completed' and data->>'jobId' = ${String(jobId)}`.execute(db)
    ).rows
  await until('the queue is empty', async () => (await messages()).length === 0, 20_000).catch(() => {})
  expect('messages left in the queue', await messages(), [])

  const { seq } = await db.selectFrom('jobs').select('seq').where('id', '=', jobId).executeTakeFirstOrThrow()
  const seenAll = () => Promise.resolve((subscriber.seen.at(-1) ?? 0) >= seq)
  await until('the subscriber has seen the end', seenAll, 20_000).catch(() => {})
  expect(
    'events seen by the subscriber',
    subscriber.seen,
    Array.from({ length: seq }, (_, i) => i + 1),
  )
  for (const process of [stage.api, ...stage.workers.map((worker) => worker.process)]) broken.push(...process.ownEnds)
  return broken
}

async function counters({ database }: Stage, jobId: number) {
  return database.db
    .selectFrom('jobs')
    .select(['total', 'succeeded', 'failed', 'skipped', 'results'])
    .where('id', '=', jobId)
    .executeTakeFirstOrThrow()
}

async function findingsOf({ database }: Stage, jobId: number): Promise<unknown[]> {
  const { rows } = await sql<{ data: unknown }>`
    select data from job_events where job_id = ${jobId} and type = 'finding' order by data::text`.execute(database.db)
  return rows.map(({ data }) => data)
}

/** In a line: of lists what is too much and what is missing. */
function difference(actual: unknown, expected: unknown): string {
  if (!Array.isArray(actual) || !Array.isArray(expected)) return `${brief(actual)} instead of ${brief(expected)}`
  const surplus = without(actual, expected)
  const missing = without(expected, actual)
  return `${actual.length} instead of ${expected.length}, too much: ${brief(surplus)}, missing: ${brief(missing)}`
}

function without(list: unknown[], others: unknown[]): string[] {
  const left = new Map<string, number>()
  for (const one of others) left.set(JSON.stringify(one), (left.get(JSON.stringify(one)) ?? 0) + 1)
  return list
    .map((one) => JSON.stringify(one))
    .filter((text) => {
      const count = left.get(text) ?? 0
      left.set(text, count - 1)
      return count <= 0
    })
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text
}
