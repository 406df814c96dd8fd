import { expect, test } from 'vitest'

import { runChaos } from './chaos.ts'

test.each(['relay', 'crawl', 'verify'] as const)(
  'nothing is lost and nothing twice: five kills of a %s',
  async (job) => {
    const { broken } = await runChaos({ job, size: 'small', seed: 8, kills: 5 })
    expect(broken).toEqual([])
  },
)
