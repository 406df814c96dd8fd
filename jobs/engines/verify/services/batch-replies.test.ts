import { expect, test } from 'vitest'

import type { BatchReply } from './batch-reply.ts'
import { readNeverbounceJob } from './neverbounce.ts'
import { readReacherBulk } from './reacher.ts'

type Read = typeof readNeverbounceJob
const html = '<html>Bad gateway</html>'

test.each<[what: string, read: Read, status: number, body: unknown, means: string]>([
  ['a job that was taken', readNeverbounceJob, 200, { status: 'success', job_id: 7 }, 'running 7'],
  ['a job that runs', readNeverbounceJob, 200, { status: 'success', id: 7, job_status: 'running' }, 'running 7'],
  ['a job that waits', readNeverbounceJob, 200, { status: 'success', id: '7', job_status: 'waiting' }, 'running 7'],
  ['a job that is done', readNeverbounceJob, 200, { status: 'success', id: 7, job_status: 'complete' }, 'ready'],
  ['a job that failed', readNeverbounceJob, 200, { status: 'success', id: 7, job_status: 'failed' }, 'ours-to-fix'],
  ['a success without an id', readNeverbounceJob, 200, { status: 'success' }, 'ours-to-fix'],
  ['an error inside 200', readNeverbounceJob, 200, { status: 'auth_failure', message: 'Invalid key' }, 'key'],
  ['a brake inside 200', readNeverbounceJob, 200, { status: 'throttle_triggered' }, 'slow-down'],
  ['too large a list', readNeverbounceJob, 413, html, 'ours-to-fix'],
  ['a page of a proxy', readNeverbounceJob, 200, html, 'retry'],
  ['a server that fails', readNeverbounceJob, 503, html, 'retry'],
  ['a bulk that was taken', readReacherBulk, 200, { job_id: 9 }, 'running 9'],
  ['a bulk that runs', readReacherBulk, 200, { job_id: 9, job_status: 'Running' }, 'running 9'],
  ['a bulk that is done', readReacherBulk, 200, { job_id: 9, job_status: 'Completed' }, 'ready'],
  ['results too early', readReacherBulk, 400, { error: 'Job is still running' }, 'ours-to-fix'],
  ['a bulk that is not there', readReacherBulk, 404, { error: 'Job not found' }, 'ours-to-fix'],
  ['its own brake', readReacherBulk, 429, { error: 'Too many requests' }, 'slow-down'],
  ['a page of a proxy before it', readReacherBulk, 200, html, 'retry'],
])('%s', (_what, read, status, body, means) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  expect(meaning(read({ status, body: text, retryAfterMs: null }))).toBe(means)
})

test('results by address, in whatever order and case, and without what cannot be read', () => {
  const results = [
    { data: { email: 'Zoe@firm.com' }, verification: { result: 'valid', flags: ['accepts_all'] } },
    { data: { email: 'ann@firm.com' }, verification: { result: 'invalid', flags: [] } },
    { data: {}, verification: { result: 'valid', flags: [] } },
    'noise',
  ]
  const reply = readNeverbounceJob({
    status: 200,
    body: JSON.stringify({ status: 'success', results }),
    retryAfterMs: null,
  })
  expect(reasons(reply)).toEqual({ 'zoe@firm.com': 'catch_all', 'ann@firm.com': 'mailbox_not_found' })
  const bulk = [
    { input: 'Zoe@firm.com', is_reachable: 'safe', smtp: { is_deliverable: true, is_catch_all: false } },
    { input: 'ann@firm.com', is_reachable: 'unknown', smtp: { error: { message: 'timed out' } } },
    null,
  ]
  expect(
    reasons(readReacherBulk({ status: 200, body: JSON.stringify({ results: bulk }), retryAfterMs: null })),
  ).toEqual({
    'zoe@firm.com': 'mailbox_accepted',
    'ann@firm.com': 'inconclusive',
  })
})

function meaning(reply: BatchReply): string {
  switch (reply.kind) {
    case 'running':
      return `running ${reply.id}`
    case 'failure':
      return reply.failure.kind
    case 'ready':
    case 'finished':
      return reply.kind
  }
}

function reasons(reply: BatchReply): Record<string, string> {
  if (reply.kind !== 'finished') throw new Error(reply.kind)
  return Object.fromEntries([...reply.said].map(([address, { said }]) => [address, said.reason]))
}
