import type { RunEnd, Step } from '../job-kind.ts'
import { checkItems } from './check-items.ts'
import { createMailboxProbes } from './mailbox-probes.ts'
import { rowsOfShard } from './row-ranges.ts'
import { createServiceChecks } from './services/service-checks.ts'
import { emptyBatch, type RowsState, type VerifyBatch, type VerifyCheckpoint } from './verify-batch.ts'
import { planOf, type VerifyArgs } from './verify-run.ts'

/** For what others are checking: a few looks inside the process, then without a slot. */
const busyPolls = { most: 15, everyMs: 100, laterMs: 700 }
/** So short a wait stays in the process. */
const shortWaitMs = 2_000

/**
 * Verifies the addresses of a range of the list: the store answers first, in one statement; then each that is left is checked, unless another shard, job or
 * worker is at it. It never waits with a claim in hand.
 */
export async function* verifyRows(args: VerifyArgs): AsyncGenerator<Step<VerifyBatch, VerifyCheckpoint>, RunEnd> {
  const { io, jobId, shard, signal, checkpoint } = args
  const list = await io.list(jobId)
  if (!list) throw new Error(`job ${jobId} has no list`)
  const range = rowsOfShard(shard, list.rowsPerShard)
  const plan = planOf(args, list)
  const state: RowsState = checkpoint?.of === 'rows' ? { ...checkpoint } : { of: 'rows', asked: false, closed: false }
  const { engine } = plan
  const mailboxes =
    engine === 'builtin' ? createMailboxProbes(io, jobId, signal) : createServiceChecks(io, jobId, engine, signal)
  const stepOf = (batch: Partial<VerifyBatch>): Step<VerifyBatch, VerifyCheckpoint> => ({
    batch: { ...emptyBatch(), rules: plan.rules(), ...batch },
    checkpoint: { ...state },
    phase: 'verifying',
  })
  const laterBy = (ms: number, why: string): RunEnd => ({ end: 'later', at: new Date(io.now().getTime() + ms), why })
  let { care } = args
  let polls = 0

  try {
    for (;;) {
      await mailboxes.committed()
      if (signal.aborted) return laterBy(0, 'stopped')
      if (!state.asked) {
        state.asked = true
        yield stepOf({ asked: [range] })
      }
      const items = await io.openItems(jobId, range)
      if (items.length === 0) break
      const { answered, kept, notes, findings, wait, held, askStore } = await checkItems(
        { io, signal, plan, mailboxes },
        items,
        care,
      )
      if (askStore) state.asked = false
      if (answered.length + kept.length > 0) {
        if (care === 'give-up-one') care = 'one-item'
        polls = 0
        const verdicts = [...answered.flatMap((one) => one.kept ?? []), ...kept]
        yield {
          ...stepOf({ verdicts, found: answered.map(({ found }) => found) }),
          findings: [...findings, ...answered.flatMap((one) => one.findings)],
          notes,
        }
      } else if (askStore || signal.aborted) continue
      else if (held > 0) {
        if (polls++ === busyPolls.most)
          return laterBy(busyPolls.laterMs, `others are checking ${held} of its addresses`)
        await args.wait(busyPolls.everyMs)
        state.asked = plan.depth !== 'SMTP'
      } else if (wait) {
        const ms = wait.at.getTime() - io.now().getTime()
        if (ms > shortWaitMs) return { end: 'later', ...wait }
        await args.wait(Math.max(1, ms))
      }
    }
    if (!state.closed) {
      state.closed = true
      yield { ...stepOf({ closed: [range] }), end: { end: 'done' } }
    }
    return { end: 'done' }
  } finally {
    await mailboxes.close()
  }
}
