import { request as httpRequest } from 'node:http'

import { expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { startApi, type TestApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { addJob } from '../support/rows.ts'

const database = await testDatabase()
const apiToken = 'a-token-of-forty-characters-or-the-like'

test.each([
  ['a name that leads to us by rebinding', { host: 'evil.example:4000' }, 403],
  ['a page of another site', { origin: 'https://evil.example' }, 403],
  ['a sandboxed page', { origin: 'null' }, 403],
  ['nothing strange', {}, 200],
])('requests and WebSockets with %s', async (_what, headers, status) => {
  await using api = await startApi(database)
  expect((await send(api, '/graphql', { headers, body: '{"query":"{ __typename }"}' })).status).toBe(status)
  expect((await send(api, '/', { headers })).status).toBe(status === 200 ? 404 : status)
  expect(await upgrade(api, headers)).toBe(status === 200 ? 'open' : String(status))
})

test('our own page and an allowed one reach in', async () => {
  await using api = await startApi(database, { allowedHosts: ['localhost:5173'] })
  expect(await upgrade(api, { origin: api.url })).toBe('open')
  expect(await upgrade(api, { origin: 'http://localhost:5173' })).toBe('open')
})

test('no page of another site can send a query that needs no preflight', async () => {
  await using api = await startApi(database)
  const query = `/graphql?query=${encodeURIComponent('{ jobs(first: 1) { nodes { id } } }')}`
  expect((await fetch(api.url + query)).status).toBe(403)
  expect((await fetch(api.url + query, { headers: { 'graphql-require-preflight': '1' } })).status).toBe(200)
  const form = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    body: new URLSearchParams({ query: '{ __typename }' }),
  })
  expect(form.status).toBe(403)
  const text = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: '{"query":"{ __typename }"}',
  })
  expect(text.status).toBe(403)
})

test('a mutation cannot be sent by GET', async () => {
  await using api = await startApi(database)
  const query = encodeURIComponent('mutation { deleteJob(id: "1") { __typename } }')
  const response = await fetch(`${api.url}/graphql?query=${query}`, { headers: { 'graphql-require-preflight': '1' } })
  expect(response.status).toBe(405)
})

test('with a token, nothing is answered without it', async () => {
  await using api = await startApi(database, { apiToken })
  const query = '{ jobs(first: 1) { totalCount } }'
  const refused = await api.request(query)
  expect(refused).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  expect((await api.request(query, {}, { authorization: 'Bearer wrong' })).status).toBe(401)
  expect((await api.request(query, {}, { authorization: `Bearer ${apiToken}` })).data).toBeDefined()

  expect(await socketAnswers(api)).toBe('4403')
  expect(await socketAnswers(api, { authorization: 'Bearer wrong' })).toBe('4403')
  expect(await socketAnswers(api, { authorization: `Bearer ${apiToken}` })).toBe('open')
})

test('the token is changed for a cookie, which is good for requests and WebSockets until logout', async () => {
  await using api = await startApi(database, { apiToken })
  const session = (cookie = '') =>
    fetch(`${api.url}/session`, { headers: { cookie } }).then((response) => response.json())
  expect(await session()).toEqual({ required: true, authenticated: false })
  const logIn = (token: string) =>
    fetch(`${api.url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
  expect((await logIn('wrong')).status).toBe(401)
  const response = await logIn(apiToken)
  expect(response.status).toBe(204)
  const cookie = response.headers.get('set-cookie')!.split(';')[0]!
  expect(await session(cookie)).toEqual({ required: true, authenticated: true })
  expect((await api.request('{ __typename }', {}, { cookie })).status).toBe(200)
  expect(await upgrade(api, { cookie })).toBe('open')
  const out = await fetch(`${api.url}/logout`, { method: 'POST', headers: { cookie } })
  expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
  for (let i = 0; i < 9; i++) await logIn('wrong')
  expect((await logIn(apiToken)).status).toBe(429)
})

test('a login takes JSON alone', async () => {
  await using api = await startApi(database, { apiToken })
  const form = await fetch(`${api.url}/login`, { method: 'POST', body: new URLSearchParams({ token: apiToken }) })
  expect(form.status).toBe(415)
  const large = await fetch(`${api.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: 'x'.repeat(5_000) }),
  })
  expect(large.status).toBe(413)
})

