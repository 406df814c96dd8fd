import { beforeAll, expect, test } from 'vitest'

import { type Answer, startApi, type TestApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addEvents, addJob, addNotes, addPages } from '../support/rows.ts'
import { recordStatements } from '../support/statements.ts'

const database = await testDatabase()
const { db, pool } = database
let id: string

beforeAll(async () => {
  const jobId = await addJob(db, { title: 'the job with rows' })
  id = String(jobId)
  await addNotes(db, jobId, 5)
  await addEvents(db, jobId, [
    {
      type: 'finding',
      shardKey: 'h1',
      workerId: 'w1',
      data: {
        message: 'Not there',
        url: 'https://a.example/x',
        category: 'http_4xx',
        httpStatus: 404,
        counts: { tries: 1 },
      },
    },
  ])
  await addAddresses(db, jobId, { seq: 5, groupId: 9 }, [
    {
      address: 'zoe@b.example',
      quality: 'high',
      confidence: 0.9,
      method: 'mailto',
      personName: 'Zoë Zett',
      sources: ['https://b.example/1', 'https://b.example/2', 'https://b.example/3'],
    },
    { address: 'abe@b.example', quality: 'low', confidence: 0.2 },
  ])
  // committed later, though its group began before
  await addAddresses(db, jobId, { seq: 6, groupId: 8 }, [
    { address: 'kim@a.example', confidence: 0.5, sources: ['https://a.example/1', 'https://a.example/2'] },
  ])
  await addPages(db, jobId, [
    { url: 'https://b.example/1' },
    { url: 'https://b.example/team', status: 'FAILED', errorCategory: 'timeout' },
    { url: 'https://b.example/secret', status: 'SKIPPED', errorCategory: 'robots' },
  ])
})

test.each([
  ['nothing', '', 'Either first or last is required, from 1 to 200.'],
  ['both', 'first: 1, last: 1', 'Either first or last is required, from 1 to 200.'],
  ['too many', 'first: 201', 'first must be from 1 to 200, not 201.'],
  ['none', 'last: 0', 'last must be from 1 to 200, not 0.'],
  ['a broken cursor', 'first: 1, after: "x"', 'That is no cursor of this list.'],
])('a list that is asked for %s says what it needs', async (_what, args, message) => {
  await using api = await startApi(database)
  const answer = await api.request(`{ jobs${args && `(${args})`} { nodes { id } } }`)
  expect(errorsOf(answer)).toEqual([[message, 'BAD_USER_INPUT']])
  const nested = await api.request(
    `query ($id: ID!) { job(id: $id) { events${args && `(${args})`} { nodes { seq } } } }`,
    { id },
  )
  expect(errorsOf(nested)).toEqual([[message, 'BAD_USER_INPUT']])
})

test('addresses in all orders; what was committed later comes later', async () => {
  await using api = await startApi(database)
  const order = async (orderBy: string) =>
    (await emails(api, `first: 10, orderBy: ${orderBy}`)).map((email) => email.address)
  expect(await order('FOUND')).toEqual(['zoe@b.example', 'abe@b.example', 'kim@a.example'])
  expect(await order('ADDRESS')).toEqual(['abe@b.example', 'kim@a.example', 'zoe@b.example'])
  expect(await order('DOMAIN')).toEqual(['kim@a.example', 'abe@b.example', 'zoe@b.example'])
  expect(await order('CONFIDENCE')).toEqual(['zoe@b.example', 'kim@a.example', 'abe@b.example'])
})

test.each([
  ['{ domain: "B.example" }', ['zoe@b.example', 'abe@b.example']],
  ['{ quality: [HIGH, LOW] }', ['zoe@b.example', 'abe@b.example']],
  ['{ method: ["mailto"] }', ['zoe@b.example']],
  ['{ text: "ZETT" }', ['zoe@b.example']],
  ['{ text: "_" }', []],
  ['{ domain: "b.example", quality: LOW }', ['abe@b.example']],
  ['{ quality: [] }', []],
  ['{ text: "\\u0000", domain: "\\u0000", method: "\\u0000" }', []],
])('addresses that pass %s', async (filter, addresses) => {
  await using api = await startApi(database)
  expect((await emails(api, `first: 10, filter: ${filter}`)).map((email) => email.address)).toEqual(addresses)
})

