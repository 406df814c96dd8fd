import { expect, test } from 'vitest'

import { resumePoint, watchResume } from './resume-after.ts'

test('the payload moves on with each event, in place, and never back', () => {
  const { payload, saw } = watchResume({ query: 'subscription', variables: { jobId: '1', after: 4 } })
  saw({ jobEvents: { __typename: 'JobEvent', seq: 5 } })
  saw({ jobEvents: { __typename: 'JobEvent', seq: 6 } })
  saw({ jobEvents: { __typename: 'JobEvent', seq: 5 } })
  expect(payload.variables).toEqual({ jobId: '1', after: 6 })
})

test.each([
  ['the first snapshot says where the tail begins', { __typename: 'JobSnapshot', job: { lastSeq: 9 } }, undefined, 9],
  ['a later snapshot may be ahead of its events', { __typename: 'JobSnapshot', job: { lastSeq: 9 } }, 3, undefined],
  ['behind a pruned log it goes on from the last number', { __typename: 'ResyncRequired', lastSeq: 40 }, 3, 40],
  ['other messages have no place in the sequence', { __typename: 'JobsChange' }, undefined, undefined],
  ['nothing', null, undefined, undefined],
])('%s', (_, message, after, expected) => expect(resumePoint(message, after)).toBe(expected))
