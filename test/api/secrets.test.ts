import { sql } from 'kysely'
import { pino } from 'pino'
import { beforeAll, expect, onTestFinished, test } from 'vitest'

import { readSecret, secretKeyOf, secretNames } from '../../db/secrets.ts'
import { cloneJob, deleteJob, startJob } from '../../jobs/control.ts'
import { markedFields } from '../../jobs/control/marked-fields.ts'
import { removeDeleted } from '../../jobs/control/removal.ts'
import { type Engine, openEngine } from '../../jobs/engine.ts'
import { kinds } from '../../jobs/registry.ts'
import { startApi } from '../support/api.ts'
import {
  forkWorker,
  jobEnds,
  kill,
  openTestEngine,
  owner,
  sound,
  soundness,
  testBlobs,
  testSecretKey,
  testSettings,
  until,
} from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables, digestOf } from '../support/relay-kind.ts'
import { tablesWith } from '../support/whole-database.ts'

const { db, url } = await testDatabase()
beforeAll(() => createRelayTables(db))

const apiKey = 'sk_live_do_not_tell'
const input = { shards: 3, steps: 2, apiKey, keyDigest: digestOf(apiKey) }

async function engineOf() {
  const engine = await openTestEngine(url, db)
  onTestFinished(() => engine.close())
  return engine
}

async function endOf(jobId: number): Promise<void> {
  await db.updateTable('jobs').set({ state: 'COMPLETED' }).where('id', '=', jobId).execute()
}

test('a job with a secret runs with it, and shows it nowhere', { timeout: 60_000 }, async () => {
  const api = await startApi({ db, url })
  onTestFinished(() => api.close())
  const worker = await forkWorker({ url, slots: 4 })
  onTestFinished(() => kill(worker))
  const { result } = await api.data<{ result: { job: { id: string } } }>(
    `mutation ($input: RelayInput!) { result: startRelay(input: $input) { ... on StartJobSuccess { job { id input } } ... on UserError { message } } }`,
    { input },
  )
  const jobId = Number(result.job.id)
  await jobEnds(db, jobId)
  expect(await soundness(db, jobId)).toEqual(sound)
  const { cloned } = await api.data<{ cloned: { job: { id: string } } }>(
    `mutation ($id: ID!) { cloned: cloneJob(id: $id) { ... on JobSuccess { job { id input } } ... on UserError { message } } }`,
    { id: String(jobId) },
  )
  const cloneId = Number(cloned.job.id)
  expect(cloneId).toBeGreaterThan(jobId)
  await jobEnds(db, cloneId)
  expect(await soundness(db, cloneId)).toEqual(sound)
  const shown = JSON.stringify([
    result,
    cloned,
    await api.data(
      `{ jobs(first: 10) { nodes { id title input summary events(first: 100) { nodes { message type } } } } }`,
    ),
  ])
  expect(shown).toContain(`with the apiKey of job ${jobId}`)
  expect(shown).not.toContain(apiKey)
  expect(await tablesWith(db, apiKey)).toEqual([])
})

test('the same idempotency key with another secret is another input', async () => {
  const engine = await engineOf()
  const start = (given: object) => startJob(engine, { kind: 'relay', input: given, owner, idempotencyKey: 'once' })
  const first = await start(input)
  expect(await start(input)).toEqual({ jobId: first.jobId, replayed: true })
  await expect(start({ ...input, apiKey: 'another' })).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' })
  const { apiKey: _, ...without } = input
  await expect(start(without)).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' })
})

test('a clone has its own copy, which outlives the job that it is from', async () => {
  const engine = await engineOf()
  const { jobId } = await startJob(engine, { kind: 'relay', input, owner })
  const { jobId: cloneId } = await cloneJob(engine, jobId, owner)
  await endOf(jobId)
  await deleteJob(engine, jobId, owner)
  await until('its rows are removed', async () => !(await removeDeleted(engine)))
  expect(await secretNames(db, jobId)).toEqual([])
  expect(await readSecret(db, testSecretKey, cloneId, 'apiKey')).toBe(apiKey)
})

test('an unfit secret is refused by its path, without a word of it', async () => {
  const engine = await engineOf()
  const refused = startJob(engine, { kind: 'relay', input: { ...input, apiKey: 'sk_' }, owner })
  await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_ERROR', issues: [{ path: ['apiKey'] }] })
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('sk_') })
})

test('without a key no secret is taken, and a job that has one says what is missing', async () => {
  const { jobId } = await startJob(await engineOf(), { kind: 'relay', input, owner })
  const before = await countJobs()
  const keyless = await engineWith(undefined)
  const lacking = { code: 'NOT_CONFIGURED', settings: ['SECRET_KEY'] }
  await expect(startJob(keyless, { kind: 'relay', input, owner })).rejects.toMatchObject(lacking)
  await expect(cloneJob(keyless, jobId, owner)).rejects.toMatchObject(lacking)
  const other = await engineWith('another key')
  await expect(cloneJob(other, jobId, owner)).rejects.toMatchObject({
    ...lacking,
    message: expect.stringContaining('another SECRET_KEY'),
  })
  expect(await countJobs()).toBe(before)
  const { apiKey: _, keyDigest: __, ...without } = input
  expect(await startJob(keyless, { kind: 'relay', input: without, owner })).toMatchObject({ replayed: false })
})

test.each(['secret', 'upload'] as const)('every %s of every kind is a text at the top of its input', (mark) => {
  const marked = (value: unknown): number =>
    typeof value !== 'object' || value === null
      ? 0
      : Object.entries(value).reduce(
          (sum, [name, inner]) => sum + Number(name === mark && inner === true) + marked(inner),
          0,
        )
  for (const kind of kinds) {
    const schema = kind.input.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as {
      properties: Record<string, object>
    }
    const fields = markedFields(kind, mark)
    expect(marked(schema.properties), kind.kind).toBe(fields.length)
    for (const name of fields) expect(schema.properties[name]).toMatchObject({ type: 'string' })
  }
  expect(
    markedFields(
      kinds.find(({ kind }) => kind === 'relay')!,
      mark,
    ),
  ).toHaveLength(1)
})

async function engineWith(secret: string | undefined): Promise<Engine> {
  const secretKey = secret === undefined ? undefined : secretKeyOf(secret)
  const log = pino({ level: 'silent' })
  const engine = await openEngine({
    url,
    db,
    blobs: testBlobs(url),
    secretKey,
    settings: testSettings,
    log,
    supervise: false,
  })
  onTestFinished(() => engine.close())
  return engine
}

async function countJobs(): Promise<number> {
  return (await sql<{ n: number }>`select count(*)::int as n from jobs`.execute(db)).rows[0]!.n
}
