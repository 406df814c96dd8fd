import { tmpdir } from 'node:os'

import { type Client, createClient } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'

import type { Engine } from '../../jobs/engine.ts'
import type { Settings } from '../../jobs/job-kind.ts'
import { kinds } from '../../jobs/registry.ts'
import type { HttpConfig } from '../../server/http.ts'
import type { Live } from '../../server/live.ts'
import { openTestEngine, testLog } from './engine.ts'
import type { TestDatabase } from './postgres.ts'
import { relayKind } from './relay-kind.ts'

// The schema is made of the kinds that are there when it is first imported.
if (!kinds.includes(relayKind)) kinds.push(relayKind)
const { createHttp } = await import('../../server/http.ts')
const { createLive } = await import('../../server/live.ts')

export interface TestApi extends AsyncDisposable {
  url: string
  engine: Engine
  live: Live
  /** Sends a GraphQL request and returns the whole answer. */
  request(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>
  /** The data of a request that must go well. */
  data<T = Record<string, never>>(query: string, variables?: Record<string, unknown>): Promise<T>
  /** A client with the stock protocol. */
  socket(connectionParams?: Record<string, unknown>): Client
  /** Ends what is served, as at a shutdown; the clients stay. */
  stopServing(): Promise<void>
  close(): Promise<void>
}

export interface Answer {
  status: number
  data?: Record<string, unknown> | null
  errors?: { message: string; path?: unknown[]; extensions?: Record<string, unknown> }[]
}

/** The API as it is served, on a free port, without workers: jobs stay PENDING unless a worker is started beside it. */
export async function startApi(
  database: Pick<TestDatabase, 'url' | 'db'>,
  config: Partial<HttpConfig> & {
    clientDir?: string
    stalledMs?: number
    bodyTimeoutMs?: number
    settings?: Partial<Settings>
  } = {},
): Promise<TestApi> {
  const { clientDir = tmpdir(), stalledMs, bodyTimeoutMs, settings, ...httpConfig } = config
  const engine = await openTestEngine(database.url, database.db, settings)
  const live = await createLive({ url: database.url, db: database.db, log: testLog })
  const http = createHttp({
    config: { host: '127.0.0.1', port: 0, ...httpConfig },
    engine,
    live,
    log: testLog,
    clientDir,
    ...(stalledMs && { stalledMs }),
    ...(bodyTimeoutMs && { bodyTimeoutMs }),
  })
  const { port } = await http.listen()
  const url = `http://127.0.0.1:${port}`
  const clients: Client[] = []
  let closed: Promise<void> | undefined

  const request: TestApi['request'] = async (query, variables, headers) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    })
    return { status: response.status, ...((await response.json()) as object) }
  }
  const close = async () => {
    for (const client of clients) await client.dispose()
    await http.close()
    await live.close()
    await engine.close()
  }
  return {
    url,
    engine,
    live,
    request,
    async data<T>(query: string, variables?: Record<string, unknown>) {
      const { data, errors } = await request(query, variables)
      expect(errors).toBeUndefined()
      return data as T
    },
    socket(connectionParams) {
      const client = createClient({
        url: `${url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        ...(connectionParams && { connectionParams }),
      })
      clients.push(client)
      return client
    },
    stopServing: http.close,
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => (closed ??= close()),
  }
}
