// npm run bench -- queue [rounds] [shards of the big job]: shards of one step against pg-boss doing one job a transaction; one job of many shards against
// many jobs of one. All on one embedded Postgres as `npm start` runs it, in turns.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'
import pg from 'pg'
import { PgBoss } from 'pg-boss'

import { type Database, openDatabase } from '../../../db/database.ts'
import { startEmbedded } from '../../../db/embedded.ts'
import { migrate } from '../../../db/migrate.ts'
import { cancelJob, startJob } from '../../../jobs/control.ts'
import type { Engine } from '../../../jobs/engine.ts'
import { openTickEngine } from './engine.ts'
import { peerQueue } from './peer.ts'
import { createTickTable } from './tick-kind.ts'

const rounds = Number(process.argv[2] ?? 5)
const processes = 2
/** As WORKER_SLOTS. */
const slots = 20
const shards = 20_000
/** Beside a job of so many, small ones are timed. */
const bigShards = Number(process.argv[3] ?? 100_000)
const smallJobs = 15
const warmUpShards = 1_000
const stepsPerShard = 100

const titles: Record<string, string> = {
  peer: 'pg-boss, one job a transaction with one row, jobs/s',
  one: 'one job of 20,000 shards, shards/s',
  twenty: '20 jobs of 1,000 shards, shards/s',
  oneOf60: 'one job of 60 shards, steps/s',
  sixtyOf1: '60 jobs of one shard, steps/s',
}

const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-bench-'))
const embedded = await startEmbedded({ dataDir })
try {
  await run()
} finally {
  await embedded.stop()
  await rm(dataDir, { recursive: true, force: true })
}

async function run(): Promise<void> {
  const ours = await openOurs(await newDatabase('ours'))
  const peer = await openPeer(await newDatabase('peer'))
  const figures: Record<string, number[]> = { peer: [], one: [], twenty: [], oneOf60: [], sixtyOf1: [] }
  for (let round = 1; round <= rounds; round++) {
    await peer.during(async () => {
      await peer.work(warmUpShards)
      note('peer', round, shards / (await seconds(() => peer.work(shards))))
    })
    await ours.during(async () => {
      await ours.work(1, warmUpShards, 1)
      note('one', round, shards / (await seconds(() => ours.work(1, shards, 1))))
      note('twenty', round, shards / (await seconds(() => ours.work(20, shards / 20, 1))))
      const steps = 60 * stepsPerShard
      note('oneOf60', round, steps / (await seconds(() => ours.work(1, 60, stepsPerShard))))
      note('sixtyOf1', round, steps / (await seconds(() => ours.work(60, 1, stepsPerShard))))
    })
  }
  const smallMs: number[] = []
  await ours.during(async () => {
    for await (const ms of ours.smallBesideBig()) smallMs.push(ms)
  })
  let besideWaiting = { ms: 0, running: 0 }
  await ours.during(async () => {
    besideWaiting = await ours.smallBesideWaiting()
  })
  await ours.close()
  await peer.close()

  const medians = Object.fromEntries(Object.entries(figures).map(([name, all]) => [name, median(all)]))
  for (const [name, value] of Object.entries(medians)) console.log(`median  ${titles[name]}: ${Math.round(value)}`)
  const result = {
    bench: 'queue',
    ours: Math.round(medians['one']!),
    peer: Math.round(medians['peer']!),
    unit: 'shards/s',
    ratio: fixed(medians['one']! / medians['peer']!),
    ratioOfTwentyJobs: fixed(medians['twenty']! / medians['peer']!),
    oneJobOverMany: fixed(medians['oneOf60']! / medians['sixtyOf1']!),
    smallJobP50Ms: Math.round(median(smallMs)),
    smallJobMaxMs: Math.round(Math.max(...smallMs)),
    smallJobBesideWaitingMs: Math.round(besideWaiting.ms),
    peakRssMb: Math.round(ours.peakRssMb()),
    peerPeakRssMb: Math.round(peer.peakRssMb()),
  }
  console.log(JSON.stringify(result))
  const missed = [
    ...(result.ratio < 0.5 ? ['shards a second: at least half of pg-boss'] : []),
    ...(result.oneJobOverMany < 0.8 ? ['one job of 60 shards: at least 0.8 of 60 jobs of one'] : []),
    ...(result.smallJobMaxMs >= 5_000 ? ['a small job beside a big one: under 5 s'] : []),
    ...(besideWaiting.running > 0 ? ['shards that wait hold no slot'] : []),
  ]
  for (const goal of missed) console.error(`missed  ${goal}`)
  if (missed.length > 0) process.exitCode = 1

  function note(name: string, round: number, perSecond: number) {
    figures[name]!.push(perSecond)
    console.log(`round ${round}  ${titles[name]}: ${Math.round(perSecond)}`)
  }
}

async function newDatabase(name: string): Promise<string> {
  const client = new pg.Client({ connectionString: embedded.url })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  const url = new URL(embedded.url)
  url.pathname = name
  return url.href
}

