import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'

import { wantResultFiles } from '../../db/result-files.ts'
import { forkWorker, kill, until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addJob } from '../support/rows.ts'
import { testBlobFolder } from '../support/test-folders.ts'

const { db, url } = await testDatabase()
const results = join(testBlobFolder(new URL(url).pathname.slice(1)), 'results')

const filesNow = (): Promise<string[]> => readdir(results).catch(() => [])
const totalOf = async (jobId: number) =>
  (JSON.parse(await readFile(join(results, `job_${jobId}.json`), 'utf8')) as { total_count: number }).total_count

/** Results that commit together, of a job that stands. */
async function addResults(jobId: number, groupId: number, count: number) {
  const addresses = Array.from({ length: count }, (_, i) => ({ address: `a${i}@group-${groupId}.example` }))
  await addAddresses(db, jobId, { seq: groupId, groupId }, addresses)
  await db.transaction().execute(async (trx) => {
    await sql`update jobs set results = results + ${count} where id = ${jobId}`.execute(trx)
    await wantResultFiles(trx, [jobId])
  })
}

test(
  'a kill in the middle of a file leaves the old one whole, and the next worker makes it',
  { timeout: 120_000 },
  async () => {
    const jobId = await addJob(db, { state: 'PAUSED' })
    await addResults(jobId, 1, 5)
    const first = await forkWorker({ url, slots: 1 })
    onTestFinished(() => kill(first))
    await until('there is a file', async () => (await filesNow()).includes(`job_${jobId}.json`))
    await kill(first)
    expect(await totalOf(jobId)).toBe(5)

    await addResults(jobId, 2, 60_000)
    const left = new Set(await filesNow())
    for (let kills = 0; kills < 4; kills++) {
      const worker = await forkWorker({ url, slots: 1 })
      onTestFinished(() => kill(worker))
      // As soon as a new one is begun, and a little later each time.
      await until('a file is begun', async () =>
        (await filesNow()).some((name) => name.startsWith('.writing-') && !left.has(name)),
      )
      await new Promise((resolve) => setTimeout(resolve, kills * 20))
      await kill(worker)
      expect([5, 60_005]).toContain(await totalOf(jobId))
      for (const name of await filesNow()) left.add(name)
      if ((await totalOf(jobId)) !== 5) await addResults(jobId, 10 + kills, 1)
    }
    const { rows } = await sql<{ results: number }>`select results from jobs where id = ${jobId}`.execute(db)
    const last = await forkWorker({ url, slots: 1 })
    onTestFinished(() => kill(last))
    await until('the file is fresh', async () => (await totalOf(jobId)) === rows[0]!.results)
  },
)