test.each([
  [
    'with too many aliases',
    `{ ${Array.from({ length: 51 }, (_, i) => `a${i}: __typename`).join(' ')} }`,
    'more than 50 aliases',
  ],
  [
    'that could answer with a million values',
    '{ jobs(first: 200) { nodes { emails(first: 200) { nodes { address domain } } } } }',
    'at most 100000',
  ],
  ['of too many words', `{ ${'__typename '.repeat(5_001)} }`, 'more than 5000 tokens'],
])('a query %s is refused, over HTTP and over the WebSocket', async (_what, query, message) => {
  await using api = await startApi(database)
  expect((await api.request(query)).errors?.[0]?.message).toContain(message)
  expect(JSON.stringify((await operate(api, query)).errors)).toContain(message)
})

test('what a list costs depends on how much is asked for, in a variable too', async () => {
  await using api = await startApi(database)
  const query = 'query ($n: Int!) { jobs(first: $n) { nodes { emails(first: $n) { nodes { address domain } } } } }'
  expect((await api.request(query, { n: 20 })).errors).toBeUndefined()
  expect((await api.request(query, { n: 200 })).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
})

test('introspection is answered, unless it is switched off', async () => {
  const { getIntrospectionQuery } = await import('graphql')
  await using open = await startApi(database)
  expect((await open.request(getIntrospectionQuery())).errors).toBeUndefined()
  await using closed = await startApi(database, { introspection: false })
  expect((await closed.request(getIntrospectionQuery())).errors?.[0]?.message).toContain('introspection')
})

test('a list of 100,000 start URLs can be sent, twice as much cannot', async () => {
  await using api = await startApi(database)
  const query = 'mutation ($input: RelayInput!) { startRelay(input: $input) { __typename } }'
  expect((await api.request(query, failing(100_000))).data).toEqual({ startRelay: { __typename: 'StartJobSuccess' } })
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: failing(200_000) }),
  }).catch(() => undefined)
  expect(response === undefined || response.status === 413).toBe(true)
})

test('one connection carries so many operations and no more', async () => {
  await using api = await startApi(database)
  const jobId = String(await addJob(database.db))
  const client = api.socket()
  const query = 'subscription ($jobId: ID!) { jobEvents(jobId: $jobId) { __typename } }'
  const firsts = Array.from({ length: 101 }, () => client.iterate({ query, variables: { jobId } }).next())
  const results = await Promise.allSettled(firsts)
  const refused = results.filter((result) => result.status === 'rejected' || result.value.value?.errors)
  expect(refused).toHaveLength(1)
})

test('health tells probes that it lives, readiness that the database and the listener do', async () => {
  await using api = await startApi(database)
  const probe = async (path: string) => {
    const response = await send(api, path, { headers: { host: 'some-probe' } })
    return { status: response.status, ...(JSON.parse(response.body) as object) }
  }
  expect(await probe('/healthz')).toEqual({ status: 'ok' })
  expect(await probe('/readyz')).toEqual({ status: 'ready', database: true, listening: true })
  await api.live.close()
  expect(await probe('/readyz')).toEqual({ status: 'not ready', database: true, listening: false })
})

/** `fetch` does not let us choose the Host. */
function send(api: TestApi, path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: string }) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const request = httpRequest(api.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode!, body: text }))
    })
    request.end(body)
  })
}

/** `open`, or the status that the WebSocket was refused with. */
function upgrade(api: TestApi, headers: Record<string, string>): Promise<string> {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  return new Promise((resolve) => {
    socket.on('error', () => {})
    socket.on('unexpected-response', (request, response) => {
      resolve(String(response.statusCode))
      request.destroy()
    })
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    socket.on('message', () => {
      resolve('open')
      socket.close()
    })
    socket.on('close', (code) => resolve(String(code)))
  })
}

function socketAnswers(api: TestApi, connectionParams?: Record<string, unknown>): Promise<string> {
  const client = api.socket(connectionParams)
  return client
    .iterate({ query: '{ __typename }' })
    .next()
    .then(
      () => 'open',
      (event: { code: number }) => String(event.code),
    )
}

async function operate(api: TestApi, query: string): Promise<{ errors?: unknown }> {
  return await api
    .socket()
    .iterate({ query })
    .next()
    .then(
      ({ value }) => value as { errors?: unknown },
      (errors: unknown) => ({ errors }),
    )
}

function failing(count: number) {
  const urls = Array.from({ length: count }, (_, i) => `https://www.example.com/somewhere/page-${i}`)
  return { input: { shards: 1, steps: 1, failing: urls } }
}
