import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'

import { startJob } from '../../jobs/control.ts'
import { localOwner } from '../../server/auth.ts'
import { sound, soundness, stateOf, until } from '../support/engine.ts'
import type { Stage, Target } from './stage.ts'
import { followEvents } from './subscriber.ts'

export interface ChaosPlan {
  seed: number
  kills: number
  /** How likely each target is, in percent. */
  targets: Record<Target, number>
  pauseMs: [least: number, most: number]
}

export interface ChaosReport {
  kills: Record<Target, number>
  /** Kills whose victim was running a shard. */
  hits: number
  /** Shards that were taken over from lost workers. */
  takenOver: number
  seconds: number
  /** What does not hold; empty when all does. */
  broken: string[]
}

/** Runs a job of a kind undisturbed and then again under kills, and compares: `rowsOf` gives what must be equal. */
export async function runChaos(
  stage: Stage,
  job: { kind: string; input: object; calmInput?: object },
  rowsOf: (jobId: number) => Promise<unknown>,
  plan: ChaosPlan,
): Promise<ChaosReport> {
  const { db } = stage.database
  const start = (input: object) => startJob(stage.engine, { kind: job.kind, input, owner: localOwner })
  const ended = (jobId: number, withinMs: number) =>
    until(
      `job ${jobId} ends`,
      () =>
        stateOf(db, jobId).then(
          (state) => state === 'COMPLETED' || state === 'FAILED',
          () => false,
        ),
      withinMs,
    )
  const calmAt = Date.now()
  const calm = await start(job.calmInput ?? job.input)
  await ended(calm.jobId, 600_000)

  console.error(`${job.kind}: undisturbed run in ${Math.round((Date.now() - calmAt) / 1_000)} s`)
  const random = seeded(plan.seed)
  const startedAt = Date.now()
  const { jobId } = await start(job.input)
  const subscriber = followEvents(stage.apiUrl, jobId)
  const report: ChaosReport = {
    kills: { worker: 0, api: 0, postgres: 0 },
    hits: 0,
    takenOver: 0,
    seconds: 0,
    broken: [],
  }
  for (let n = 0; n < plan.kills; n++) {
    const [least, most] = plan.pauseMs
    await sleep(least + random() * (most - least))
    if ((await stateOf(db, jobId).catch(() => 'unknown')) === 'COMPLETED') break
    const target = targetOf(plan.targets, random() * 100)
    if ((await stage.kill(target, random())) > 0) report.hits++
    report.kills[target]++
    console.error(`${job.kind}: kill ${n + 1}: ${target}`)
  }
  await ended(jobId, 600_000)
  report.seconds = Math.round((Date.now() - startedAt) / 1_000)

  const expect = (what: string, actual: unknown, expected: unknown) => {
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      report.broken.push(`${what}: ${brief(actual)} instead of ${brief(expected)}`)
  }
  for (const [name, value] of Object.entries(await soundness(db, jobId)))
    expect(name, value, sound[name as keyof typeof sound])
  expect('rows', await rowsOf(jobId), await rowsOf(calm.jobId))
  const { seq } = await db.selectFrom('jobs').select('seq').where('id', '=', jobId).executeTakeFirstOrThrow()
  await until(
    'the subscriber has seen the end',
    () => Promise.resolve((subscriber.seen.at(-1) ?? 0) >= seq),
    20_000,
  ).catch(() => {})
  await subscriber.close()
  expect(
    'events seen by the subscriber',
    subscriber.seen,
    Array.from({ length: seq }, (_, i) => i + 1),
  )
  const { rows } = await sql<{ n: number }>`
    select coalesce(sum((data->'counts'->>'shards')::int), 0)::int as n from job_events
    where job_id = ${jobId} and type = 'note' and data->>'message' like 'A worker was lost%'`.execute(db)
  report.takenOver = rows[0]!.n
  return report
}

function targetOf(targets: Record<Target, number>, percent: number): Target {
  let sum = 0
  for (const [target, share] of Object.entries(targets)) {
    sum += share
    if (percent < sum) return target as Target
  }
  return 'worker'
}

function brief(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text
}

/** mulberry32 */
export function seeded(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
