import { beforeAll, expect, test } from 'vitest'

import { startApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addEvents, addJob, addPages } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database
let id: string

beforeAll(async () => {
  const jobId = await addJob(db, { title: 'the first', createdAt: '2026-11-01T10:00:00Z' })
  id = String(jobId)
  await addAddresses(db, jobId, { seq: 1, groupId: 1 }, [
    {
      address: 'ann@a.example',
      quality: 'high',
      method: 'mailto',
      sources: ['https://a.example/1', 'https://a.example/2'],
    },
    { address: 'bob@a.example', quality: 'low', method: 'text' },
    { address: 'cid@b.example', quality: 'high', method: 'text' },
  ])
  const later = await addJob(db, { title: 'the second', createdAt: '2026-11-03T10:00:00Z' })
  await addAddresses(db, later, { seq: 1, groupId: 1 }, [{ address: 'ann@a.example', quality: 'low', confidence: 0.1 }])
  const others = await addJob(db, { title: "somebody else's", owner: 'eve' })
  await addAddresses(db, others, { seq: 1, groupId: 1 }, [{ address: 'ann@a.example' }, { address: 'zed@c.example' }])
  const deleted = await addJob(db, { title: 'gone', state: 'DELETED' })
  await addAddresses(db, deleted, { seq: 1, groupId: 1 }, [{ address: 'dee@c.example' }])
  await addPages(db, jobId, [
    { url: 'https://a.example/' },
    { url: 'https://a.example/team/ann.html' },
    { url: 'https://a.example/team/bob.html', status: 'FAILED', errorCategory: 'timeout' },
    { url: 'https://a.example/team?page=/2', status: 'QUEUED' },
  ])
  await addEvents(db, jobId, [
    { type: 'job.started', data: { message: 'Started' } },
    { type: 'finding', data: { message: 'Not there', url: 'https://a.example/x', category: 'http_4xx' } },
    { type: 'note', data: { message: 'A note of 100%' } },
  ])
})

test('addresses of a job are counted by quality, method and domain, as the filter says', async () => {
  await using api = await startApi(database)
  const { job } = await api.data<{ job: Record<string, unknown> }>(
    `query ($id: ID!) { job(id: $id) {
      all: emailFacets { counted exact quality { value count } method { value count } domain { value count } }
      high: emailFacets(filter: { quality: [HIGH] }) { counted domain { value count } } } }`,
    { id },
  )
  expect(job).toEqual({
    all: {
      counted: 3,
      exact: true,
      quality: [
        { value: 'high', count: 2 },
        { value: 'low', count: 1 },
      ],
      method: [
        { value: 'text', count: 2 },
        { value: 'mailto', count: 1 },
      ],
      domain: [
        { value: 'a.example', count: 2 },
        { value: 'b.example', count: 1 },
      ],
    },
    high: {
      counted: 2,
      domain: [
        { value: 'a.example', count: 1 },
        { value: 'b.example', count: 1 },
      ],
    },
  })
})

test('pages are a tree of hosts and folders; a query does not make a folder', async () => {
  await using api = await startApi(database)
  const { job } = await api.data<{ job: Record<string, unknown> }>(
    `query ($id: ID!) { job(id: $id) {
      hosts: pageTree { more branches { host path pages fetched failed queued } }
      root: pageTree(host: "h") { branches { path pages failed page { url } } }
      team: pageTree(host: "h", path: "/team/") { branches { path page { url status errorCategory } } }
      failed: pageTree(host: "h", filter: { status: [FAILED] }) { branches { path pages } }
      none: pageTree(host: "elsewhere") { branches { path } } } }`,
    { id },
  )
  expect(job).toEqual({
    hosts: { more: 0, branches: [{ host: 'h', path: '', pages: 4, fetched: 2, failed: 1, queued: 1 }] },
    root: {
      branches: [
        { path: '/team/', pages: 2, failed: 1, page: null },
        { path: '/', pages: 1, failed: 0, page: { url: 'https://a.example/' } },
        { path: '/team?page=/2', pages: 1, failed: 0, page: { url: 'https://a.example/team?page=/2' } },
      ],
    },
    team: {
      branches: [
        {
          path: '/team/ann.html',
          page: { url: 'https://a.example/team/ann.html', status: 'FETCHED', errorCategory: null },
        },
        {
          path: '/team/bob.html',
          page: { url: 'https://a.example/team/bob.html', status: 'FAILED', errorCategory: 'TIMEOUT' },
        },
      ],
    },
    failed: { branches: [{ path: '/team/', pages: 1 }] },
    none: { branches: [] },
  })
})

