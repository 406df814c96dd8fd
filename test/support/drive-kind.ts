import { setTimeout as sleep } from 'node:timers/promises'

import { type Kysely, sql } from 'kysely'

import { openBlobFolder } from '../../db/blob-folder.ts'
import type { DB } from '../../db/types.ts'
import { removeWorker } from '../../db/workers.ts'
import type { Care, Counts, Finding, IoDeps, JobKind, Note, RunEnd, Settings, Step } from '../../jobs/job-kind.ts'
import type { Outgoing } from '../../jobs/outgoing.ts'
import { findingsToTell } from '../../jobs/step-transaction.ts'
import { testLog, testSettings } from './engine.ts'
import { testBlobFolder } from './test-folders.ts'

export interface DriveOptions<Input> {
  db: Kysely<DB>
  outgoing: Outgoing
  input: Input
  settings?: Partial<Settings>
  /** By field of the input. */
  secrets?: Record<string, string>
  /** Shards that run at the same time; 1: each runs to its end before the next. */
  atOnce?: number
  /** Asked before each step is stored; true: the run dies here and its step is lost. */
  dies?: () => boolean
  /** Every run is stopped after its first step, and goes on in a new one. */
  stopsAfterEachStep?: boolean
  care?: (shard: string) => Care
  /** Told of each step before it is stored. */
  onStep?: (step: Step<unknown, unknown>, drive: Drive) => void
  signal?: AbortSignal
  /** An interrupted job that goes on. */
  resume?: Drive
  now?: () => Date
  /** Longer waits are set by policies, which go by the clock of the kind: it is set forward. 5 s unless told. */
  longestSleepMs?: number
}

/** A job as it stands. */
export interface Drive {
  /** What its clock is fast by: waits of minutes are not slept, the clock is set forward. */
  aheadMs: number
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
  /** What runs have let go on after their end. */
  leftBehind: Promise<unknown>[]
}

interface ShardOfDrive {
  /** JSON text, as it is stored. */
  checkpoint: string | undefined
  open: boolean
  wanted: number
  steps: number
}

const workerId = 'test-worker'

/** Runs a job without the engine: its shards' steps one transaction each, checkpoints through JSON, as the contract says. */
export async function driveKind<Input, Checkpoint, Batch, Io>(
  kind: JobKind<Input, Checkpoint, Batch, Io>,
  options: DriveOptions<Input>,
): Promise<Drive> {
  const { db, outgoing, atOnce = 1 } = options
  const input = kind.input.parse(options.input)
  const drive = options.resume ?? (await newDrive(db, kind.kind, input))
  const deps: IoDeps = {
    db,
    outgoing,
    blobs: await blobsOf(db),
    secret: async (_jobId, name) => options.secrets?.[name],
    log: testLog,
    workerId: () => workerId,
    now: () => nowOf(options, drive),
    leaveBehind: (work) => drive.leftBehind.push(work),
    settings: { ...testSettings, ...options.settings },
  }
  const io = kind.io(deps)

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
        await runOnce(kind, options, drive, io, input, next[0], next[1])
      } finally {
        busy.delete(next[0])
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  if (options.signal?.aborted) return drive

  const { counts, notes = [], summary } = await db.transaction().execute((trx) => kind.finish(trx, drive.jobId))
  drive.notes.push(...notes)
  add(drive.counts, counts ?? {})
  drive.summary = summary
  return drive
}

async function blobsOf(db: Kysely<DB>) {
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(db)
  return openBlobFolder(testBlobFolder(rows[0]!.name))
}

