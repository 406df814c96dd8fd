import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'
import { scrapeEmails } from '../../jobs/crawl-site/job.ts'
import type { AnyJobKind } from '../../jobs/job-kind.ts'
import { verifyEmails } from '../../jobs/verify-emails/job.ts'
import { rowsPerShard } from '../../jobs/verify-emails/row-ranges.ts'
import { addressList, type ListPlan } from '../support/address-list.ts'
import { startDnsApart } from '../support/dns-apart.ts'
import { startGeneratedSite } from '../support/generated-site.ts'
import { relayKind, shardName } from '../support/relay-kind.ts'
import { uploadPieces } from '../support/upload.ts'
import type { StageOptions } from './stage.ts'

/** Of a list that is uploaded, at depth DNS. */
const rowsAShard = rowsPerShard(undefined, 'DNS')

export type JobName = 'relay' | 'crawl' | 'verify'
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
  /** The world as it is for the undisturbed run, which may be quick, and for the other, which has to last. `api`: where files are sent. */
  input(pace: 'calm' | 'disturbed', api: string): object | Promise<object>
  /** The least that makes it a job of its size. */
  least: { shards: number; steps: number; items: number; lostMessages: number }
  /** What became of each item, from the rows alone. */
  fates(db: Kysely<DB>, jobId: number): Promise<Fates>
  /** The items that there are; undefined where only the undisturbed run can tell. */
  items?: string[]
  close(): Promise<void>
}

/** `rows`: of a list, instead of what the size says. */
export function openJob(name: JobName, size: Size, rows?: number): Promise<ChaosJob> {
  switch (name) {
    case 'relay':
      return Promise.resolve(relayJob(size))
    case 'crawl':
      return crawlJob(size)
    case 'verify':
      return verifyJob(size, rows)
  }
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

async function verifyJob(size: Size, rowsAsked: number | undefined): Promise<ChaosJob> {
  const sizes = {
    full: { rows: 1_000_000, domains: 20_000, workers: 4, slots: 4 },
    small: { rows: 80_000, domains: 10_000, workers: 3, slots: 1 },
  }
  const { domains, workers, slots, ...usual } = sizes[size]
  const rows = rowsAsked ?? usual.rows
  const plan = { rows, domains, ending: 'chaos.com', duplicates: 0.05, bad: 0.02 }
  const dns = await startDnsApart({ domains, hosts: ['198.20.1.1'] })
  const shards = Math.ceil(rows / rowsAShard)
  let upload: Promise<string> | undefined
  return {
    name: 'verify',
    kind: verifyEmails,
    stage: { workers, slots, allowHosts: [], settings: { dnsServers: [dns.server] } },
    // Forced, so that both runs ask about all that there is.
    async input(_pace, api) {
      upload ??= uploadPieces(api, () => listOf(plan))
      return { upload: await upload, depth: 'DNS', force: true }
    },
    least: { shards: shards + 1, steps: 2 * shards, items: rows, lostMessages: 0 },
    items: Array.from(
      { length: shards },
      (_, shard) => `${shard}: ${Math.min(rowsAShard, rows - shard * rowsAShard)} rows`,
    ),
    /** A row has its fate where its address has a verdict, or it holds none. Counted by shard: a list may be long. */
    async fates(db, jobId) {
      const { rows: ranges } = await sql<{ shard: number; n: number }>`
        select i.position / ${rowsAShard}::int as shard, count(*)::int as n from verify_items i
        left join job_verifications v on v.job_id = i.job_id and v.domain = i.domain and v.address = i.address
        where i.job_id = ${jobId} and (i.address is null or v.job_id is not null) group by 1`.execute(db)
      const { rows: sums } = await sql<{ succeeded: number; failed: number }>`
        select count(*) filter (where not failed)::int as succeeded, count(*) filter (where failed)::int as failed from job_verifications
        where job_id = ${jobId}`.execute(db)
      const { succeeded, failed } = sums[0]!
      const results = succeeded + failed
      return {
        items: ranges.map(({ shard, n }) => `${shard}: ${n} rows`),
        counted: { total: rows, succeeded, failed, skipped: rows - results, results },
      }
    },
    close: () => dns.close(),
  }
}

/** Without what would make the whole of it no text, and be refused. */
function* listOf(plan: ListPlan): Generator<string> {
  for (const piece of addressList(plan)) yield piece.replaceAll('\0', '\u0001')
}

/** Items with a finding, as often as they have one. */
async function findings(db: Kysely<DB>, jobId: number): Promise<string[]> {
  const { rows } = await sql<{ item: string }>`
    select data->>'item' as item from job_events where job_id = ${jobId} and type = 'finding'`.execute(db)
  return rows.map(({ item }) => item)
}
