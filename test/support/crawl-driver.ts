import { setTimeout as sleep } from 'node:timers/promises'

import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'
import type { CrawlBatch, CrawlCheckpoint } from '../../jobs/crawl-site/crawl-batch.ts'
import type { CrawlInput } from '../../jobs/crawl-site/input.ts'
import type { CrawlIo } from '../../jobs/crawl-site/io.ts'
import { scrapeEmails } from '../../jobs/crawl-site/job.ts'
import type { Care, Counts, Finding, IoDeps, Note, Settings, Step } from '../../jobs/job-kind.ts'
import type { Outgoing } from '../../jobs/outgoing.ts'
import { testLog } from './engine.ts'

export interface DriveOptions {
  db: Kysely<DB>
  outgoing: Outgoing
  input: Partial<CrawlInput>
  settings?: Partial<Settings>
  /** Shards that run at the same time; 1: each runs to its end before the next. */
  atOnce?: number
  /** Asked before each step is stored; true: the run dies here and its step is lost. */
  dies?: () => boolean
  care?: (shard: string) => Care
  signal?: AbortSignal
  /** An interrupted crawl that goes on. */
  resume?: Drive
  now?: () => Date
}

/** A crawl as it stands. */
export interface Drive {
  jobId: number
  counts: Required<Counts>
  findings: Finding[]
  notes: Note[]
  steps: number
  deaths: number
  /** Why runs waited without a slot. */
  laters: string[]
  summary: Record<string, unknown> | undefined
  shards: Map<string, ShardOfDrive>
}

interface ShardOfDrive {
  checkpoint: CrawlCheckpoint | undefined
  open: boolean
  wanted: number
  steps: number
}

const workerId = 'test-worker'

/** Runs a crawl without the engine: its shards' steps one transaction each, checkpoints through JSON, as the contract says. */
export async function driveCrawl(options: DriveOptions): Promise<Drive> {
  const { db, outgoing, atOnce = 1 } = options
  const settings: Settings = { minDelayMs: 0, userAgentContact: '', ownHosts: [], ...options.settings }
  const input = scrapeEmails.input.parse(options.input)
  const drive = options.resume ?? (await newDrive(db, input))
  const deps: IoDeps = {
    db,
    outgoing,
    log: testLog,
    workerId: () => workerId,
    now: options.now ?? (() => new Date()),
    settings,
  }
  const io = scrapeEmails.io(deps)

  const busy = new Set<string>()
  const worker = async () => {
    for (;;) {
      if (options.signal?.aborted) return
      const next = [...drive.shards].find(([key, { open }]) => open && !busy.has(key))
      if (!next) {
        if (busy.size === 0) return
        await sleep(1)
        continue
      }
      busy.add(next[0])
      try {
        await runOnce(options, drive, io, input, next[0], next[1])
      } finally {
        busy.delete(next[0])
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  if (options.signal?.aborted) return drive

  const { counts, summary } = await db.transaction().execute((trx) => scrapeEmails.finish(trx, drive.jobId))
  add(drive.counts, counts ?? {})
  drive.summary = summary
  return drive
}

async function runOnce(
  options: DriveOptions,
  drive: Drive,
  io: CrawlIo,
  input: CrawlInput,
  key: string,
  shard: ShardOfDrive,
): Promise<void> {
  const { db, signal = new AbortController().signal, dies, care } = options
  const seen = shard.wanted
  const checkpoint = shard.checkpoint && scrapeEmails.checkpoint.parse(JSON.parse(JSON.stringify(shard.checkpoint)))
  const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {})
  const steps = scrapeEmails.run({
    jobId: drive.jobId,
    shard: key,
    input,
    checkpoint,
    io,
    signal,
    care: care?.(key) ?? 'normal',
    wait,
  })
  for (;;) {
    const result = await steps.next()
    if (result.done || result.value.end) {
      if (!result.done) await store(db, drive, shard, result.value)
      const end = result.done ? result.value : result.value.end!
      if (signal.aborted) return
      if (end.end === 'later') {
        drive.laters.push(end.why)
        await wait(Math.max(0, end.at.getTime() - (options.now?.() ?? new Date()).getTime()))
      } else if (shard.wanted === seen) shard.open = false
      return
    }
    if (dies?.()) {
      drive.deaths++
      await steps.return({ end: 'done' })
      // What the engine does for a worker that is gone.
      await sql`update origins set leased_by = null, leased_until = null where leased_by = ${workerId}`.execute(db)
      return
    }
    await store(db, drive, shard, result.value)
  }
}

async function store(
  db: Kysely<DB>,
  drive: Drive,
  shard: ShardOfDrive,
  step: Step<CrawlBatch, CrawlCheckpoint>,
): Promise<void> {
  const { jobId } = drive
  const groupId = ++drive.steps
  const saved = await db
    .transaction()
    .execute((trx) => scrapeEmails.save(trx, { jobId, groupId, workerId }, [step.batch]))
  shard.checkpoint = step.checkpoint
  shard.steps++
  add(drive.counts, saved)
  add(drive.counts, step.counts ?? {})
  drive.findings.push(...(step.findings ?? []))
  drive.notes.push(...(step.notes ?? []))
  for (const key of step.spawn ?? []) {
    const known = drive.shards.get(key)
    if (known) Object.assign(known, { open: true, wanted: known.wanted + 1 })
    else drive.shards.set(key, { checkpoint: undefined, open: true, wanted: 1, steps: 0 })
  }
}

async function newDrive(db: Kysely<DB>, input: CrawlInput): Promise<Drive> {
  const { rows } = await sql<{ id: number }>`
    insert into jobs (kind, title, owner, input, state) values ('scrape-emails', 'test', 'tester', ${JSON.stringify(input)}::jsonb, 'RUNNING') returning id`.execute(
    db,
  )
  const counts = { total: 0, succeeded: 0, failed: 0, skipped: 0, bytesDone: 0, results: 0 }
  const shards = new Map([['main', { checkpoint: undefined, open: true, wanted: 1, steps: 0 }]])
  return {
    jobId: rows[0]!.id,
    counts,
    findings: [],
    notes: [],
    steps: 0,
    deaths: 0,
    laters: [],
    summary: undefined,
    shards,
  }
}

function add(to: Required<Counts>, counts: Counts): void {
  for (const [name, value] of Object.entries(counts)) to[name as keyof Counts] += value ?? 0
}

/** All rows of a crawl that must not depend on how it was run. */
export async function crawlRows(db: Kysely<DB>, jobId: number) {
  const { rows: pages } = await sql<{ url: string; status: string; depth: number; parent_url: string | null }>`
    select url, shard_key, domain, parent_url, depth, priority, status, http_status, error_category, error_message, error_details, email_count
    from pages where job_id = ${jobId} order by url`.execute(db)
  const { rows: sightings } = await sql<{ address: string; source_url: string }>`
    select address, source_url, method, snippet, confidence, quality, reasons, person_name from sightings where job_id = ${jobId} order by address, source_url, method`.execute(
    db,
  )
  const { rows: addresses } = await sql<{ address: string }>`
    select address, domain, source_url, method, snippet, confidence, quality, reasons from job_addresses where job_id = ${jobId} order by address`.execute(
    db,
  )
  return { pages, sightings, addresses }
}
