import { pino } from 'pino'
import { expect, test } from 'vitest'
import { z } from 'zod'

import type { AnyJobKind, RunEnd, Step } from './job-kind.ts'
import { runShard } from './run-shard.ts'
import type { Submission, Verdict } from './step-transaction.ts'

type Numbers = AsyncGenerator<Step<unknown, { at: number }>, RunEnd>

/** Runs a shard of which every submission is answered by the next of the verdicts. Returns what was submitted. */
async function submissions(run: (at: number) => Numbers, verdicts: Verdict[]) {
  const submitted: Pick<Submission, 'step' | 'end'>[] = []
  const kind = {
    checkpoint: z.object({ at: z.number() }),
    run: ({ checkpoint }) => run(checkpoint?.at ?? 0),
  } as Partial<AnyJobKind> as AnyJobKind
  await runShard({
    kind,
    claim: { jobId: 1, key: 'one', activation: 1, epoch: 1, checkpoint: null, attempts: 0, crashes: 0 },
    input: {},
    io: {},
    signal: new AbortController().signal,
    wait: () => Promise.resolve(),
    commit(submission) {
      submitted.push(submission)
      return Promise.resolve(verdicts.shift() ?? 'committed')
    },
    contended: () => false,
    owed: () => false,
    log: pino({ level: 'silent' }),
  })
  return submitted
}

const done = { end: 'done' } as const

test('a shard that was reopened while its end was on the way runs on from its checkpoint before it ends', async () => {
  async function* run(at: number): Numbers {
    if (at < 2) yield { batch: at, checkpoint: { at: at + 1 } }
    return done
  }
  expect(await submissions(run, ['committed', 'again', 'committed', 'committed'])).toEqual([
    { step: { batch: 0, checkpoint: { at: 1 } } },
    { end: done },
    { step: { batch: 1, checkpoint: { at: 2 } } },
    { end: done },
  ])
})

test('so does one whose end was in its last step', async () => {
  async function* run(at: number): Numbers {
    yield { batch: at, checkpoint: { at: at + 1 }, end: done }
    return done
  }
  expect(await submissions(run, ['again', 'committed'])).toEqual([
    { step: { batch: 0, checkpoint: { at: 1 }, end: done } },
    { step: { batch: 1, checkpoint: { at: 2 }, end: done } },
  ])
})
