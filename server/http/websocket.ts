import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { GraphQLError } from 'graphql'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'

import type { Context } from '../../schema/context.ts'
import type { Viewer } from '../../schema/live-feed.ts'
import type { Auth } from '../auth.ts'
import type { GraphqlEndpoint } from './graphql-endpoint.ts'

const maxMessageBytes = 1_000_000
const maxSubscriptions = 100
const pingMs = 12_000

export interface SocketServer {
  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Sends all clients away, to come again: 1001. */
  close(): void
}

interface Connected {
  socket: WebSocket
  request: IncomingMessage
  /** Frames that the socket has not taken yet, and since when it has taken none. */
  unsent: number
  movedAt: number
  alive: boolean
}

interface Extra {
  request: IncomingMessage
  viewer?: Viewer
}

/**
 * graphql-transport-ws. A subscription is pulled: its next event is asked for when the last one has left for the network, so that a
 * slow client slows only itself and nothing piles up for it.
 */
export function createSocketServer(options: {
  endpoint: GraphqlEndpoint
  auth: Auth
  log: Logger
  /** A socket that takes nothing for so long is closed: whoever it was reconnects, and says how far it had come. */
  stalledMs: number
}): SocketServer {
  const { endpoint, auth, log, stalledMs } = options
  const protocol = createProtocol(endpoint, auth)
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    handleProtocols: (protocols) => handleProtocols(protocols),
  })
  const connections = new Set<Connected>()
  let pingAt = Date.now() + pingMs
  const timer = setInterval(() => {
    const now = Date.now()
    const ping = now >= pingAt
    if (ping) pingAt = now + pingMs
    for (const connection of connections) {
      const stalled = connection.unsent > 0 && now - connection.movedAt > stalledMs
      if (stalled || (ping && !connection.alive)) connection.socket.terminate()
      else if (ping) {
        connection.alive = false
        connection.socket.ping()
      }
    }
  }, stalledMs / 10)

  server.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    const connection: Connected = { socket, request, unsent: 0, movedAt: Date.now(), alive: true }
    connections.add(connection)
    socket.on('pong', () => (connection.alive = true))
    socket.on('error', (error) => log.debug({ err: error }, 'websocket'))
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => send(connection, text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) =>
          socket.on('message', (data: Buffer) => {
            connection.alive = true
            take(data.toString()).catch((error: unknown) => {
              log.error({ err: error }, 'a message over the websocket could not be handled')
              socket.close(CloseCode.InternalServerError, 'Internal server error')
            })
          }),
      },
      { request },
    )
    socket.once('close', (code, reason) => {
      connections.delete(connection)
      closed(code, String(reason)).catch((error: unknown) => log.error({ err: error }, 'websocket'))
    })
  })

  return {
    upgrade: (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (ws) => server.emit('connection', ws, request)),
    close() {
      clearInterval(timer)
      for (const { socket } of connections) {
        socket.close(1001, 'Going away')
        // Who does not answer the goodbye is not waited for.
        setTimeout(() => socket.terminate(), 500).unref()
      }
      server.close()
    },
  }
}

/** Resolves when the frame has left for the network. */
function send(connection: Connected, text: string): Promise<void> {
  const { socket } = connection
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve()
    if (connection.unsent++ === 0) connection.movedAt = Date.now()
    socket.send(text, () => {
      connection.unsent--
      connection.movedAt = Date.now()
      // An error closes the socket, which ends its subscriptions.
      resolve()
    })
    return undefined
  })
}

function createProtocol(endpoint: GraphqlEndpoint, auth: Auth) {
  return makeServer<{ authorization?: unknown }, Extra>({
    onConnect({ extra, connectionParams }) {
      const { authorization } = connectionParams ?? {}
      const viewer = auth.viewer({
        ...extra.request.headers,
        ...(typeof authorization === 'string' && { authorization }),
      })
      if (viewer) extra.viewer = viewer
      return viewer !== undefined
    },
    async onSubscribe({ extra, subscriptions }, _id, payload) {
      if (Object.keys(subscriptions).length > maxSubscriptions)
        return [
          new GraphQLError(`At most ${maxSubscriptions} operations may run on one connection.`, {
            extensions: { code: 'BAD_USER_INPUT' },
          }),
        ]
      const viewer = extra.viewer!
      const { schema, parse, validate, contextFactory, execute, subscribe } = endpoint.getEnveloped({
        viewer,
        params: payload,
        request: undefined as never,
      } as never)
      try {
        const document = parse(payload.query)
        const errors = validate(schema, document)
        if (errors.length > 0) return errors
        return {
          schema,
          document,
          operationName: payload.operationName,
          variableValues: payload.variables,
          contextValue: (await contextFactory()) as Context,
          rootValue: { execute, subscribe },
        }
      } catch (error) {
        // A document that cannot be parsed.
        if (error instanceof GraphQLError) return [error]
        throw error
      }
    },
    execute: (args) => (args.rootValue as Enveloped).execute(args),
    subscribe: (args) => (args.rootValue as Enveloped).subscribe(args),
  })
}

/** The operation's own executors go along with it in the root value, which no resolver looks at. */
type Enveloped = Pick<ReturnType<GraphqlEndpoint['getEnveloped']>, 'execute' | 'subscribe'>
