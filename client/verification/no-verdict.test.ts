import { expect, test } from 'vitest'

import { wordsOfNoVerdict } from './no-verdict.ts'

test('a verification without a verdict sends nobody to a log that says nothing', () => {
  expect(wordsOfNoVerdict('COMPLETED', 3)).toMatch(/^Nothing of 3 rows was verified: .* list of suppressions\.$/)
  expect(wordsOfNoVerdict('COMPLETED', 0)).toBe('The list held nothing to verify.')
  expect(wordsOfNoVerdict('CANCELLED', 0)).toContain('The Log tab says why.')
  expect(wordsOfNoVerdict('FAILED', 3)).toContain('The Log tab says why.')
})