test('an address has all that is known of it, and its sightings', async () => {
  await using api = await startApi(database)
  const [zoe] = await emails(api, 'first: 1')
  expect(zoe).toMatchObject({
    address: 'zoe@b.example',
    domain: 'b.example',
    quality: 'HIGH',
    confidence: 0.9,
    reasons: [],
    method: 'mailto',
    sourceUrl: 'https://b.example/1',
    snippet: 'Write to zoe@b.example',
    personName: 'Zoë Zett',
    position: null,
    workerId: 'worker-1',
    sightings: { totalCount: 3, pageInfo: { hasNextPage: true } },
  })
})

test('sightings of many addresses are one statement, and so are their counts', async () => {
  const { db: recorded, statements } = recordStatements(pool)
  await using api = await startApi({ ...database, db: recorded })
  statements.length = 0
  const list = await emails(api, 'first: 10')
  expect(list.map((email) => email.sightings.totalCount)).toEqual([3, 1, 2])
  expect(list.map((email) => email.sightings.nodes.length)).toEqual([2, 1, 2])
  expect(statements.filter((statement) => statement.sql.includes('from sightings'))).toHaveLength(2)
})

test('progress of many jobs takes no more statements than that of one', async () => {
  for (let i = 0; i < 5; i++) await addJob(db, { owner: 'local' })
  const { db: recorded, statements } = recordStatements(pool)
  await using api = await startApi({ ...database, db: recorded })
  const count = async (first: number) => {
    statements.length = 0
    await api.data(
      `{ jobs(first: ${first}) { nodes { input waitingUntil waitingFor progress { etaSeconds workers { id } } } } }`,
    )
    return statements.filter((statement) => !statement.sql.includes('state in')).length
  }
  expect(await count(6)).toBe(await count(1))
})

