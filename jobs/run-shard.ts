import type { Logger } from 'pino'

import type { ClaimedShard } from '../db/shards.ts'
import { type AnyJobKind, type Care, JobFailure, type RunArgs, RetryLater, type RunEnd, type Step } from './job-kind.ts'
import type { ShardEnd, Submission, Verdict } from './step-transaction.ts'

/** Why a handler is asked to stop: the reason of its AbortSignal. `lost`: the shard is no longer ours. */
export type StopReason = 'stopped' | 'shutdown' | 'lost'

export interface ShardRun {
  kind: AnyJobKind
  claim: ClaimedShard
  input: unknown
  io: unknown
  signal: AbortSignal
  wait(ms: number): Promise<void>
  commit(submission: Pick<Submission, 'step' | 'end'>): Promise<Verdict>
  /** True when other shards wait for this slot: then a run ends after its turn. */
  contended(): boolean
  /** True when another job has no slot at all and this run is the one to make room: then it ends after a short turn. */
  owed(): boolean
  log: Logger
}

/** `failed`: the job itself cannot go on. All else has been committed, or is no longer ours to commit. */
export type ShardFate = { fate: 'ended' } | { fate: 'failed'; code: string; message: string }

/** A run gives its slot to waiting shards after so long. */
const turnMs = 5_000
const shortTurnMs = 1_000
/** Runs in a row that failed at one checkpoint, after which the job is given up. */
const maxAttempts = 12

/** Drives one claimed shard's generator, step by step, until it ends, its turn is over, or it is told to stop. */
export async function runShard(run: ShardRun): Promise<ShardFate> {
  const ended = { fate: 'ended' } as const
  const progress = { committed: false }
  try {
    await runToEnd(run, progress)
    return ended
  } catch (error) {
    if (run.signal.aborted) {
      await commitStop(run)
      return ended
    }
    if (error instanceof JobFailure) return { fate: 'failed', code: error.code, message: error.message }
    return await commitRetry(run, error, progress.committed ? 1 : run.claim.attempts + 1)
  }
}

async function runToEnd(run: ShardRun, progress: { committed: boolean }): Promise<void> {
  const { claim, kind } = run
  let checkpoint = claim.checkpoint === null ? undefined : kind.checkpoint.parse(claim.checkpoint)
  const turnEnds = Date.now() + turnMs
  for (;;) {
    const steps = kind.run(argsOf(run, checkpoint, progress.committed ? 'normal' : careFor(claim)))
    const end = await runSteps(run, steps, turnEnds, (saved) => {
      checkpoint = saved
      progress.committed = true
    })
    if (!end) return
    // Reopened while its end was on the way: it runs on from its checkpoint.
    if (end !== 'again' && (await run.commit({ end })) !== 'again') return
  }
}

/**
 * Returns the end that is still to be committed; null when the end is in already or the shard is not ours any more; `again` when the shard was reopened before
 * its last step was in. Whatever happens, the generator is told that nobody goes on with it, so that it gives back what it holds.
 */
async function runSteps(
  run: ShardRun,
  steps: AsyncGenerator<Step<unknown, unknown>, RunEnd>,
  turnEnds: number,
  saved: (checkpoint: unknown) => void,
): Promise<ShardEnd | 'again' | null> {
  try {
    let result = await steps.next()
    while (!result.done) {
      const step = result.value
      const verdict = await run.commit({ step })
      if (verdict === 'fenced') return null
      saved(step.checkpoint)
      if (step.end && verdict === 'committed') return null
      if (run.signal.aborted || isOver(run, turnEnds)) return stopEnd(run.signal)
      if (step.end) return 'again'
      result = await steps.next()
    }
    // A generator that returns because it was told to stop has not said that nothing is left.
    return run.signal.aborted ? stopEnd(run.signal) : result.value
  } finally {
    await steps.return({ end: 'done' }).catch(() => {})
  }
}

function isOver(run: ShardRun, turnEnds: number): boolean {
  const leftMs = turnEnds - Date.now()
  return (leftMs < 0 && run.contended()) || (leftMs < turnMs - shortTurnMs && run.owed())
}

function argsOf(run: ShardRun, checkpoint: unknown, care: Care): RunArgs<unknown, unknown, unknown> {
  const { claim, input, io, signal, wait } = run
  return { jobId: claim.jobId, shard: claim.key, input, checkpoint, io, signal, care, wait }
}

/** A crash is no exception, but repeated at one checkpoint it is a poison item's work: first find the item, then give it up. */
export function careFor({ attempts, crashes }: { attempts: number; crashes: number }): Care {
  const failures = Math.max(attempts, crashes)
  return failures >= 3 ? 'give-up-one' : failures === 2 ? 'one-item' : 'normal'
}

async function commitStop(run: ShardRun): Promise<void> {
  const end = stopEnd(run.signal)
  if (end) await run.commit({ end })
}

function stopEnd(signal: AbortSignal): ShardEnd | null {
  if (!signal.aborted) return { end: 'sliced' }
  switch (signal.reason as StopReason) {
    case 'stopped':
      return { end: 'stopped' }
    case 'shutdown':
      return { end: 'sliced' }
    case 'lost':
      return null
  }
}

async function commitRetry(run: ShardRun, error: unknown, attempts: number): Promise<ShardFate> {
  const message = error instanceof Error ? error.message : String(error)
  run.log.warn(
    { err: error, job: run.claim.jobId, shard: run.claim.key, attempts },
    'shard failed; it will be tried again',
  )
  if (attempts >= maxAttempts) return { fate: 'failed', code: 'SHARD_FAILED', message: `${run.claim.key}: ${message}` }
  const afterMs = error instanceof RetryLater && error.afterMs !== undefined ? error.afterMs : backoffMs(attempts)
  await run.commit({ end: { end: 'retry', at: new Date(Date.now() + afterMs), why: message.slice(0, 500) } })
  return { fate: 'ended' }
}

/** Exponential from 1 s to 5 min, with full jitter above half. `random` is in [0, 1). */
export function backoffMs(attempts: number, random: number = Math.random()): number {
  const most = Math.min(300_000, 1_000 * 2 ** (attempts - 1))
  return Math.round(most / 2 + (most / 2) * random)
}
