import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { type Kysely, sql } from 'kysely'
import { pino } from 'pino'

import { openBlobFolder } from '../../db/blob-folder.ts'
import type { Blobs } from '../../db/blobs.ts'
import { secretKeyOf } from '../../db/secrets.ts'
import type { DB } from '../../db/types.ts'
import { type Engine, openEngine } from '../../jobs/engine.ts'
import type { Settings } from '../../jobs/job-kind.ts'
import { kinds } from '../../jobs/registry.ts'
import { relayKind } from './relay-kind.ts'
import { testBlobFolder } from './test-folders.ts'

export const owner = 'tester'

export const testSettings: Settings = {
  minDelayMs: 0,
  userAgentContact: 'https://mailquarry.test/crawler',
  ownHosts: [],
  // Nobody listens there: a test that looks something up brings its own.
  dnsServers: ['127.0.0.1:9'],
  // All that tests crawl is on loopback.
  hostsPerAddress: 100_000,
}

/** Only what a test should see fail. */
export const testLog = pino({ level: process.env['TEST_LOG'] ?? 'silent' })

export const testSecretKey = secretKeyOf('a key for tests alone')

/** The blobs beside a database: the same for all processes that work on it, whatever port they reach it by. */
export function testBlobs(url: string): Blobs {
  return openBlobFolder(testBlobFolder(new URL(url).pathname.slice(1)))
}

/** The engine of an API process, with the relay kind beside the real ones. */
export function openTestEngine(
  url: string,
  db: Kysely<DB>,
  settings: Partial<Settings> = {},
  supervise = false,
): Promise<Engine> {
  if (!kinds.includes(relayKind)) kinds.push(relayKind)
  return openEngine({
    url,
    db,
    blobs: testBlobs(url),
    secretKey: testSecretKey,
    settings: { ...testSettings, ...settings },
    log: testLog,
    supervise,
  })
}

/** A worker in a process of its own, to be killed. */
export async function forkWorker(options: {
  url: string
  slots: number
  allowHosts?: string[]
  minDelayMs?: number
  hostsPerAddress?: number
  /** What its clock is fast by. */
  clockOffMs?: number
  retentionDays?: number
  settings?: Partial<Settings>
}): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./worker-process.ts', import.meta.url)), [JSON.stringify(options)], {
    stdio: 'inherit',
  })
  await once(child, 'message')
  return child
}

export async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** Asks every 20 ms until the answer is true; fails after `withinMs` with what was waited for. */
export async function until(what: string, holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function stateOf(db: Kysely<DB>, jobId: number): Promise<string> {
  const row = await db.selectFrom('jobs').select('state').where('id', '=', jobId).executeTakeFirst()
  return row?.state ?? 'gone'
}

export async function jobEnds(db: Kysely<DB>, jobId: number, withinMs = 60_000): Promise<void> {
  await until(
    `job ${jobId} ends`,
    async () => ['COMPLETED', 'FAILED', 'CANCELLED'].includes(await stateOf(db, jobId)),
    withinMs,
  )
}

/** What must hold of every job that has completed, however it was disturbed. */
export async function soundness(db: Kysely<DB>, jobId: number) {
  const { rows } = await sql<{
    state: string
    countsAddUp: boolean
    gapFree: boolean
    finishes: number
    openShards: number
    stepsAgree: boolean
  }>`
    select j.state, j.total = j.done and j.done = j.succeeded + j.failed + j.skipped as "countsAddUp",
      (select count(*) = j.seq and min(seq) = 1 and max(seq) = j.seq from job_events e where e.job_id = j.id) as "gapFree",
      (select count(*)::int from job_events e where e.job_id = j.id and type = 'job.completed') as finishes,
      j.open_shards as "openShards",
      j.steps = (select sum(steps) from job_shards s where s.job_id = j.id) as "stepsAgree"
    from jobs j where j.id = ${jobId}`.execute(db)
  return rows[0]!
}

export const sound = {
  state: 'COMPLETED',
  countsAddUp: true,
  gapFree: true,
  finishes: 1,
  openShards: 0,
  stepsAgree: true,
}