test('pages go on behind the cursor, forwards and backwards, and say whether there is more', async () => {
  await using api = await startApi(database)
  const page = async (args: string) => {
    const { job } = await api.data<{ job: { events: EventPage } }>(
      `query ($id: ID!) { job(id: $id) { events(${args}) { totalCount edges { cursor node { seq } } nodes { seq } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
      { id },
    )
    expect(job.events.nodes).toEqual(job.events.edges.map((edge) => edge.node))
    return job.events
  }
  const first = await page('first: 2')
  expect(seqs(first)).toEqual([1, 2])
  expect(first).toMatchObject({
    totalCount: 6,
    pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: first.edges[0]!.cursor },
  })
  const second = await page(`first: 100, after: "${first.pageInfo.endCursor}"`)
  expect(seqs(second)).toEqual([3, 4, 5, 6])
  expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
  const last = await page('last: 2')
  expect(seqs(last)).toEqual([5, 6])
  expect(seqs(await page(`last: 3, before: "${last.pageInfo.startCursor}"`))).toEqual([2, 3, 4])
  const empty = await page(`first: 2, after: "${last.pageInfo.endCursor}"`)
  expect(empty).toMatchObject({ nodes: [], pageInfo: { startCursor: null, endCursor: null, hasNextPage: false } })
})

test('an event has all that is known of it', async () => {
  await using api = await startApi(database)
  const { job } = await api.data<{ job: { events: { nodes: object[] } } }>(
    'query ($id: ID!) { job(id: $id) { events(last: 1) { nodes { seq type at message shard workerId item url category httpStatus counts } } } }',
    { id },
  )
  expect(job.events.nodes).toEqual([
    {
      seq: 6,
      type: 'finding',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      message: 'Not there',
      shard: 'h1',
      workerId: 'w1',
      item: null,
      url: 'https://a.example/x',
      category: 'HTTP_4XX',
      httpStatus: 404,
      counts: { tries: 1 },
    },
  ])
})

test('pages of a crawl, by status and by URL', async () => {
  await using api = await startApi(database)
  const pages = async (filter: string) => {
    const { job } = await api.data<{ job: { pages: { nodes: { url: string }[] } } }>(
      `query ($id: ID!) { job(id: $id) { pages(first: 10, filter: ${filter}) { totalCount nodes { url status errorCategory depth foundAt } } } }`,
      { id },
    )
    return job.pages
  }
  expect(await pages('{ status: [FAILED, SKIPPED] }')).toMatchObject({
    totalCount: 2,
    nodes: [
      { url: 'https://b.example/team', status: 'FAILED', errorCategory: 'TIMEOUT' },
      { url: 'https://b.example/secret', status: 'SKIPPED', errorCategory: 'ROBOTS' },
    ],
  })
  expect((await pages('{ text: "TEAM" }')).nodes).toHaveLength(1)
})

test('an international domain is found in its letters, and as DNS spells it', async () => {
  await using api = await startApi(database)
  const job = await addJob(db, { title: 'international' })
  const address = 'jörg@xn--bcher-kva.example'
  await addAddresses(db, job, { seq: 1, groupId: 31 }, [{ address }, { address: 'ada@bucher.example' }])
  await addPages(db, job, [{ url: 'https://xn--bcher-kva.example/' }, { url: 'https://bucher.example/' }])
  interface Found {
    job: { emails: { nodes: { address: string }[] }; pages: { nodes: { url: string }[] } }
    addresses: { nodes: { address: string }[] }
  }
  const found = async (filter: object, text = '') => {
    const { job: of, addresses } = await api.data<Found>(
      `query ($id: ID!, $emails: JobEmailFilter, $any: AddressFilter, $text: String) {
        job(id: $id) { emails(first: 9, filter: $emails) { nodes { address } } pages(first: 9, filter: { text: $text }) { nodes { url } } }
        addresses(first: 9, filter: $any) { nodes { address } } }`,
      { id: String(job), emails: filter, any: filter, text },
    )
    return [of.emails.nodes, addresses.nodes, of.pages.nodes].map((nodes) => nodes.length)
  }
  for (const text of ['bücher', 'Jörg@BÜCHER.example', 'bücher.exa', 'xn--bcher-kva.example', 'rg@bücher'])
    expect([text, ...(await found({ text }))]).toEqual([text, 1, 1, 2])
  for (const domain of ['Bücher.example', 'xn--bcher-kva.example'])
    expect([domain, ...(await found({ domain }, 'bücher.example'))]).toEqual([domain, 1, 1, 1])
  expect(await found({ text: 'müller' }, 'müller')).toEqual([0, 0, 0])
})

test('jobs by kind, state, text and owner', async () => {
  await using api = await startApi(database)
  const finishing = await addJob(db, { title: 'Nearly 100% done', state: 'FINISHING' })
  const done = await addJob(db, { title: 'Over and done', state: 'COMPLETED' })
  await addJob(db, { title: 'Nearly somebody', owner: 'somebody else' })
  const list = async (filter: string) => {
    const { jobs } = await api.data<{ jobs: { totalCount: number; nodes: { id: string }[] } }>(
      `{ jobs(first: 50, filter: ${filter}) { totalCount nodes { id } } }`,
    )
    expect(jobs.totalCount).toBe(jobs.nodes.length)
    return jobs.nodes.map((node) => node.id)
  }
  expect(await list('{ text: "nearly" }')).toEqual([String(finishing)])
  expect(await list('{ text: "100%" }')).toEqual([String(finishing)])
  expect(await list(`{ text: "${done}" }`)).toEqual([String(done)])
  expect(await list('{ state: COMPLETED }')).toEqual([String(done)])
  expect(await list('{ state: RUNNING }')).toContain(String(finishing))
  expect(await list('{ kind: [] }')).toEqual([])
  const ascending = await api.data<{ jobs: { nodes: { id: string }[] } }>(
    '{ jobs(first: 50, orderBy: CREATED_ASC) { nodes { id } } }',
  )
  const descending = await api.data<{ jobs: { nodes: { id: string }[] } }>('{ jobs(first: 50) { nodes { id } } }')
  expect(ascending.jobs.nodes).toEqual(descending.jobs.nodes.toReversed())
})

interface EventPage {
  totalCount: number
  edges: { cursor: string; node: { seq: number } }[]
  nodes: { seq: number }[]
  pageInfo: { startCursor: string; endCursor: string; hasNextPage: boolean; hasPreviousPage: boolean }
}

async function emails(api: TestApi, args: string) {
  const { job } = await api.data<{
    job: { emails: { nodes: { address: string; sightings: { totalCount: number; nodes: object[] } }[] } }
  }>(
    `query ($id: ID!) { job(id: $id) { emails(${args}) { nodes {
      address domain quality confidence reasons method sourceUrl snippet personName position workerId foundAt
      sightings(first: 2) { totalCount pageInfo { hasNextPage } nodes { sourceUrl method quality } } } } } }`,
    { id },
  )
  return job.emails.nodes
}

function errorsOf({ errors }: Answer) {
  return errors?.map((error) => [error.message, error.extensions?.['code']])
}

function seqs({ nodes }: EventPage) {
  return nodes.map(({ seq }) => seq)
}
