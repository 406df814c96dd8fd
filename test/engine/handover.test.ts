import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { sql } from 'kysely'
import { afterAll, afterEach, describe, expect, it } from 'vitest'

import { cancelJob, startJob } from '../../jobs/control.ts'
import { jobEnds, kill, owner, sound, soundness, until } from '../support/engine.ts'
import { startGeneratedSite } from '../support/generated-site.ts'
import { type Program, startProgram } from '../support/program.ts'
import { relayBench } from '../support/relay-bench.ts'

const site = await startGeneratedSite({
  seed: 3,
  hosts: 3,
  pagesPerHost: 120,
  linksPerPage: 10,
  pageBytes: 4_000,
  delayMs: 50,
})
const hosts = site.startUrls.map((startUrl) => new URL(startUrl).host)
const { db, url, engine, workers, work, start, count } = await relayBench(
  { letterEvery: 0, rowsPerStep: 3 },
  { ownHosts: hosts },
)
let program: Program | undefined
afterEach(async () => {
  await program?.stop()
  program = undefined
})
afterAll(() => site.close())

const running = (jobId: number) => count(jobId, 'RUNNING')
const one = async <T>(query: ReturnType<typeof sql<T>>) => (await query.execute(db)).rows[0]!
const events = async (jobId: number, type: string) =>
  (
    await sql<{ data: { message: string; item?: string; category?: string } }>`
      select data from job_events where job_id = ${jobId} and type = ${type} order by seq`.execute(db)
  ).rows.map((row) => row.data)

