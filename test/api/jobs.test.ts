import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { startApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { addJob } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database

const startRelay = `mutation ($input: RelayInput!, $key: String) {
  startRelay(input: $input, idempotencyKey: $key) {
    __typename
    ... on StartJobSuccess { replayed job { id kind state title input lastSeq owner allowedActions progress { phase done total percent } } }
    ... on UserError { message code }
    ... on ValidationError { issues { path message code } }
  }
}`
const act = (name: string) => `mutation ($id: ID!) {
  ${name}(id: $id) {
    __typename
    ${name === 'deleteJob' ? '... on DeleteJobSuccess { id }' : '... on JobSuccess { job { id state allowedActions } }'}
    ... on UserError { message code }
    ... on InvalidTransition { from attempted allowed }
  }
}`

test('a job starts with its defaults filled in, and is found again by its id', async () => {
  await using api = await startApi(database)
  const { startRelay: started } = await api.data<{ startRelay: { job: { id: string } } }>(startRelay, {
    input: { shards: 3, steps: 2, poison: null },
  })
  expect(started).toMatchObject({
    __typename: 'StartJobSuccess',
    replayed: false,
    job: {
      kind: 'RELAY',
      state: 'PENDING',
      title: '3 shards of 2 steps',
      input: { shards: 3, steps: 2, rowsPerStep: 5, failing: [] },
      lastSeq: 1,
      owner: 'local',
      allowedActions: ['PAUSE', 'CANCEL', 'CLONE'],
      progress: { phase: 'queued', done: 0, total: null, percent: null },
    },
  })
  const { id } = started.job
  expect(id).toMatch(/^\d+$/)
  const found = await api.data(
    'query ($id: ID!, $typed: ID!) { job(id: $id) { id } node(id: $id) { __typename id } typed: node(id: $typed) { id } }',
    {
      id,
      typed: `Job:${id}`,
    },
  )
  expect(found).toEqual({ job: { id }, node: { __typename: 'Job', id }, typed: { id } })
})

test('the same key with the same input returns the first job, with another input it is refused', async () => {
  await using api = await startApi(database)
  const start = (steps: number) =>
    api.data<{ startRelay: { job: { id: string } } }>(startRelay, { input: { shards: 1, steps }, key: 'once' })
  const first = await start(1)
  const again = await start(1)
  expect(again.startRelay).toMatchObject({ replayed: true, job: { id: first.startRelay.job.id } })
  const other = await start(2)
  expect(other.startRelay).toMatchObject({ __typename: 'IdempotencyMismatch', code: 'IDEMPOTENCY_MISMATCH' })
})

test('bad input is one ValidationError that names every entry, and no job', async () => {
  await using api = await startApi(database)
  const before = await countJobs()
  const { startRelay: refused } = await api.data(startRelay, { input: { shards: 0, steps: 2_000, rowsPerStep: 5 } })
  expect(refused).toMatchObject({
    __typename: 'ValidationError',
    code: 'VALIDATION_ERROR',
    message: '2 problems with the input',
    issues: [
      { path: ['shards'], code: 'too_small', message: expect.any(String) },
      { path: ['steps'], code: 'too_big', message: expect.any(String) },
    ],
  })
  expect(await countJobs()).toBe(before)
})

test.each(['', 'x'.repeat(201), 'a\0b'])('the key %j is refused', async (key) => {
  await using api = await startApi(database)
  const { startRelay: refused } = await api.data(startRelay, { input: { shards: 1, steps: 1 }, key })
  expect(refused).toMatchObject({ code: 'VALIDATION_ERROR', issues: [{ path: ['idempotencyKey'] }] })
})

test('a start that is no fit text, but a URL, starts a job', async () => {
  await using api = await startApi(database)
  const { startScrapeEmails } = await api.data<{ startScrapeEmails: { job: { title: string } } }>(
    'mutation ($input: ScrapeEmailsInput!) { startScrapeEmails(input: $input) { ... on StartJobSuccess { job { title } } } }',
    { input: { startUrls: ['https://example.com/\0'] } },
  )
  expect(startScrapeEmails.job.title).toContain('example.com')
})

test.each(['now', '', 'infinity', '2026-13-01', '-271821-04-20T00:00:00Z', '+010000-01-01T00:00:00Z'])(
  'the moment %j is refused as what it is',
  async (createdFrom) => {
    await using api = await startApi(database)
    const variable = await api.request(
      'query ($from: DateTime) { jobs(first: 1, filter: { createdFrom: $from }) { totalCount } }',
      {
        from: createdFrom,
      },
    )
    const literal = await api.request(`{ jobs(first: 1, filter: { createdFrom: "${createdFrom}" }) { totalCount } }`)
    for (const { errors } of [variable, literal])
      expect(errors).toMatchObject([{ message: expect.stringContaining('A moment is written as in ISO 8601') }])
  },
)

test('every start of a crawl that cannot be is named with its place, and no job is made', async () => {
  await using api = await startApi(database)
  const before = await countJobs()
  const { startScrapeEmails: refused } = await api.data<{ startScrapeEmails: { issues: { path: string[] }[] } }>(
    `mutation ($input: ScrapeEmailsInput!) { startScrapeEmails(input: $input) {
      __typename ... on ValidationError { code issues { path message code } } } }`,
    {
      input: {
        domains: ['not a domain', 'http://10.0.0.1/', 'example.com', 'localhost', 'ex ample.com'],
        scope: 'HOST',
      },
    },
  )
  expect(refused).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION_ERROR' })
  expect(refused.issues.map(({ path }) => path.join('.'))).toEqual(['domains.0', 'domains.1', 'domains.3', 'domains.4'])
  expect(await countJobs()).toBe(before)
})

test('all problems of an input are named at once: of its shape, of its starts and of its table', async () => {
  await using api = await startApi(database)
  const { startScrapeEmails: refused } = await api.data<{ startScrapeEmails: { issues: { path: string[] }[] } }>(
    `mutation ($input: ScrapeEmailsInput!) { startScrapeEmails(input: $input) { ... on ValidationError { issues { path message } } } }`,
    {
      input: {
        domains: ['example.com', 'not a domain'],
        startUrls: ['http://192.168.0.7/'],
        table: 'site\nexample.org\nhttp://10.0.0.1/\n',
        maxPagesPerDomain: 0,
      },
    },
  )
  expect(refused.issues).toMatchObject([
    { path: ['maxPagesPerDomain'] },
    { path: ['domains', '1'], message: expect.stringContaining('"not a domain"') },
    { path: ['startUrls', '0'], message: expect.stringContaining('"http://192.168.0.7/"') },
    { path: ['table'], message: expect.stringContaining('Leave out bad rows') },
    { path: ['table'], message: expect.stringContaining('"http://10.0.0.1/"') },
  ])
})

test('pause, cancel, resume and delete move a job; asking again changes nothing', async () => {
  await using api = await startApi(database)
  const { startRelay: started } = await api.data<{ startRelay: { job: { id: string } } }>(startRelay, {
    input: { shards: 1, steps: 1 },
  })
  const { id } = started.job
  const steps: [string, object][] = [
    ['pauseJob', { job: { id, state: 'PAUSED', allowedActions: ['RESUME', 'CANCEL', 'DELETE', 'CLONE'] } }],
    ['pauseJob', { job: { state: 'PAUSED' } }],
    ['resumeJob', { job: { state: 'RUNNING' } }],
    ['resumeJob', { job: { state: 'RUNNING' } }],
    ['cancelJob', { job: { state: 'CANCELLED', allowedActions: ['RESUME', 'DELETE', 'CLONE'] } }],
    [
      'pauseJob',
      { code: 'INVALID_TRANSITION', from: 'CANCELLED', attempted: 'PAUSE', allowed: ['RESUME', 'DELETE', 'CLONE'] },
    ],
    ['deleteJob', { __typename: 'DeleteJobSuccess', id }],
    ['deleteJob', { __typename: 'NotFound', code: 'NOT_FOUND' }],
    ['pauseJob', { __typename: 'NotFound' }],
  ]
  for (const [name, expected] of steps)
    expect((await api.data<Record<string, unknown>>(act(name), { id }))[name], name).toMatchObject(expected)
})

test.each(['no number', '0', '-1', '1.5', '99999999999999999999', 'Worker:1', ''])(
  'the id %j is of no job',
  async (id) => {
    await using api = await startApi(database)
    expect(await api.data('query ($id: ID!) { job(id: $id) { id } node(id: $id) { id } }', { id })).toEqual({
      job: null,
      node: null,
    })
    expect((await api.data<Record<string, unknown>>(act('pauseJob'), { id }))['pauseJob']).toMatchObject({
      code: 'NOT_FOUND',
    })
  },
)

test('the job of somebody else does not exist', async () => {
  await using api = await startApi(database)
  const id = String(await addJob(db, { owner: 'somebody else', state: 'PAUSED' }))
  expect(await api.data('query ($id: ID!) { job(id: $id) { id } }', { id })).toEqual({ job: null })
  for (const name of ['pauseJob', 'cancelJob', 'resumeJob', 'deleteJob'])
    expect((await api.data<Record<string, unknown>>(act(name), { id }))[name], name).toMatchObject({
      code: 'NOT_FOUND',
    })
})

test('a job that is finishing shows as running', async () => {
  await using api = await startApi(database)
  const id = await addJob(db, { state: 'FINISHING' })
  await sql`update jobs set phase = 'finishing' where id = ${id}`.execute(db)
  const { job } = await api.data('query ($id: ID!) { job(id: $id) { state progress { phase } } }', { id: String(id) })
  expect(job).toEqual({ state: 'RUNNING', progress: { phase: 'finishing' } })
})

test('how long a job has run that was paused before that was measured is not known', async () => {
  await using api = await startApi(database)
  const id = await addJob(db, { state: 'PAUSED' })
  const ranSeconds = async () => {
    const query = 'query ($id: ID!) { job(id: $id) { ranSeconds } }'
    return (await api.data<{ job: { ranSeconds: number | null } }>(query, { id: String(id) })).job.ranSeconds
  }
  expect(await ranSeconds(), 'never started').toBe(0)
  await sql`update jobs set started_at = now() - interval '1 hour' where id = ${id}`.execute(db)
  expect(await ranSeconds()).toBeNull()
  await sql`update jobs set ran_ms = 1500 where id = ${id}`.execute(db)
  expect(await ranSeconds()).toBe(1.5)
})

test('progress tells workers, rate, end and the wait, and says nothing that is not known', async () => {
  await using api = await startApi(database)
  const id = await addJob(db, {})
  await sql`update jobs set runs_since = now() - interval '20 seconds', done = 200, succeeded = 190, failed = 4, skipped = 6, total = 1000,
    results = 50 where id = ${id}`.execute(db)
  await sql`insert into job_workers (job_id, worker_id, done) values (${id}, 'w1', 150), (${id}, 'w2', 50)`.execute(db)
  await sql`insert into job_shards (job_id, key, state, worker_id) values (${id}, 'a', 'RUNNING', 'w1'), (${id}, 'b', 'RUNNING', 'w1'),
    (${id}, 'c', 'RUNNING', 'w3')`.execute(db)
  const query = `query ($id: ID!) { job(id: $id) { waitingUntil waitingFor progress {
    done total percent succeeded failed skipped results bytesDone ratePerSecond etaSeconds workers { id slots done } } } }`
  const first = await api.data<{ job: { progress: { ratePerSecond: number; etaSeconds: number } } }>(query, {
    id: String(id),
  })
  expect(first.job).toMatchObject({
    waitingUntil: null,
    waitingFor: null,
    progress: {
      done: 200,
      total: 1_000,
      percent: 20,
      succeeded: 190,
      failed: 4,
      skipped: 6,
      results: 50,
      bytesDone: null,
      workers: [
        { id: 'w1', slots: 2, done: 150 },
        { id: 'w2', slots: 0, done: 50 },
        { id: 'w3', slots: 1, done: 0 },
      ],
    },
  })
  expect(first.job.progress.ratePerSecond).toBeCloseTo(10, 0)
  expect(first.job.progress.etaSeconds).toBeCloseTo(80, -1)

  await sql`update job_shards set state = 'WAITING', worker_id = null, wait_for = 'the pace of ' || key,
    wait_until = '2030-01-01 00:00:00+00'::timestamptz + make_interval(mins => ascii(key)) where job_id = ${id}`.execute(
    db,
  )
  const waiting = await api.data<{ job: object }>(query, { id: String(id) })
  expect(waiting.job).toMatchObject({ progress: { total: 1_000, etaSeconds: null } })
  await sql`update jobs set total = null where id = ${id}`.execute(db)
  expect((await api.data<{ job: object }>(query, { id: String(id) })).job).toMatchObject({
    waitingUntil: '2030-01-01T01:37:00.000Z',
    waitingFor: 'the pace of a',
    progress: { total: null, percent: null, etaSeconds: null, workers: [{ slots: 0 }, { slots: 0 }] },
  })

  await sql`insert into job_shards (job_id, key) values (${id}, 'd')`.execute(db)
  expect((await api.data<{ job: object }>(query, { id: String(id) })).job).toMatchObject({ waitingUntil: null })
  await sql`update jobs set state = 'PAUSED' where id = ${id}`.execute(db)
  expect((await api.data<{ job: object }>(query, { id: String(id) })).job).toMatchObject({
    progress: { ratePerSecond: null },
  })
})

test('why a job failed and what it came to', async () => {
  await using api = await startApi(database)
  const id = await addJob(db, { state: 'FAILED' })
  await sql`update jobs set error_code = 'INPUT_GONE', error_message = 'The file is gone.', summary = '{"pages": 3}' where id = ${id}`.execute(
    db,
  )
  const { job } = await api.data('query ($id: ID!) { job(id: $id) { error { code message } summary } }', {
    id: String(id),
  })
  expect(job).toEqual({ error: { code: 'INPUT_GONE', message: 'The file is gone.' }, summary: { pages: 3 } })
})

test('kinds, workers and the sample site', async () => {
  await using api = await startApi(database, { settings: { sampleSiteUrl: 'http://127.0.0.1:4567/' } })
  await sql`insert into workers (id, host, pid, slots, running, items_per_second) values ('w1', 'box', 42, 8, 3, 12.5)`.execute(
    db,
  )
  const data = await api.data<{ jobKinds: { kind: string }[] }>(
    '{ jobKinds { kind name title description inputSchema example } workers { id host pid slots running itemsPerSecond since seenAt } sampleSite { url } }',
  )
  expect(data).toMatchObject({
    workers: [{ id: 'w1', host: 'box', pid: 42, slots: 8, running: 3, itemsPerSecond: 12.5 }],
    sampleSite: { url: 'http://127.0.0.1:4567/' },
  })
  expect(data.jobKinds.find(({ kind }) => kind === 'RELAY')).toMatchObject({
    name: 'relay',
    title: 'Relay',
    inputSchema: {
      type: 'object',
      required: ['shards', 'steps'],
      properties: { shards: { type: 'integer', minimum: 1, maximum: 100_000 } },
    },
    example: { shards: 6 },
  })
})

test('a fault is masked, with an id that is in the log', async () => {
  await using api = await startApi(database)
  const id = await addJob(db, { kind: 'a-kind-of-long-ago' })
  const { data, errors } = await api.request('query ($id: ID!) { job(id: $id) { id input } }', { id: String(id) })
  expect(data).toEqual({ job: null })
  expect(errors).toMatchObject([
    { path: ['job', 'input'], extensions: { code: 'INTERNAL', faultId: expect.stringMatching(/^[0-9a-f]{8}$/) } },
  ])
  expect(errors![0]!.message).toContain(String(errors![0]!.extensions!['faultId']))
  expect(JSON.stringify(errors)).not.toContain('a-kind-of-long-ago')
})

async function countJobs(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from jobs`.execute(db)
  return rows[0]!.n
}
