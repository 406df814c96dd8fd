import { afterAll } from 'vitest'

import { openUpload } from '../../db/upload-bytes.ts'
import { startApi } from './api.ts'
import { testDatabase } from './postgres.ts'
import { createRelayTables } from './relay-kind.ts'

/** For a test file about uploads: a database of its own, where relay jobs may name them, and the API. All is closed after the last test. */
export async function uploadBench() {
  const database = await testDatabase()
  const { db } = database
  await createRelayTables(db)
  const api = await startApi(database)
  afterAll(() => api.close())
  const { blobs } = api.engine
  return {
    database,
    db,
    api,
    /** What was uploaded, or the bytes of it from `start` until before `end`. */
    async bytesOf(id: string, range?: { start: number; end?: number }): Promise<Buffer> {
      return Buffer.concat(await Array.fromAsync((await openUpload(db, blobs, id)).read(range)))
    },
    /** What is stored of it. */
    blobsOf: (id: string) => Array.fromAsync(blobs.list(`uploads/${id}/`)),
  }
}
