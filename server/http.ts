import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { sql } from 'kysely'
import type { Logger } from 'pino'

import type { Engine } from '../jobs/engine.ts'
import type { ShownSetting } from '../schema/shown-setting.ts'
import { createAuth } from './auth.ts'
import { answerArtifact } from './http/artifacts.ts'
import { limitBody } from './http/body-timeout.ts'
import { sendContent } from './http/content.ts'
import { answerExport } from './http/export.ts'
import { graphiqlFile, graphiqlPage } from './http/graphiql.ts'
import { createGraphqlEndpoint } from './http/graphql-endpoint.ts'
import { handleSession } from './http/login.ts'
import { refusalOf } from './http/request-guard.ts'
import { securityHeaders } from './http/security-headers.ts'
import { sendJson } from './http/send-json.ts'
import { closeSlowStreams } from './http/slow-streams.ts'
import { staticFiles } from './http/static-files.ts'
import { answerUpload } from './http/tus.ts'
import { createSocketServer } from './http/websocket.ts'
import type { Live } from './live.ts'
import { createMetrics } from './metrics.ts'

export interface HttpConfig {
  host: string
  /** 0: any free one. */
  port: number
  /** Must be there where `host` is not loopback. */
  apiToken?: string | undefined
  /** Names that we are reached by besides loopback's, and origins of pages that may reach in: `host:port` or `host`. */
  allowedHosts?: readonly string[]
  /** Whether clients may ask for the schema; true unless told otherwise. */
  introspection?: boolean
}

export interface Http {
  /** Resolves to the address for people, `http://localhost:4000`, once connections are taken. */
  listen(): Promise<{ url: string; port: number }>
  /** Takes no more requests, sends subscribers away to reconnect, and lets what runs end, for 5 s at most. Close it before `live`. */
  close(): Promise<void>
}

