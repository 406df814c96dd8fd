import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'
import pg from 'pg'

import { openDatabase } from '../../../db/database.ts'
import { migrate } from '../../../db/migrate.ts'
import { startJob } from '../../../jobs/control.ts'
import { scrapeEmails } from '../../../jobs/crawl-site/job.ts'
import { workerFlags } from '../../../server/worker-processes.ts'
import { openCrawlEngine } from './engine.ts'

export interface OurRun {
  pages: number
  seconds: number
  addresses: Set<string>
  sightings: number
  /** Sum over the worker processes, of each its peak. */
  peakRssMb: number
  /** Of the worker processes. */
  cpuMs: number
  /** Of the machine while it ran: the workers, Postgres, the site's server and whoever else is there. */
  machineCpuMs: number
}

export interface OurOptions {
  /** Of an embedded Postgres; each run has a database of its own in it. */
  url: string
  origins: string[]
  /** Crawled before, by the same workers, so that their code is compiled: they run for days. */
  warmUp?: string[]
  processes: number
  /** Options for Node, as to profile. */
  execArgv?: string[]
}

/** As WORKER_SLOTS. */
const slots = 20
let runs = 0

/** One crawl by worker processes of its own into a database of its own, as `npm start` would run it. */
export async function crawlByOurs({
  url,
  origins,
  warmUp = [],
  processes,
  execArgv = [],
}: OurOptions): Promise<OurRun> {
  const own = await newDatabase(url, `crawl_${++runs}`)
  await migrate(own)
  const database = openDatabase(own, { max: 2 })
  const ownHosts = [...origins, ...warmUp].map((origin) => new URL(origin).host)
  const engine = await openCrawlEngine(own, database.db, { ownHosts, supervise: false })
  const workers = Array.from({ length: processes }, () =>
    fork(join(import.meta.dirname, 'our-worker.ts'), [JSON.stringify({ url: own, slots, ownHosts })], {
      stdio: 'inherit',
      execArgv: [...workerFlags, ...execArgv],
    }),
  )
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    const crawl = async (of: string[]) => {
      const startUrls = of.map((origin) => `${origin}/`)
      const input = scrapeEmails.input.parse({ startUrls, maxPagesPerDomain: 1_000_000 })
      const { jobId } = await startJob(engine, { kind: 'scrape-emails', input, owner: 'bench' })
      await ended(database.pool, jobId)
      return jobId
    }
    if (warmUp.length > 0) await resultFileMade(database.pool, await crawl(warmUp))
    await Promise.all(workers.map((worker) => ask(worker, 'begin')))
    const busy = busyMs()
    const started = performance.now()
    const jobId = await crawl(origins)
    const seconds = (performance.now() - started) / 1_000
    const machineCpuMs = busyMs() - busy
    const usage = await Promise.all(workers.map(stop))
    const { rows } = await sql<{ pages: number; sightings: number }>`
      select (select count(*) from pages where job_id = ${jobId} and status = 'FETCHED') as pages,
        (select count(*) from sightings where job_id = ${jobId}) as sightings`.execute(database.db)
    const found = await sql<{ address: string }>`select address from job_addresses where job_id = ${jobId}`.execute(
      database.db,
    )
    return {
      ...rows[0]!,
      seconds,
      addresses: new Set(found.rows.map(({ address }) => address)),
      peakRssMb: usage.reduce((sum, { maxRssMb }) => sum + maxRssMb, 0),
      cpuMs: usage.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
      machineCpuMs,
    }
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
    await engine.close()
    await database.close()
  }
}

async function ended(pool: pg.Pool, jobId: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ state: string; error: unknown }>(
      'select state, error_message as error from jobs where id = $1',
      [jobId],
    )
    if (rows[0]!.state === 'COMPLETED') return
    if (rows[0]!.state === 'FAILED') throw new Error(`the job failed: ${JSON.stringify(rows[0])}`)
    await sleep(50)
  }
}

/** What an ended job still has done for it must not take time from the next. */
async function resultFileMade(pool: pg.Pool, jobId: number): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query('select from result_files where job_id = $1 and seen < wanted', [jobId])
    if (rowCount === 0) return
    await sleep(50)
  }
}

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}

async function stop(worker: ChildProcess): Promise<{ maxRssMb: number; cpuMs: number }> {
  const gone = once(worker, 'exit')
  const usage = (await ask(worker, 'end')) as { maxRssMb: number; cpuMs: number }
  await gone
  return usage
}

async function ask(worker: ChildProcess, what: 'begin' | 'end'): Promise<unknown> {
  const answer = once(worker, 'message')
  worker.send(what)
  return ((await answer) as [unknown])[0]
}

async function newDatabase(server: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  const url = new URL(server)
  url.pathname = name
  return url.href
}