async function openOurs(url: string) {
  await migrate(url)
  const database = openDatabase(url)
  await createTickTable(database.db)
  const engine: Engine = await openTickEngine(url, database.db)
  const workers = workersOf('our-worker.ts', url)
  return {
    ...workers,
    /** Starts so many jobs and waits until all have ended. */
    async work(jobs: number, shardsOfJob: number, steps: number) {
      const input = { shards: shardsOfJob, stepsPerShard: steps }
      await Promise.all(Array.from({ length: jobs }, () => startJob(engine, { kind: 'tick', input, owner: 'bench' })))
      await until(database, sql`select 1 from jobs where state not in ('COMPLETED', 'CANCELLED') limit 1`)
      const { rows } = await sql<{ wrong: number }>`
        select count(*)::int as wrong from jobs where done <> (input->>'shards')::int * (input->>'stepsPerShard')::int`.execute(
        database.db,
      )
      if (rows[0]!.wrong > 0) throw new Error('a job has not done all its items')
    },
    /** Starts a job of many shards and, while it spawns and runs, jobs of one: yields how long each took. Then cancels the big one. */
    async *smallBesideBig() {
      const began = performance.now()
      const input = { shards: bigShards, stepsPerShard: 1 }
      const { jobId } = await startJob(engine, { kind: 'tick', input, owner: 'bench' })
      const open = async () =>
        (
          await sql<{ n: number; spawned: boolean }>`
          select open_shards as n, exists (select from job_shards s where s.job_id = j.id and s.key = 'main' and s.state = 'DONE') as spawned
          from jobs j where id = ${jobId}`.execute(database.db)
        ).rows[0]!
      let spawnedMs: number | undefined
      for (let i = 0; i < smallJobs; i++) {
        await sleep(500)
        const from = performance.now()
        const small = await startJob(engine, { kind: 'tick', input: { shards: 1 }, owner: 'bench' })
        await until(database, sql`select 1 from jobs where id = ${small.jobId} and state <> 'COMPLETED'`)
        const ms = performance.now() - from
        const { n, spawned } = await open()
        if (spawned) spawnedMs ??= performance.now() - began
        console.log(`small job beside ${n} open shards: ${Math.round(ms)} ms`)
        yield ms
      }
      console.log(`shards spawned ${spawnedMs === undefined ? 'not yet' : `within ${Math.round(spawnedMs)} ms`}`)
      await cancelJob(engine, jobId, 'bench')
    },
    /** Starts a job of as many shards that all say later, and when none holds a slot, one of one shard: how long that took. */
    async smallBesideWaiting(): Promise<{ ms: number; running: number }> {
      const began = performance.now()
      const input = { shards: bigShards, laterMs: 3_600_000 }
      const { jobId } = await startJob(engine, { kind: 'tick', input, owner: 'bench' })
      const waiting = sql`select count(*) from job_shards where job_id = ${jobId} and state = 'WAITING'`
      await until(database, sql`select 1 where (${waiting}) < ${bigShards}`)
      const { rows } = await sql<{ running: number; messages: number }>`
        select (select count(*)::int from job_shards where job_id = ${jobId} and state = 'RUNNING') as running,
          (select count(*)::int from pgboss.job where name = 'shards' and state < 'completed') as messages`.execute(
        database.db,
      )
      const from = performance.now()
      const small = await startJob(engine, { kind: 'tick', input: { shards: 1 }, owner: 'bench' })
      await until(database, sql`select 1 from jobs where id = ${small.jobId} and state <> 'COMPLETED'`)
      const ms = performance.now() - from
      const { running, messages } = rows[0]!
      console.log(
        `${bigShards} shards wait after ${Math.round(from - began)} ms: ${running} hold a slot, ${messages} messages; small job: ${Math.round(ms)} ms`,
      )
      await cancelJob(engine, jobId, 'bench')
      return { ms, running }
    },
    async close() {
      await engine.close()
      await database.close()
    },
  }
}

async function openPeer(url: string) {
  const database = openDatabase(url)
  await createTickTable(database.db)
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue(peerQueue)
  const workers = workersOf('peer-worker.ts', url)
  let made = 0
  return {
    ...workers,
    /** Sends so many jobs, in bulk, and waits until all are done. */
    async work(count: number) {
      for (let sent = 0; sent < count; sent += 1_000)
        await boss.insert(
          peerQueue,
          Array.from({ length: Math.min(1_000, count - sent) }, () => ({ data: { row: String(made++) } })),
        )
      await until(database, sql`select 1 from pgboss.job where name = ${peerQueue} and state < 'completed' limit 1`)
    },
    async close() {
      await boss.stop({ graceful: false })
      await database.close()
    },
  }
}

/** The worker processes of one side: they live while it is its turn. */
function workersOf(file: string, url: string) {
  let peak = 0
  return {
    async during(turn: () => Promise<void>) {
      const children = await Promise.all(Array.from({ length: processes }, () => start(file, url)))
      await turn()
      for (const child of children) {
        const answer = once(child, 'message')
        child.send('end')
        const [{ maxRssMb }] = (await answer) as [{ maxRssMb: number }]
        peak = Math.max(peak, maxRssMb)
      }
    },
    peakRssMb: () => peak,
  }
}

async function start(file: string, url: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, file), [JSON.stringify({ url, slots })])
  child.on('exit', (code) => code !== 0 && console.error(`${file} ended with ${code}`))
  await once(child, 'message')
  return child
}

/** Waits until the query has no row. */
async function until({ db }: Database, query: ReturnType<typeof sql>): Promise<void> {
  while ((await query.execute(db)).rows.length > 0) await sleep(20)
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1_000
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2
}

function fixed(value: number): number {
  return Number(value.toFixed(2))
}