/** Everything that is reached by HTTP: GraphQL, its explorer, uploads, exports, the built app, health, figures. */
export function createHttp(options: {
  config: HttpConfig
  engine: Engine
  live: Live
  log: Logger
  /** The folder of the built app. */
  clientDir: string
  /** What the server is set to, fit to be shown. */
  settings?: readonly ShownSetting[]
  /** A subscriber that takes nothing for so long is dropped; 10 s. */
  stalledMs?: number
  /** What a request may take to arrive, and an upload between two of its bytes; 60 s. */
  bodyTimeoutMs?: number
}): Http {
  const { config, engine, live, log, clientDir, settings } = options
  const { stalledMs = 10_000, bodyTimeoutMs = 60_000 } = options
  const auth = createAuth(config.apiToken)
  const endpoint = createGraphqlEndpoint({
    context: { engine, live, log, settings },
    introspection: config.introspection ?? true,
    log,
  })
  const sockets = createSocketServer({ endpoint, auth, log, stalledMs })
  const metrics = createMetrics({ db: engine.db, live })
  const streams = closeSlowStreams(stalledMs)
  // There is no going on with a download: it has more patience.
  const downloads = closeSlowStreams(6 * stalledMs)
  const files = staticFiles(clientDir)
  // The time for a whole request is watched below, since an upload may take days. Headers have 60 s.
  const server = createServer({ requestTimeout: 0, headersTimeout: 60_000 }, (request, response) => {
    limitBody(request, response, isUpload(pathOf(request)) ? 'idle' : 'whole', bodyTimeoutMs)
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'request failed')
      if (!response.headersSent) sendJson(response, 500, { message: 'Something went wrong on our side.' })
      else response.destroy()
    })
  })
  server.on('upgrade', upgrade)
  const guard = (request: IncomingMessage) =>
    refusalOf(request.headers, {
      host: config.host,
      port: request.socket.localPort ?? config.port,
      allowedHosts: config.allowedHosts ?? [],
    })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
    const path = pathOf(request)
    // Probes ask by whatever name, and learn nothing.
    if (path === '/healthz') return sendJson(response, 200, { status: 'ok' })
    if (path === '/readyz') return sendReadiness(response)
    const refusal = guard(request)
    if (refusal) return sendJson(response, 403, { message: refusal })
    if (path === '/graphql') return answerGraphql(request, response)
    if (isUpload(path)) return takeUpload(path, request, response)
    if (path === '/metrics') return sendMetrics(request, response)
    if (path.startsWith('/export/') || path.startsWith('/artifacts/')) return sendFile(path, request, response)
    if (await handleSession(path, request, response, auth)) return undefined
    response.removeHeader('Cache-Control')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sendJson(response, 404, { message: 'There is no such thing.' })
    return answerFile(path, request, response)
  }

  async function answerGraphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asPage = request.method === 'GET' && request.headers.accept?.includes('text/html')
    if (asPage) return sendContent(request, response, graphiqlPage)
    const viewer = auth.viewer(request.headers)
    if (!viewer) return sendUnauthenticated(response)
    response.setHeader('Cache-Control', 'no-store')
    streams.watch(response)
    await endpoint(request, response, { viewer })
    return undefined
  }

  async function takeUpload(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const viewer = auth.viewer(request.headers)
    if (!viewer) return sendUnauthenticated(response)
    return answerUpload(path, request, response, { engine, viewer })
  }

  async function sendFile(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const viewer = auth.viewer(request.headers)
    if (!viewer) return sendUnauthenticated(response)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sendJson(response, 405, { message: 'Files are read by GET.' })
    downloads.watch(response)
    if (path.startsWith('/artifacts/')) return answerArtifact(path, request, response, { engine, viewer })
    const url = new URL(request.url ?? '/', 'http://localhost')
    return answerExport(url, request, response, { engine, viewer })
  }

  async function answerFile(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = path.startsWith('/graphiql/')
      ? await graphiqlFile(path)
      : path === '/'
        ? undefined
        : await files.find(path)
    if (file) return sendContent(request, response, file)
    // The app's own routes have no ending; a missing file is no page of the app.
    const index = /\.[a-z0-9]+$/i.test(path) ? undefined : await files.index()
    if (index) return sendContent(request, response, index)
    return sendJson(response, 404, { message: path === '/' ? 'The web app is not built.' : 'There is no such thing.' })
  }

  async function sendMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!auth.viewer(request.headers)) return sendUnauthenticated(response)
    const text = await metrics.text()
    response.setHeader('Content-Type', metrics.contentType)
    response.end(text)
    return undefined
  }

  async function sendReadiness(response: ServerResponse): Promise<void> {
    const database = await Promise.race([
      sql`select 1`.execute(engine.db).then(
        () => true,
        () => false,
      ),
      new Promise<false>((resolve) => void setTimeout(resolve, 2_000, false).unref()),
    ])
    const ready = database && live.listening()
    sendJson(response, ready ? 200 : 503, {
      status: ready ? 'ready' : 'not ready',
      database,
      listening: live.listening(),
    })
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', (error) => log.debug({ err: error }, 'upgrade'))
    const refusal = guard(request)
    if (refusal) return refuseUpgrade(socket, '403 Forbidden', refusal)
    if (pathOf(request) !== '/graphql') return refuseUpgrade(socket, '404 Not Found', 'There is no such thing.')
    sockets.upgrade(request, socket, head)
    return undefined
  }

  return {
    async listen() {
      server.listen(config.port, config.host)
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      return { url: `http://${nameOf(config.host)}:${port}`, port }
    },
    async close() {
      const closed = server.listening ? once(server, 'close') : undefined
      server.close()
      sockets.close()
      streams.close()
      downloads.close()
      const patience = setTimeout(() => server.closeAllConnections(), 5_000)
      await closed
      clearTimeout(patience)
    },
  }
}

function sendUnauthenticated(response: ServerResponse): void {
  const error = { message: 'A token is required: Authorization: Bearer …', extensions: { code: 'UNAUTHENTICATED' } }
  response.setHeader('WWW-Authenticate', 'Bearer')
  sendJson(response, 401, { errors: [error] })
}

function isUpload(path: string): boolean {
  return path === '/upload' || path.startsWith('/upload/')
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').replace(/[?#].*$/s, '')
}

function refuseUpgrade(socket: Duplex, status: string, message: string): void {
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  )
}

function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
