import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'

import { GraphQLFloat, GraphQLID, GraphQLObjectType, GraphQLSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'

import { createConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { watchResume } from './resume-after.ts'

/** Events 1, 2, 3 … of a job: a subscription gets those behind `after`, then waits for more. */
function createLog() {
  let last = 0
  const waiting = new Set<() => void>()
  return {
    add(count: number) {
      last += count
      for (const wake of waiting) wake()
      waiting.clear()
    },
    async *behind(after: number) {
      for (let seq = after + 1; ; seq++) {
        if (seq > last) await new Promise<void>((resolve) => void waiting.add(resolve))
        yield { jobEvents: { __typename: 'JobEvent', seq } }
      }
    },
  }
}

function schemaOf(log: ReturnType<typeof createLog>, asked: (after: number) => void) {
  const event = new GraphQLObjectType({ name: 'JobEvent', fields: { seq: { type: GraphQLFloat } } })
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { id: { type: GraphQLID } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        jobEvents: {
          type: event,
          args: { after: { type: GraphQLFloat } },
          subscribe(_, { after }: { after: number }) {
            asked(after)
            return log.behind(after)
          },
        },
      },
    }),
  })
}

async function startServer(schema: GraphQLSchema, port = 0) {
  const http = createServer((_, response) => response.end())
  const sockets = new WebSocketServer({ server: http })
  useServer({ schema }, sockets)
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
  return {
    port: portOf(http),
    clients: () => sockets.clients.size,
    /** As a killed process: no goodbye. */
    async kill() {
      for (const socket of sockets.clients) socket.terminate()
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
}

const query = 'subscription ($after: Float) { jobEvents(after: $after) { __typename seq } }'

let connection: Connection | undefined
let server: Awaited<ReturnType<typeof startServer>> | undefined
afterEach(async () => {
  connection?.close()
  await server?.kill()
})

function follow(target: Connection) {
  const seqs: number[] = []
  const { payload, saw } = watchResume({ query, variables: { after: 0 } })
  const stop = target.subscribe(payload, {
    next({ data }) {
      saw(data)
      seqs.push(Number(Object(data?.jobEvents).seq))
    },
    error: (reason) => expect.fail(String(reason)),
    complete: () => {},
  })
  return { seqs, stop }
}

test('a subscription outlives the server and goes on behind the last event it has seen', async () => {
  const log = createLog()
  const asked: number[] = []
  const schema = schemaOf(log, (after) => asked.push(after))
  server = await startServer(schema)
  const { port } = server
  connection = createConnection(`ws://127.0.0.1:${port}/`)
  const reconnected = vi.fn<() => void>()
  connection.onReconnect(reconnected)
  const { seqs } = follow(connection)
  log.add(3)
  await vi.waitFor(() => expect(seqs).toEqual([1, 2, 3]))
  expect(connection.state.value).toBe('live')
  expect(reconnected).not.toHaveBeenCalled()

  await server.kill()
  await vi.waitFor(() => expect(connection!.state.value).toBe('reconnecting'))
  log.add(2)
  server = await startServer(schema, port)
  await vi.waitFor(() => expect(seqs).toEqual([1, 2, 3, 4, 5]), 5_000)
  expect(asked).toEqual([0, 3])
  expect(connection.state.value).toBe('live')
  expect(reconnected).toHaveBeenCalledOnce()
})

test('a wish to reconnect ends the pause between two tries', async () => {
  const log = createLog()
  const schema = schemaOf(log, () => {})
  server = await startServer(schema)
  const { port } = server
  await server.kill()
  connection = createConnection(`ws://127.0.0.1:${port}/`)
  const tries: number[] = []
  connection.onFailedTry((count) => tries.push(count))
  await vi.waitFor(() => expect(tries.length).toBeGreaterThan(5), 15_000)
  expect(connection.state.value).toBe('connecting')

  server = await startServer(schema, port)
  connection.reconnect()
  await vi.waitFor(() => expect(connection!.state.value).toBe('live'), 1_000)
}, 20_000)

test('a dead socket that looks open is replaced on demand, without a gap or a double', async () => {
  const log = createLog()
  server = await startServer(schemaOf(log, () => {}))
  connection = createConnection(`ws://127.0.0.1:${server.port}/`)
  const { seqs, stop } = follow(connection)
  log.add(2)
  await vi.waitFor(() => expect(seqs).toEqual([1, 2]))
  connection.reconnect()
  log.add(2)
  await vi.waitFor(() => expect(seqs).toEqual([1, 2, 3, 4]), 5_000)
  stop()
  log.add(1)
  const other = follow(connection)
  await vi.waitFor(() => expect(other.seqs).toEqual([1, 2, 3, 4, 5]))
  expect(seqs).toEqual([1, 2, 3, 4])
})

test('a page that is held still hears nothing, and all of it when it goes on', async () => {
  const log = createLog()
  server = await startServer(schemaOf(log, () => {}))
  connection = createConnection(`ws://127.0.0.1:${server.port}/`)
  const reconnected = vi.fn<() => void>()
  connection.onReconnect(reconnected)
  const { seqs } = follow(connection)
  log.add(2)
  await vi.waitFor(() => expect(seqs).toEqual([1, 2]))

  connection.pause()
  expect(connection.state.value).toBe('paused')
  log.add(2)
  // Neither the end of its socket nor the news of a network that is back ends the pause.
  connection.reconnect()
  await vi.waitFor(() => expect(server!.clients()).toBe(0))
  expect(connection.state.value).toBe('paused')
  expect(seqs).toEqual([1, 2])
  expect(reconnected).not.toHaveBeenCalled()

  const shownUntil = connection.liveUntil.value
  expect(shownUntil).toBeLessThanOrEqual(Date.now())
  connection.resume()
  expect(connection.liveUntil.value, 'what is shown is as old as before').toBe(shownUntil)
  await vi.waitFor(() => expect(seqs).toEqual([1, 2, 3, 4]), 5_000)
  expect(connection.state.value).toBe('live')
  expect(connection.liveUntil.value).toBeUndefined()
  expect(reconnected).toHaveBeenCalledOnce()
})

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

test('a request that nobody has answered fails once the socket may be dead, and the next one goes', async () => {
  let requests = 0
  const http = createServer((request, response) => {
    // What is asked first is never answered.
    if (request.url !== '/asked' || ++requests > 1) response.end('answer')
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  connection = createConnection(`ws://127.0.0.1:${portOf(http)}/graphql`)
  const url = `http://127.0.0.1:${portOf(http)}/asked`
  const lost = connection.fetch(url).then(
    () => 'answered',
    (error: Error) => error.message,
  )
  const cancelled = new AbortController()
  await vi.waitFor(() => expect(requests).toBe(1))
  connection.reconnect()
  expect(await lost).toBe('The connection was lost.')
  expect(await (await connection.fetch(url)).text()).toBe('answer')
  // Whoever asks may still call it off.
  cancelled.abort(new Error('called off'))
  await expect(connection.fetch(url, { signal: cancelled.signal })).rejects.toThrow('called off')
  http.closeAllConnections()
  http.close()
})
