import type { OpenItem } from '../../db/verify-lists.ts'
import type { RunEnd, Step } from '../job-kind.ts'
import { checkItems, giveUp } from './check-items.ts'
import { createMailboxProbes } from './mailbox-probes.ts'
import { rowsOfShard } from './row-ranges.ts'
import { createServiceChecks } from './services/service-checks.ts'
import { emptyBatch, type RowsState, type VerifyBatch, type VerifyCheckpoint } from './verify-batch.ts'
import { planOf, type VerifyArgs } from './verify-run.ts'

/** For what others are checking: a few looks inside the process, then without a slot. */
const busyPolls = { most: 20, everyMs: [10, 20, 40, 80], laterMs: 700 }
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
  const state: RowsState = checkpoint?.of === 'rows' ? { ...checkpoint } : { of: 'rows', closed: false }
  const { engine } = plan
  // Talks with mail servers take their time, and their ranges are short.
  const leave = plan.depth === 'SMTP' ? () => {} : await io.enterRange(jobId, signal)
  if (!leave) return { end: 'later', at: io.now(), why: 'stopped' }
  const laterBy = (ms: number, why: string): RunEnd => ({ end: 'later', at: new Date(io.now().getTime() + ms), why })
  const mailboxes =
    engine === 'builtin' ? createMailboxProbes(io, jobId, signal) : createServiceChecks(io, jobId, engine, signal)
  const stepOf = (batch: Partial<VerifyBatch>): Step<VerifyBatch, VerifyCheckpoint> => ({
    batch: { ...emptyBatch(), rules: plan.rules(), ...batch },
    checkpoint: { ...state },
    phase: 'verifying',
  })
  /** The step after which all rows have their fate: what was no result of its own is counted, once. */
  const lastStep = (batch: Partial<VerifyBatch>): Step<VerifyBatch, VerifyCheckpoint> => {
    const closed = state.closed ? [] : [range]
    state.closed = true
    return { ...stepOf({ ...batch, closed }), end: { end: 'done' } }
  }
  let givesUp = args.care === 'give-up-one'
  // A careful run begins with one address and dares twice as many with each step: who crashed with what was next to it is soon as fast as before.
  let atOnce = args.care === 'normal' ? Number.POSITIVE_INFINITY : 1
  let polls = 0
  /** Undefined: to be read. */
  let open: OpenItem[] | undefined

  try {
    for (;;) {
      await mailboxes.committed()
      if (signal.aborted) return laterBy(0, 'stopped')
      if (!open) {
        const rules = plan.rules()
        open = await io.openItems(jobId, range, rules)
        if (open.some(({ stored }) => stored)) {
          open = undefined
          yield stepOf({ asked: [range], rules })
          continue
        }
      }
      if (open.length === 0) {
        if (!state.closed) yield lastStep({})
        return { end: 'done' }
      }
      const check = { io, jobId, signal, plan, mailboxes }
      const round = givesUp ? giveUp(check, open[0]!) : await checkItems(check, open, atOnce)
      const { answered, kept, notes, findings, wait, held, askStore } = round
      if (answered.length + kept.length > 0) {
        if (givesUp) givesUp = false
        else atOnce *= 2
        polls = 0
        const told = new Set(answered.map(({ found }) => found.address))
        open = open.filter(({ address }) => !told.has(address))
        const batch = {
          verdicts: [...answered.flatMap((one) => one.kept ?? []), ...kept],
          found: answered.map(({ found }) => found),
        }
        const isLast = open.length === 0 && !askStore
        if (askStore) open = undefined
        yield {
          ...(isLast ? lastStep(batch) : stepOf(batch)),
          findings: [...findings, ...answered.flatMap((one) => one.findings)],
          notes,
        }
        if (isLast) return { end: 'done' }
      } else if (askStore || signal.aborted) open = undefined
      else if (held > 0) {
        const everyMs = busyPolls.everyMs[polls] ?? 100
        if (polls++ === busyPolls.most)
          return laterBy(busyPolls.laterMs, `others are checking ${held} of its addresses`)
        await args.wait(everyMs)
        // What others have found out about mailboxes is in the store.
        if (plan.depth === 'SMTP') open = undefined
      } else if (wait) {
        const ms = wait.at.getTime() - io.now().getTime()
        if (ms > shortWaitMs) return { end: 'later', ...wait }
        await args.wait(Math.max(1, ms))
      }
    }
  } finally {
    leave()
    await mailboxes.close()
  }
}