describe('a worker that is asked to end', () => {
  it('hands back shards in steps, in a wait and in a step that does not hear, and another goes on at once', async () => {
    await work(1, { slots: 30 })
    const worker = workers[0]!
    const jobs = [
      await start({ shards: 8, steps: 30, stepMs: 200 }),
      await start({ shards: 4, steps: 10, waitMs: 1_500 }),
      await start({ shards: 2, steps: 4, stepMs: 2_000, deafEvery: 1 }),
    ]
    const wanted = [8, 4, 2]
    await until('all are at it', async () => {
      const counts = await Promise.all(jobs.map(running))
      return counts.every((count, i) => count === wanted[i])
    })
    await kill(worker, 'SIGTERM')
    expect(worker.exitCode).toBe(0)
    for (const [i, jobId] of jobs.entries()) {
      const { states, trouble, lost } = await one(sql<{ states: string[]; trouble: number; lost: number }>`
        select array_agg(distinct s.state) as states, sum(s.attempts + s.crashes)::int as trouble,
          count(*) filter (where s.state = 'QUEUED' and not exists (
            select from pgboss.job m where m.id = md5(s.job_id || '/' || s.key || '/' || s.activation)::uuid and m.state = 'created'))::int as lost
        from job_shards s where s.job_id = ${jobId} and s.state <> 'DONE'`)
      expect({ states, trouble, lost }).toEqual({ states: ['QUEUED'], trouble: 0, lost: 0 })
      expect(await events(jobId, 'shard.retry')).toEqual([])
      expect(await running(jobId), `job ${i}`).toBe(0)
    }
    const { held } = await one(
      sql<{ held: number }>`select count(*)::int as held from pgboss.job where state = 'active'`,
    )
    expect(held).toBe(0)
    expect(await one(sql`select count(*)::int as workers from workers`)).toEqual({ workers: 0 })
    await work(1, { slots: 30 })
    for (const jobId of jobs) {
      await jobEnds(db, jobId)
      expect(await soundness(db, jobId)).toEqual(sound)
      // Nobody had to take anything over.
      expect(await events(jobId, 'note')).toEqual([])
    }
  })

  it('hands back what it was just claiming', async () => {
    const jobId = await start({ shards: 20, steps: 1, stepMs: 100 })
    await db.transaction().execute(async (trx) => {
      await sql`select from job_shards where job_id = ${jobId} for update`.execute(trx)
      await work(1)
      await until('its claim waits', async () => {
        const { waits } = await one(sql<{ waits: number }>`
          select count(*)::int as waits from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
        return waits === 1
      })
      workers[0]!.kill('SIGTERM')
      await new Promise((resolve) => setTimeout(resolve, 300))
    })
    await once(workers[0]!, 'exit')
    // Of the twenty steps of its only shard.
    const { state, steps } = await one(
      sql<{
        state: string
        steps: number
      }>`select state, steps from job_shards where job_id = ${jobId} and key = 'main'`,
    )
    expect(state).toBe('QUEUED')
    expect(steps).toBeLessThan(2)
  })
})

describe('an item that kills its process each time', () => {
  it('is given up as a finding after the third crash, and nothing else is', async () => {
    let ended = false
    const keepOne = async () => {
      while (!ended) {
        workers.splice(0)
        await work(1)
        const worker = workers[0]!
        if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
      }
    }
    // Its one step is never done when the process dies.
    const companion = await start({ shards: 1, steps: 1, stepMs: 14_000, letterEvery: 0 })
    const kept = keepOne()
    const jobId = await start({ shards: 6, steps: 3, stepMs: 400, poison: 's000001-1-2', poisonKills: true })
    await jobEnds(db, jobId, 120_000)
    await jobEnds(db, companion, 120_000)
    ended = true
    await Promise.all(workers.map((worker) => kill(worker)))
    await kept
    expect(await soundness(db, jobId)).toEqual(sound)
    expect(await events(jobId, 'finding')).toMatchObject([{ category: 'internal', item: 's000001-1-2' }])
    expect(await events(companion, 'finding')).toEqual([])
    const lost = (await events(jobId, 'note')).filter(({ message }) => message.startsWith('A worker was lost'))
    expect(lost).toHaveLength(3)
    const { rows } = await one(
      sql<{ rows: number }>`select count(*)::int as rows from relay_rows where job_id = ${jobId}`,
    )
    expect(rows).toBe(6 * 3 * 3 - 1)
  })
})

describe('the program', () => {
  it('releases at its start what dead workers held, before it is reached', async () => {
    await work(1)
    const jobId = await start({ shards: 4, steps: 50, stepMs: 200 })
    await until('all are at it', async () => (await running(jobId)) === 4)
    await kill(workers[0]!)
    program = await startProgram({ DATABASE_URL: url, WORKERS: '0' })
    expect(await one(sql`select count(*)::int as workers from workers`)).toEqual({ workers: 0 })
    expect(await running(jobId)).toBe(0)
    expect((await events(jobId, 'note')).map(({ message }) => message)).toEqual([
      'A worker was lost; what it had in hand is taken up again (shards: 4)',
    ])
    await cancelJob(engine, jobId, owner)
  })

  it('shows none of the workers that died with it and its database when it is started again', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-handover-'))
    const ask = async <T>(query: string) => {
      const response = await fetch(`${program!.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      })
      return ((await response.json()) as { data: T }).data
    }
    const workersShown = async () =>
      (await ask<{ workers: { id: string; running: number }[] }>('{ workers { id running } }')).workers
    const startUrls = JSON.stringify(site.startUrls)
    program = await startProgram({ DATA_DIR: dataDir, WORKERS: '1', MIN_DELAY_MS: '0', ALLOW_HOSTS: hosts.join(',') })
    await ask(
      `mutation { startScrapeEmails(input: { startUrls: ${startUrls}, maxPagesPerDomain: 10000 }) { __typename } }`,
    )
    await until('it runs', async () => (await workersShown()).some((worker) => worker.running > 0))
    const dead = await workersShown()
    // Held still, so that it cannot put others in their place.
    process.kill(program.pid, 'SIGSTOP')
    for (const { id } of dead) process.kill(Number(id.split('-').at(-2)), 'SIGKILL')
    await program.kill()
    program = await startProgram({ DATA_DIR: dataDir, WORKERS: '0' })
    expect(await workersShown()).toEqual([])
    await program.stop()
    program = undefined
    await rm(dataDir, { recursive: true, force: true })
  })

  it('releases what a killed worker process held before a new one could, and starts a new one', async () => {
    // Those that the other tests have killed.
    await sql`delete from workers`.execute(db)
    program = await startProgram({
      DATABASE_URL: url,
      WORKERS: '1',
      MIN_DELAY_MS: '0',
      ALLOW_HOSTS: hosts.join(','),
    })
    const { jobId } = await startJob(engine, {
      kind: 'scrape-emails',
      owner,
      input: { startUrls: site.startUrls, maxPagesPerDomain: 10_000, minDelayMs: 0 },
    })
    await until('all hosts are crawled', async () => (await running(jobId)) === 3)
    const { id, pid } = await one(
      sql<{ id: string; pid: number }>`
        select w.id, w.pid from workers w where exists (
          select 1 from job_shards s where s.worker_id = w.id and s.job_id = ${jobId} and s.state = 'RUNNING')`,
    )
    process.kill(pid, 'SIGKILL')
    await until('its shards are released', async () => {
      const { held } = await one(
        sql<{ held: number }>`select count(*)::int as held from job_shards where worker_id = ${id}`,
      )
      return held === 0
    })
    // A worker takes over from others only once it has been there for two seconds.
    const { old } = await one(
      sql<{ old: number }>`select count(*)::int as old from workers where since < now() - interval '2 s'`,
    )
    expect(old).toBe(0)
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    expect((await events(jobId, 'note')).filter(({ message }) => message.startsWith('A worker was lost'))).toHaveLength(
      1,
    )
  })
})
