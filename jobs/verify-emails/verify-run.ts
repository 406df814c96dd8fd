import type { VerifyList } from '../../db/verify-lists.ts'
import { answers } from '../engines/verify/answers.ts'
import { type Depth, depths, type EngineName, engineNames } from '../engines/verify/terms.ts'
import type { RunArgs } from '../job-kind.ts'
import { depthOf, type VerifyInput } from './input.ts'
import type { VerifyIo } from './io.ts'
import type { VerifyCheckpoint, VerifyRules } from './verify-batch.ts'

export type VerifyArgs = RunArgs<VerifyInput, VerifyCheckpoint, VerifyIo>

/** What a job asks for. */
export interface Plan {
  depth: Depth
  engine: EngineName
  rules(): VerifyRules
}

const dayMs = 86_400_000

export function planOf(
  { input, io }: { input: VerifyInput; io: Pick<VerifyIo, 'now'> },
  { beganAt }: Pick<VerifyList, 'beganAt'>,
): Plan {
  const depth = depthOf(input)
  const engine = input.service
  const oldest = input.maxAgeDays === undefined ? null : new Date(beganAt.getTime() - input.maxAgeDays * dayMs)
  const fixed = { answers: answersTo(depth, engine), notBefore: input.force ? beganAt : oldest, forced: input.force }
  return { depth, engine, rules: () => ({ ...fixed, now: io.now() }) }
}

/** Whose verdicts answer, as `answers` says: the engine's own before those of services, the deepest first. */
export function answersTo(depth: Depth, engine: EngineName): VerifyRules['answers'] {
  const now = new Date(0)
  const engines = [engine, ...engineNames.filter((name) => name !== engine)]
  return engines.flatMap((by) =>
    depths
      .toReversed()
      .filter((deep) =>
        answers({ depth: deep, engine: by, checkedAt: now.toISOString(), holdsUntil: null }, { depth, engine }, now),
      )
      .map((deep) => ({ depth: deep, engine: by })),
  )
}
