import { expect, test } from 'vitest'

import { cameToNothing, toneOf } from './job-words.ts'

test.each([
  ['COMPLETED', 0, 3, true],
  ['COMPLETED', 1, 3, false],
  // Nothing was there to go wrong: all was skipped, or there was nothing.
  ['COMPLETED', 0, 0, false],
  ['RUNNING', 0, 3, false],
  ['CANCELLED', 0, 3, false],
] as const)(
  '%s with %i that went well and %i that failed came to nothing: %s',
  (state, succeeded, failed, expected) => {
    const job = { state, progress: { succeeded, failed } }
    expect(cameToNothing(job)).toBe(expected)
    expect(toneOf(job) === 'warning').toBe(expected)
  },
)
