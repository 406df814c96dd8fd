import { expect, test } from 'vitest'

import { startDns } from '../test/support/dns.ts'
import { openResolver } from './outgoing-dns.ts'

test('who takes seconds for a name after many were answered at once is still heard', async () => {
  let knownAt = 0
  await using dns = await startDns({
    otherwise: () => ({ mx: [[10, 'mx.example']], delayMs: Math.max(0, knownAt - performance.now()) }),
  })
  const resolver = openResolver([dns.server])
  for (let i = 0; i < 20; i++) await resolver.resolveMx(`quick${i}.example`)
  knownAt = performance.now() + 2_500
  expect(await resolver.resolveMx('slow.example')).toMatchObject([{ exchange: 'mx.example' }])
})
