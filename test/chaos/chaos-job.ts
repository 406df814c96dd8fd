import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'
import { scrapeEmails } from '../../jobs/crawl-site/job.ts'
import type { AnyJobKind } from '../../jobs/job-kind.ts'
import { startGeneratedSite } from '../support/generated-site.ts'
import { relayKind, shardName } from '../support/relay-kind.ts'
import type { StageOptions } from './stage.ts'

export type JobName = 'relay' | 'crawl'
/** `full`: what `npm run chaos` runs; `small`: what fits into `npm test`. */
export type Size = 'full' | 'small'

export interface Fates {
  /** Every item as often as it has a fate. */
  items: string[]
  /** The counters that the job's rows stand for. */
  counted: { total: number; succeeded: number; failed: number; skipped: number; results: number }
}

/** A job that is run once undisturbed and once under faults. */
export interface ChaosJob {
  name: JobName
  kind: AnyJobKind
  stage: StageOptions
  /** The world as it is for the undisturbed run, which may be quick, and for the other, which has to last. */
  input(pace: 'calm' | 'disturbed'): object
  /** The least that makes it a job of its size. */
  least: { shards: number; steps: number; items: number; lostMessages: number }
  /** What became of each item, from the rows alone. */
  fates(db: Kysely<DB>, jobId: number): Promise<Fates>
  /** The items that there are; undefined where only the undisturbed run can tell. */
  items?: string[]
  close(): Promise<void>
}

export function openJob(name: JobName, size: Size): Promise<ChaosJob> {
  return name === 'relay' ? Promise.resolve(relayJob(size)) : crawlJob(size)
}

function relayJob(size: Size): ChaosJob {
  const sizes = {
    full: { shards: 320, steps: 20, stepMs: 500, workers: 4, slots: 15 },
    small: { shards: 90, steps: 14, stepMs: 300, workers: 3, slots: 14 },
  }
  const { shards, steps, stepMs, workers, slots } = sizes[size]
  const plan = { shards, steps, rowsPerStep: 5, letterEvery: 8, failing: ['-3'], deafEvery: 3 }
  const items = Array.from({ length: shards * steps * plan.rowsPerStep }, (_, n) => {
    const [shard, step] = [Math.floor(n / plan.rowsPerStep / steps), Math.floor(n / plan.rowsPerStep) % steps]
    return `${shardName(shard)}-${step}-${n % plan.rowsPerStep}`
  })
  return {
    name: 'relay',
    kind: relayKind,
    stage: { workers, slots, allowHosts: [] },
    input: (pace) => ({ ...plan, stepMs: pace === 'calm' ? 0 : stepMs }),
    least: { shards, steps: shards * steps, items: items.length, lostMessages: 1 },
    items,
    async fates(db, jobId) {
      const { rows: written } = await sql<{ row: string }>`
        select row from relay_rows where job_id = ${jobId}`.execute(db)
      const letters = written.filter(({ row }) => row.startsWith('letter-')).length
      const failed = await findings(db, jobId)
      const succeeded = written.length
      return {
        items: [...written.map(({ row }) => row).filter((row) => !row.startsWith('letter-')), ...failed],
        counted: {
          total: items.length + letters,
          succeeded,
          failed: failed.length,
          skipped: 0,
          results: succeeded,
        },
      }
    },
    close: () => Promise.resolve(),
  }
}

async function crawlJob(size: Size): Promise<ChaosJob> {
  const sizes = {
    full: { hosts: 8, pagesPerHost: 250, delayMs: 180, workers: 4, slots: 3 },
    small: { hosts: 6, pagesPerHost: 60, delayMs: 150, workers: 3, slots: 3 },
  }
  const { hosts, pagesPerHost, delayMs, workers, slots } = sizes[size]
  const site = await startGeneratedSite({
    seed: 3,
    hosts,
    pagesPerHost,
    linksPerPage: 20,
    pageBytes: 6_000,
    goneEvery: 25,
  })
  const input = { startUrls: site.startUrls, maxPagesPerDomain: 100_000, minDelayMs: 0 }
  return {
    name: 'crawl',
    kind: scrapeEmails,
    stage: { workers, slots, allowHosts: site.startUrls.map((url) => new URL(url).host) },
    input(pace) {
      site.setDelay(pace === 'calm' ? 0 : delayMs)
      return input
    },
    // Hosts all run at once: few messages ever wait.
    least: { shards: hosts, steps: hosts, items: site.pages, lostMessages: 0 },
    async fates(db, jobId) {
      const { rows: pages } = await sql<{ url: string; status: string }>`
        select url, status from pages where job_id = ${jobId}`.execute(db)
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from job_addresses where job_id = ${jobId}`.execute(db)
      const ended = pages.filter(({ status }) => status !== 'QUEUED')
      const count = (status: string) => ended.filter((page) => page.status === status).length
      return {
        items: ended.map(({ url }) => url),
        counted: {
          total: pages.length,
          succeeded: count('FETCHED'),
          failed: count('FAILED'),
          skipped: count('SKIPPED'),
          results: rows[0]!.n,
        },
      }
    },
    close: () => site.close(),
  }
}

/** Items with a finding, as often as they have one. */
async function findings(db: Kysely<DB>, jobId: number): Promise<string[]> {
  const { rows } = await sql<{ item: string }>`
    select data->>'item' as item from job_events where job_id = ${jobId} and type = 'finding'`.execute(db)
  return rows.map(({ item }) => item)
}
