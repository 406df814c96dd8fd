import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { type ExecutionResult, GraphQLError } from 'graphql'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'

import type { Context } from '../../schema/context.ts'
import type { Viewer } from '../../schema/live-feed.ts'
import type { Auth } from '../auth.ts'
import { Follower, forward } from '../live/follower.ts'
import type { SharedResult } from '../live/shared-results.ts'
import type { GraphqlEndpoint } from './graphql-endpoint.ts'

const maxMessageBytes = 1_000_000
const maxSubscriptions = 100
const pingMs = 12_000
/** What a socket may hold that the network has not taken yet; who holds more is not asked for the next event. */
const windowBytes = 16_384

export interface SocketServer {
  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Sends all clients away, to come again: 1001. */
  close(): void
}

interface Connected {
  socket: WebSocket
  /** What the frames go into. */
  stream: Socket
  /** How many bytes the network had taken when last looked at, undefined where it has taken all; and since when no more. */
  taken: number | undefined
  movedAt: number
  pingAt: number
  alive: boolean
}

interface Extra {
  /** Those that it came with, until it is known who it is. */
  headers: IncomingHttpHeaders | undefined
  sendNext: SendNext
  viewer?: Viewer
}

/**
 * Sends `next` messages: `head` is the beginning of each, up to the payload. Resolves when there is room for more; nothing where there is
 * some already.
 */
type SendNext = (head: string, payloads: Buffer[]) => Promise<void> | undefined

/**
 * graphql-transport-ws. A subscription is pulled: its next event is asked for when the socket has room for it, so that a slow client
 * slows only itself and nothing piles up for it.
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
  const timer = setInterval(() => {
    const now = Date.now()
    for (const connection of connections) {
      const { socket, stream } = connection
      const taken = stream.writableLength > 0 ? stream.bytesWritten - stream.writableLength : undefined
      if (taken === undefined || taken !== connection.taken) connection.movedAt = now
      connection.taken = taken
      const ping = now >= connection.pingAt
      if (now - connection.movedAt > stalledMs || (ping && !connection.alive)) socket.terminate()
      else if (ping) {
        connection.pingAt = now + pingMs
        connection.alive = false
        socket.ping()
      }
    }
  }, stalledMs / 10)

  server.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    const now = Date.now()
    const stream = request.socket
    const connection: Connected = { socket, stream, taken: undefined, movedAt: now, pingAt: now + pingMs, alive: true }
    connections.add(connection)
    const sendNext: SendNext = (head, payloads) => {
      if (socket.readyState !== socket.OPEN) return undefined
      const frames = textFrames(head, payloads, '}')
      if (stream.writableLength < windowBytes) return void stream.write(frames)
      // An error closes the socket, which ends its subscriptions.
      return new Promise((resolve) => void stream.write(frames, () => resolve()))
    }
    socket.on('pong', () => (connection.alive = true))
    socket.on('error', (error) => log.debug({ err: error }, 'websocket'))
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => new Promise((resolve) => socket.send(text, () => resolve())),
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
      { headers: request.headers, sendNext },
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

/** Messages as a server sends them, unmasked and each in one piece: RFC 6455 §5.2. */
function textFrames(head: string, bodies: Buffer[], tail: string): Buffer {
  const headBytes = Buffer.byteLength(head)
  const lengths = bodies.map((body) => headBytes + body.length + tail.length)
  const frames = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + frameStart(length) + length, 0))
  let at = 0
  bodies.forEach((body, i) => {
    const length = lengths[i]!
    const start = frameStart(length)
    frames[at] = 0x81
    if (start === 2) frames[at + 1] = length
    else if (start === 4) {
      frames[at + 1] = 126
      frames.writeUInt16BE(length, at + 2)
    } else {
      frames[at + 1] = 127
      frames.writeBigUInt64BE(BigInt(length), at + 2)
    }
    frames.write(head, at + start)
    body.copy(frames, at + start + headBytes)
    frames.write(tail, at + start + headBytes + body.length)
    at += start + length
  })
  return frames
}

/** Bytes before the text of a message of that length. */
function frameStart(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10
}

function createProtocol(endpoint: GraphqlEndpoint, auth: Auth) {
  return makeServer<{ authorization?: unknown }, Extra>({
    onConnect({ extra, connectionParams }) {
      const { authorization } = connectionParams ?? {}
      const viewer = auth.viewer({
        ...extra.headers,
        ...(typeof authorization === 'string' && { authorization }),
      })
      extra.headers = undefined
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
      const { schema, parse, validate, contextFactory, execute } = endpoint.getEnveloped({
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
          rootValue: { execute },
        }
      } catch (error) {
        // A document that cannot be parsed.
        if (error instanceof GraphQLError) return [error]
        throw error
      }
    },
    execute: (args) => (args.rootValue as Enveloped).execute(args),
    subscribe: endpoint.subscribe,
    onOperation({ extra }, id, payload, args, result) {
      if (!(result instanceof Follower)) return undefined
      // It is held for as long as the subscription lasts, which can be days, and stands on nothing of this any more.
      Object.assign(payload, { query: '', variables: undefined })
      Object.assign(args, { contextValue: undefined, rootValue: undefined })
      return deliver(extra.sendNext, id, result as Follower<SharedResult>)
    },
  })
}

/**
 * Sends the results of a subscription, whose text is shared; for the protocol's server, which would make it anew for each subscriber,
 * it is a subscription without results that ends when they do.
 */
function deliver(send: SendNext, id: string, results: Follower<SharedResult>): AsyncIterableIterator<never> {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`
  const end = { done: true as const, value: undefined }
  return {
    // Asked once, since it ends when it answers.
    async next() {
      await forward(results, (items) => send(head, items.map(bytesOf)))
      return end
    },
    async return() {
      results.close()
      return end
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function bytesOf(result: SharedResult): Buffer {
  return result.bytes ?? Buffer.from(textOf(result))
}

function textOf({ errors, ...result }: ExecutionResult): string {
  return JSON.stringify({ ...result, ...(errors && { errors: errors.map((error) => error.toJSON()) }) })
}

/** The operation's own executor goes along with it in the root value, which no resolver looks at. */
type Enveloped = Pick<ReturnType<GraphqlEndpoint['getEnveloped']>, 'execute'>