test.each([
  ['{ type: ["finding"] }', ['Not there']],
  ['{ type: ["job.", "note"] }', ['Started', 'A note of 100%']],
  ['{ category: [HTTP_4XX] }', ['Not there']],
  ['{ text: "100%" }', ['A note of 100%']],
  ['{ text: "EXAMPLE/x" }', ['Not there']],
  ['{ type: [] }', []],
])('events that pass %s', async (filter, messages) => {
  await using api = await startApi(database)
  const { job } = await api.data<{ job: { events: { totalCount: number; nodes: { message: string }[] } } }>(
    `query ($id: ID!) { job(id: $id) { events(last: 10, filter: ${filter}) { totalCount nodes { message } } } }`,
    { id },
  )
  expect(job.events.nodes.map(({ message }) => message)).toEqual(messages)
  expect(job.events.totalCount).toBe(messages.length)
})

test.each([
  ['createdFrom: "2026-11-01T10:00:00Z", createdTo: "2026-11-03T10:00:00Z"', ['the first']],
  ['createdFrom: "2026-11-02T00:00:00Z"', ['the second']],
  ['owner: "local", createdTo: "2026-11-02T00:00:00Z"', ['the first']],
  ['owner: "eve"', []],
])('jobs that pass %s', async (filter, titles) => {
  await using api = await startApi(database)
  const { jobs } = await api.data<{ jobs: { nodes: { title: string }[] } }>(
    `{ jobs(first: 10, filter: { ${filter} }) { nodes { title } } }`,
  )
  expect(jobs.nodes.map(({ title }) => title)).toEqual(titles)
})

test('addresses over all own jobs, each once with what is known of it; those of others and of deleted jobs are not there', async () => {
  await using api = await startApi(database)
  const fields = 'totalCount nodes { address quality jobCount sightingCount }'
  const { all, high, facets } = await api.data<Record<string, unknown>>(`{
    all: addresses(first: 10, orderBy: ADDRESS) { ${fields} }
    high: addresses(first: 10, orderBy: DOMAIN, filter: { quality: [HIGH], text: "AN" }) { ${fields} }
    facets: addressFacets { counted exact quality { value count } domain { value count } } }`)
  const ann = { address: 'ann@a.example', quality: 'HIGH', jobCount: 2, sightingCount: 3 }
  expect(all).toEqual({
    totalCount: 3,
    nodes: [
      ann,
      { address: 'bob@a.example', quality: 'LOW', jobCount: 1, sightingCount: 1 },
      { address: 'cid@b.example', quality: 'HIGH', jobCount: 1, sightingCount: 1 },
    ],
  })
  expect(high).toEqual({ totalCount: 1, nodes: [ann] })
  expect(facets).toEqual({
    counted: 3,
    exact: true,
    quality: [
      { value: 'high', count: 2 },
      { value: 'low', count: 1 },
    ],
    domain: [
      { value: 'a.example', count: 2 },
      { value: 'b.example', count: 1 },
    ],
  })
})

test('an address tells its whole history in pages, the newest first', async () => {
  await using api = await startApi(database)
  const query = `query ($after: String) { address(email: " ANN@A.example ") { address history(first: 2, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { jobTitle sourceUrl } } } }`
  type Page = {
    address: {
      history: { totalCount: number; pageInfo: { endCursor: string }; nodes: { jobTitle: string; sourceUrl: string }[] }
    }
  }
  const first = (await api.data<Page>(query)).address.history
  const second = (await api.data<Page>(query, { after: first.pageInfo.endCursor })).address.history
  expect(first.totalCount).toBe(3)
  expect(
    [...first.nodes, ...second.nodes].map(({ jobTitle, sourceUrl }) => `${jobTitle} ${sourceUrl}`).toSorted(),
  ).toEqual(['the first https://a.example/1', 'the first https://a.example/2', 'the second https://example.com/'])
  expect(first.nodes[0]!.jobTitle).toBe('the second')
  const ask = (email: string) =>
    api.data<{ address: object | null }>(
      'query ($email: String!) { address(email: $email) { firstSeenAt sightingCount } }',
      { email },
    )
  for (const email of ['zed@c.example', 'dee@c.example'])
    expect((await ask(email)).address, email).toEqual({ firstSeenAt: null, sightingCount: 0 })
  expect((await ask('not an address')).address).toBeNull()
})
