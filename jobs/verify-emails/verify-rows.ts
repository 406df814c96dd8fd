import type { RunEnd, Step } from '../job-kind.ts'
import { checkItems } from './check-items.ts'
import { findingOf, keptVerdict, verificationOf } from './result.ts'
import { rowsOfShard } from './row-ranges.ts'
import { emptyBatch, type RowsState, type VerifyBatch, type VerifyCheckpoint } from './verify-batch.ts'
import { planOf, type VerifyArgs } from './verify-run.ts'

/** For what others are checking: a few looks inside the process, then without a slot. */
const busyPolls = { most: 15, everyMs: 100, laterMs: 700 }

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
  const stepOf = (batch: Partial<VerifyBatch>): Step<VerifyBatch, VerifyCheckpoint> => ({
    batch: { ...emptyBatch(), rules: plan.rules(), ...batch },
    checkpoint: { ...state },
    phase: 'verifying',
  })
  let { care } = args
  let polls = 0

  for (;;) {
    if (signal.aborted) return { end: 'later', at: io.now(), why: 'stopped' }
    if (!state.asked) {
      state.asked = true
      yield stepOf({ asked: [range] })
    }
    const items = await io.openItems(jobId, range)
    if (items.length === 0) break
    const { answered, wait, held } = await checkItems(args, plan, items, care)
    if (answered.length > 0) {
      care = care === 'normal' ? 'normal' : 'one-item'
      polls = 0
      const verdicts = answered.flatMap(keptVerdict)
      yield { ...stepOf({ verdicts, found: answered.map(verificationOf) }), findings: answered.flatMap(findingOf) }
    } else if (held > 0) {
      if (polls++ === busyPolls.most) return laterBy(busyPolls.laterMs, `others are checking ${held} of its addresses`)
      await args.wait(busyPolls.everyMs)
    } else if (wait) return { end: 'later', ...wait }
  }
  if (!state.closed) {
    state.closed = true
    yield { ...stepOf({ closed: [range] }), end: { end: 'done' } }
  }
  return { end: 'done' }

  function laterBy(ms: number, why: string): RunEnd {
    return { end: 'later', at: new Date(io.now().getTime() + ms), why }
  }
}
