import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'

import { startJob } from '../../jobs/control.ts'
import { localOwner } from '../../server/auth.ts'
import { jobEnds, stateOf } from '../support/engine.ts'
import { type ChaosJob, type JobName, openJob, type Size } from './chaos-job.ts'
import { findBroken } from './checks.ts'
import { createFaults, dealFaults, type Fault, isKill, seeded } from './faults.ts'
import { openStage, type Stage } from './stage.ts'
import { followEvents } from './subscriber.ts'

export interface ChaosPlan {
  job: JobName
  size: Size
  /** Of a list; left out: as many as the size says. */
  rows?: number | undefined
  seed: number
  kills: number
  /** Told what is done as it is done. */
  tell?(line: string): void
}

export interface ChaosReport {
  job: JobName
  seed: number
  faults: Partial<Record<Fault, number>>
  kills: number
  /** Kills whose victims were running shards. */
  hits: number
  /** Epochs that ended while their shard ran: it was taken over, by whatever way. */
  takenOver: number
  shards: number
  steps: number
  events: number
  /** Messages that were lost before anybody had fetched them. */
  lostMessages: number
  /** Connections that the subscriber made. */
  connections: number
  calmSeconds: number
  seconds: number
  /** What does not hold; empty when all does. */
  broken: string[]
}

/** Between one fault and the next; less where the job would end before all faults were made. */
const pauseMs = { least: 300, most: 1_100 }
/** The share of the items that may be done when the last fault is made. */
const faultsUntil = 0.85
/** A list of ten million takes its time. */
const calmAtMostMs = 3_600_000
/** A job without a step for so long will not end any more. */
const stallMs = 60_000

/** Runs a job undisturbed, then again under faults, and says what does not hold. */
export async function runChaos(plan: ChaosPlan): Promise<ChaosReport> {
  const job = await openJob(plan.job, plan.size, plan.rows)
  try {
    const stage = await openStage(job.stage)
    try {
      return await runOn(stage, job, plan)
    } finally {
      await stage.close()
    }
  } finally {
    await job.close()
  }
}

async function runOn(stage: Stage, job: ChaosJob, { seed, kills, tell = () => {} }: ChaosPlan): Promise<ChaosReport> {
  const { db } = stage.database
  const start = async (pace: 'calm' | 'disturbed') =>
    (
      await startJob(stage.engine, {
        kind: job.kind.kind,
        input: await job.input(pace, stage.apiUrl),
        owner: localOwner,
      })
    ).jobId
  const secondsSince = (at: number) => Math.round((Date.now() - at) / 1_000)

  let startedAt = Date.now()
  const calmId = await start('calm')
  await jobEnds(db, calmId, calmAtMostMs)
  const calmSeconds = secondsSince(startedAt)
  tell(`undisturbed run: ${calmSeconds} s`)

  const random = seeded(seed)
  startedAt = Date.now()
  const jobId = await start('disturbed')
  const subscriber = followEvents(`${stage.apiUrl.replace('http', 'ws')}/graphql`, jobId)
  const faults = createFaults(stage, jobId, random)
  const done: Fault[] = []
  const broken: string[] = []
  let hits = 0
  const itemsDone = async (id: number) =>
    (await db.selectFrom('jobs').select('done').where('id', '=', id).executeTakeFirstOrThrow()).done
  const allItems = await itemsDone(calmId)
  const deck = dealFaults(kills, random)
  for (const [i, fault] of deck.entries()) {
    const pauseEnds = Date.now() + pauseMs.least + random() * (pauseMs.most - pauseMs.least)
    const enough = ((i + 1) / deck.length) * faultsUntil * allItems
    while (Date.now() < pauseEnds && (await patiently(() => itemsDone(jobId))) < enough) await sleep(20)
    if ((await patiently(() => stateOf(db, jobId))) === 'COMPLETED') break
    try {
      const shards = await patiently(() => faults.inflict(fault))
      done.push(fault)
      if (isKill(fault) && shards > 0) hits++
      tell(`${secondsSince(startedAt)} s: ${fault}${shards > 0 ? `, which runs ${shards} shards` : ''}`)
    } catch (error) {
      broken.push(`${fault}: ${String(error)}`)
      break
    }
  }
  await faults.over()
  const madeKills = done.filter(isKill).length
  tell(`${secondsSince(startedAt)} s: no more faults`)
  if (await stalls(stage, jobId)) broken.push(`the job does not end: ${await standing(stage, jobId)}`)
  const seconds = secondsSince(startedAt)

  broken.push(...(await findBroken(stage, job, { calmId, jobId, subscriber })))
  await subscriber.close()
  const { rows } = await sql<{ takenOver: number; shards: number; steps: number; events: number; items: number }>`
    select (select count(*)::int from epochs_taken_over t where t.job_id = j.id) as "takenOver",
      (select count(*)::int from job_shards where job_id = j.id) as shards, steps::int, seq::int as events, done::int as items
    from jobs j where id = ${jobId}`.execute(db)
  const { items, ...facts } = rows[0]!
  const atLeast = (what: string, count: number, least: number) => {
    if (count < least) broken.push(`${what}: ${count}, at least ${least} are asked for`)
  }
  atLeast('kills', madeKills, kills)
  atLeast('kills that hit a running shard', hits, Math.floor(kills * 0.6))
  atLeast('epochs taken over', facts.takenOver, Math.floor(kills * 0.6))
  atLeast('messages lost that nobody had fetched', faults.lostWaiting(), job.least.lostMessages)
  atLeast('shards', facts.shards, job.least.shards)
  atLeast('steps', facts.steps, job.least.steps)
  atLeast('items', items, job.least.items)
  const counts: Partial<Record<Fault, number>> = {}
  for (const fault of done) counts[fault] = (counts[fault] ?? 0) + 1
  return {
    job: job.name,
    seed,
    faults: counts,
    kills: madeKills,
    hits,
    ...facts,
    lostMessages: faults.lostWaiting(),
    connections: subscriber.connections(),
    calmSeconds,
    seconds,
    broken,
  }
}

/** Waits for the job's end; true when it stands still instead. */
async function stalls({ database }: Stage, jobId: number): Promise<boolean> {
  let last = ''
  let changedAt = Date.now()
  for (;;) {
    const { state, steps } = await database.db
      .selectFrom('jobs')
      .select(['state', 'steps'])
      .where('id', '=', jobId)
      .executeTakeFirstOrThrow()
    if (state === 'COMPLETED' || state === 'FAILED') return false
    if (last !== `${state} ${steps}`) changedAt = Date.now()
    last = `${state} ${steps}`
    if (Date.now() - changedAt > stallMs) return true
    await sleep(100)
  }
}

async function standing({ database }: Stage, jobId: number): Promise<string> {
  const { rows } = await sql<{ state: string; shards: number; messages: number }>`
    select s.state, count(*)::int as shards, count(m.id)::int as messages from job_shards s
    left join pgboss.job m on m.name = 'shards' and m.state < 'completed'
      and m.id = md5(s.job_id || '/' || s.key || '/' || s.activation)::uuid
    where s.job_id = ${jobId} and s.state <> 'DONE' group by s.state order by s.state`.execute(database.db)
  const shards = rows.map(({ state, shards, messages }) => `${shards} shards ${state} with ${messages} messages`)
  return shards.join(', ') || 'its shards have ended'
}

/** Again while Postgres is on its way back. */
async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (tries === 5) throw error
      await sleep(200)
    }
  }
}