async function runOnce<Input, Checkpoint, Batch, Io>(
  kind: JobKind<Input, Checkpoint, Batch, Io>,
  options: DriveOptions<Input>,
  drive: Drive,
  io: Io,
  input: Input,
  key: string,
  shard: ShardOfDrive,
): Promise<void> {
  const { db, dies, care, onStep, longestSleepMs = 5_000 } = options
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const seen = shard.wanted
  const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {})
  const steps = kind.run({
    jobId: drive.jobId,
    shard: key,
    input,
    checkpoint: shard.checkpoint === undefined ? undefined : kind.checkpoint.parse(JSON.parse(shard.checkpoint)),
    io,
    signal,
    care: care?.(key) ?? 'normal',
    wait,
  })
  const ended = async (end: RunEnd) => {
    if (end.end === 'later') {
      drive.laters.push(end.why)
      const ms = Math.max(0, end.at.getTime() - nowOf(options, drive).getTime())
      if (ms > longestSleepMs) drive.aheadMs += ms
      else await wait(ms)
    } else if (shard.wanted === seen) shard.open = false
  }
  for (;;) {
    const result = await nextStep(steps, signal)
    // What a run returns because it was told to stop says nothing about what is left.
    if (result === undefined) return
    if (result.done) return signal.aborted ? undefined : ended(result.value)
    const step = result.value
    if (dies?.()) {
      drive.deaths++
      await steps.return({ end: 'done' })
      await removeWorker(db, workerId)
      return
    }
    onStep?.(step, drive)
    await store(kind, db, drive, shard, step)
    if (options.stopsAfterEachStep && !step.end) stop.abort('stopped')
    // As the engine does, so that it gives back what it holds.
    if (step.end || signal.aborted) await steps.return({ end: 'done' })
    if (step.end) return ended(step.end)
    if (signal.aborted) return
  }
}

/** Undefined where the run was told to stop and threw. */
async function nextStep<Batch, Checkpoint>(
  steps: AsyncGenerator<Step<Batch, Checkpoint>, RunEnd>,
  signal: AbortSignal,
): Promise<IteratorResult<Step<Batch, Checkpoint>, RunEnd> | undefined> {
  try {
    return await steps.next()
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

async function store<Batch, Checkpoint>(
  kind: Pick<JobKind<never, Checkpoint, Batch, never>, 'save'>,
  db: Kysely<DB>,
  drive: Drive,
  shard: ShardOfDrive,
  step: Step<Batch, Checkpoint>,
): Promise<void> {
  const { jobId } = drive
  const groupId = ++drive.steps
  const { failedItems, ...saved } = await db
    .transaction()
    .execute((trx) => kind.save(trx, { jobId, groupId, workerId }, [step.batch]))
  shard.checkpoint = JSON.stringify(step.checkpoint)
  shard.steps++
  add(drive.counts, saved)
  add(drive.counts, step.counts ?? {})
  drive.findings.push(...findingsToTell(step.findings ?? [], failedItems && new Set(failedItems)))
  drive.notes.push(...(step.notes ?? []))
  for (const key of step.spawn ?? []) {
    const known = drive.shards.get(key)
    if (known) Object.assign(known, { open: true, wanted: known.wanted + 1 })
    else drive.shards.set(key, { checkpoint: undefined, open: true, wanted: 1, steps: 0 })
  }
}

async function newDrive(db: Kysely<DB>, kind: string, input: unknown): Promise<Drive> {
  const { rows } = await sql<{ id: number }>`
    insert into jobs (kind, title, owner, input, state) values (${kind}, 'test', 'tester', ${JSON.stringify(input)}::jsonb, 'RUNNING') returning id`.execute(
    db,
  )
  const counts = { total: 0, succeeded: 0, failed: 0, skipped: 0, bytesDone: 0, results: 0 }
  const shards = new Map([['main', { checkpoint: undefined, open: true, wanted: 1, steps: 0 }]])
  return {
    jobId: rows[0]!.id,
    aheadMs: 0,
    counts,
    findings: [],
    notes: [],
    steps: 0,
    deaths: 0,
    laters: [],
    summary: undefined,
    shards,
    leftBehind: [],
  }
}

function nowOf({ now = () => new Date() }: Pick<DriveOptions<unknown>, 'now'>, { aheadMs }: Drive): Date {
  return new Date(now().getTime() + aheadMs)
}

function add(to: Required<Counts>, counts: Counts): void {
  for (const [name, value] of Object.entries(counts)) to[name as keyof Counts] += value ?? 0
}
