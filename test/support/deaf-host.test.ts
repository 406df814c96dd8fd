import { once } from 'node:events'
import { connect } from 'node:net'

import { expect, test } from 'vitest'

import { startDeafHost } from './deaf-host.ts'

test('a deaf host never lets a connection open, and refuses them when it is gone', async () => {
  const deaf = await startDeafHost({ host: '127.0.0.9' })
  const attempts = [1, 2, 3].map(() => connect(deaf.port, deaf.host))
  const opened = attempts.map(async (attempt) => {
    await once(attempt, 'connect', { signal: AbortSignal.timeout(300) })
  })
  for (const result of await Promise.allSettled(opened))
    expect(String((result as PromiseRejectedResult).reason)).toContain('abort')
  for (const attempt of attempts) attempt.destroy()
  await deaf.close()
  const [error] = (await once(connect(deaf.port, deaf.host), 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
})
