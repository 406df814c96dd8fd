import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openDatabase } from '../../db/database.ts'
import { startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import { startApi } from '../support/api.ts'
import { until } from '../support/engine.ts'

test('while the database is away the server lives, is not ready and says why, and is ready again when it is back; who subscribes meanwhile waits', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-readiness-'))
  let server = await startEmbedded({ dataDir, durable: false })
  try {
    const { url, port } = server
    await migrate(url)
    const database = openDatabase(url, { max: 3 })
    try {
      await using api = await startApi({ ...database, url })
      const probe = async (path: string) => {
        const response = await fetch(api.url + path)
        return { code: response.status, ...((await response.json()) as object) }
      }
      const alive = { code: 200, status: 'ok' }
      const ready = { code: 200, status: 'ready', database: true, listening: true }
      expect([await probe('/healthz'), await probe('/readyz')]).toEqual([alive, ready])

      await server.stop()
      await until('it hears nothing any more', () => Promise.resolve(!api.live.listening()))
      expect([await probe('/healthz'), await probe('/readyz')]).toEqual([
        alive,
        { code: 503, status: 'not ready', database: false, listening: false },
      ])
      const subscription = api.socket().iterate({ query: 'subscription { jobEvents(jobId: "1") { __typename } }' })
      const first = subscription.next()
      await until('somebody subscribes', () => Promise.resolve(api.live.load().followers === 1))

      server = await startEmbedded({ dataDir, durable: false, port })
      await until('it is ready again', async () => (await probe('/readyz')).code === 200)
      expect([await probe('/healthz'), await probe('/readyz')]).toEqual([alive, ready])
      expect(await first).toMatchObject({ value: { data: { jobEvents: { __typename: 'NotFound' } } } })
    } finally {
      await database.close()
    }
  } finally {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
})
