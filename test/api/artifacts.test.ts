import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { failJob } from '../../jobs/control.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { forkWorker, jobEnds, kill, stateOf, until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addJob } from '../support/rows.ts'
import { testBlobFolder } from '../support/test-folders.ts'

const database = await testDatabase()
const { db, url } = database
const fileOf = (id: string) => join(testBlobFolder(new URL(url).pathname.slice(1)), 'results', `job_${id}.json`)
let api: TestApi
let worker: Awaited<ReturnType<typeof forkWorker>>
beforeAll(async () => {
  api = await startApi(database)
  worker = await forkWorker({ url, slots: 4 })
})
afterAll(async () => {
  await kill(worker)
  await api.close()
})

const artifact = (name: string, init?: RequestInit) => fetch(`${api.url}/artifacts/${name}`, init)
const job = (id: string) =>
  api.data<{ job: { artifacts: { name: string; url: string; sizeBytes: number; madeAt: string }[] } | null }>(
    `{ job(id: "${id}") { artifacts { name url sizeBytes madeAt } } }`,
  )

test(
  'a verified list has its result file, which is served, named by the job, and goes with it',
  { timeout: 60_000 },
  async () => {
    const emails = [...Array.from({ length: 300 }, (_, i) => `a${i}@example.com`), 'A1@EXAMPLE.com', 'no address']
    const { startVerifyEmails } = await api.data<{ startVerifyEmails: { job: { id: string } } }>(
      'mutation ($emails: [String!]) { startVerifyEmails(input: { emails: $emails, depth: SYNTAX }) { ... on StartJobSuccess { job { id } } } }',
      { emails },
    )
    const { id } = startVerifyEmails.job
    await jobEnds(db, Number(id))
    const read = async () => readFile(fileOf(id), 'utf8').catch(() => '{}')
    await until(
      'its file is fresh',
      async () => (JSON.parse(await read()) as { total_count?: number }).total_count === 300,
    )
    const file = JSON.parse(await read()) as { emails: { email: string }[]; last_updated: number }
    expect(new Set(file.emails.map(({ email }) => email))).toEqual(new Set(emails.slice(0, 300)))
    expect(file.emails[0]).toEqual({
      email: expect.any(String),
      quality: 'low',
      confidence: 0.3,
      source_url: null,
      timestamp: expect.closeTo(Date.now() / 1_000, -2),
      status: 'UNKNOWN',
      reason: 'syntax_ok',
      score: 30,
      worker_id: expect.stringContaining('-'),
    })

    const response = await artifact(`job_${id}.json`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="job_${id}.json"`)
    const served = (await response.json()) as typeof file
    expect({ ...served, last_updated: 0 }).toEqual({ ...file, last_updated: 0 })
    expect((await artifact(`job_${id}.json`, { method: 'HEAD' })).status).toBe(200)
    expect((await artifact(`job_${id}.json`, { method: 'POST' })).status).toBe(405)
    expect((await job(id)).job!.artifacts).toEqual([
      {
        name: `job_${id}.json`,
        url: `/artifacts/job_${id}.json`,
        sizeBytes: (await readFile(fileOf(id))).length,
        madeAt: expect.any(String),
      },
    ])

    await api.data(`mutation { deleteJob(id: "${id}") { __typename } }`)
    expect((await artifact(`job_${id}.json`)).status).toBe(404)
    await until('its file is gone', async () => (await read()) === '{}')
    await until('its rows are gone', async () => (await stateOf(db, Number(id))) === 'gone')
  },
)

test.each(['PAUSING', 'CANCELLING', 'RUNNING'])('a job that stops while it is %s gets its file', async (state) => {
  const jobId = await addJob(db)
  await addAddresses(db, jobId, { seq: 1, groupId: 2 }, [{ address: 'ada@example.com' }])
  // While it runs, that file is fresh enough.
  await sql`insert into result_files (job_id, results, size_bytes, made_at) values (${jobId}, 1, 500, now())`.execute(
    db,
  )
  await sql`update jobs set results = 1, state = ${state} where id = ${jobId}`.execute(db)
  // The worker settles what stands between two states.
  if (state === 'RUNNING') await failJob(api.engine, jobId, { code: 'INPUT_GONE', message: 'gone' })
  await until('there is a file', async () => (await readFile(fileOf(String(jobId))).catch(() => null)) !== null)
  expect(await stateOf(db, jobId)).toBe({ PAUSING: 'PAUSED', CANCELLING: 'CANCELLED', RUNNING: 'FAILED' }[state])
})

test('what a running job has now is served, whatever the file says', async () => {
  const jobId = await addJob(db)
  const served = async () => (await (await artifact(`job_${jobId}.json`)).json()) as { emails: { email: string }[] }
  expect(await served()).toMatchObject({ job_id: String(jobId), emails: [], total_count: 0 })
  await addAddresses(db, jobId, { seq: 1, groupId: 1 }, [{ address: 'ada@example.com' }])
  expect(await served()).toMatchObject({ emails: [{ email: 'ada@example.com' }], total_count: 1 })
  expect((await job(String(jobId))).job!.artifacts).toEqual([])
})

test.each(['job_999999.json', 'job_1.csv', 'job_x.json', '../results/job_1.json', 'job_1.json/', ''])(
  'there is no artifact %j',
  async (name) => {
    const response = await artifact(name)
    expect(response.status).toBe(404)
  },
)

test('a job of somebody else has none', async () => {
  const jobId = await addJob(db, { owner: 'somebody' })
  expect((await artifact(`job_${jobId}.json`)).status).toBe(404)
})
