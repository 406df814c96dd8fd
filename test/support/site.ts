import { createReadStream, realpathSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Answers one request. `signal` trips when the site closes, so that a slow answer ends with it. */
export type Answer = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => unknown

/** HTML with status 200, or status, headers and body, or a function that writes the answer. */
export type SitePage = string | { status?: number; headers?: Record<string, string>; body?: string | Buffer } | Answer

export interface SiteRequest {
  /** Milliseconds by `performance.now()`, taken when the head of the request was in. */
  atMs: number
  method: string
  /** Path with its query, as sent. */
  path: string
  headers: IncomingHttpHeaders
  /** Requests that were being answered at that moment, this one among them. */
  concurrent: number
}

export interface SiteOptions {
  /** By path; a path with its query is looked up first, then the bare path. */
  pages?: Record<string, SitePage>
  /** Static files; a folder answers with its index.html. Asked where `pages` has nothing. */
  dir?: string
  /** Asked last, before 404. */
  handler?: Answer
  /** Pause before each answer. */
  delayMs?: number
  host?: string
  port?: number
  /** False where millions of requests come: `requests` stays empty. */
  log?: boolean
}

export interface Site {
  /** Origin without a slash at the end. */
  url: string
  host: string
  port: number
  /** In the order in which they came. */
  requests: SiteRequest[]
  /** Most requests answered at one time. */
  maxConcurrent(): number
  /** Most connections that were open at one time. */
  maxConnections(): number
  /** How often a path was asked for. */
  hits(path: string): number
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A real HTTP server on loopback for one test. Closing it drops open connections at once. */
export async function startSite(options: SiteOptions): Promise<Site> {
  const { pages = {}, dir, handler, delayMs = 0, host = '127.0.0.1', port = 0, log = true } = options
  const root = dir === undefined ? undefined : realpathSync(dir)
  const requests: SiteRequest[] = []
  const closing = new AbortController()
  let open = 0
  let most = 0

  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    open += 1
    most = Math.max(most, open)
    response.once('close', () => (open -= 1))
    if (log) {
      const { method = 'GET', headers } = request
      requests.push({ atMs: performance.now(), method, path, headers, concurrent: open })
    }
    // A handler that throws breaks its connection, as a crashed server would.
    answer(path, request, response).catch(() => response.destroy())
  })

  async function answer(path: string, request: IncomingMessage, response: ServerResponse) {
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal })
    const bare = path.replace(/[?#].*$/s, '')
    const page = pages[path] ?? pages[bare]
    if (page !== undefined) return await writePage(page, request, response, closing.signal)
    const found = root === undefined ? undefined : fileBelow(root, bare)
    if (found?.isFolder) return await writePage(redirect(`${bare}/`), request, response, closing.signal)
    if (found) {
      response.writeHead(200, { 'content-type': contentTypeOf(found.file) })
      return await pipeline(createReadStream(found.file), response)
    }
    if (handler) return await handler(request, response, closing.signal)
    return await writePage({ status: 404, body: '<title>Not found</title>' }, request, response, closing.signal)
  }

  let connections = 0
  let mostConnections = 0
  server.on('connection', (socket) => {
    connections += 1
    mostConnections = Math.max(mostConnections, connections)
    socket.once('close', () => (connections -= 1))
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const bound = portOf(server)

  async function close() {
    closing.abort()
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }

  return {
    url: `http://${host}:${bound}`,
    host,
    port: bound,
    requests,
    maxConcurrent: () => most,
    maxConnections: () => mostConnections,
    hits: (path) => requests.filter((request) => request.path === path).length,
    close,
    [Symbol.asyncDispose]: close,
  }
}

// What hostile sites do, one page each.

/** Takes the request and never answers. */
export const hang: Answer = () => undefined

/** Sends `body` in pieces of `bytes` with a pause before each; for ever where no body is given. */
export function drip(options: { everyMs: number; bytes?: number; body?: string }): Answer {
  const { everyMs, bytes = 1, body } = options
  return async (_request, response, signal) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    const whole = body === undefined ? undefined : Buffer.from(body)
    const endAt = whole?.length ?? Infinity
    for (let at = 0; at < endAt; at += bytes) {
      await sleep(everyMs, undefined, { signal })
      if (response.destroyed) return
      response.write(whole?.subarray(at, at + bytes) ?? '.'.repeat(bytes))
    }
    response.end()
  }
}

/** A body that never ends. */
export const endless: Answer = (_request, response) => {
  response.setHeader('content-type', 'text/html')
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(100_000, 0x20)));
  }
  response.on('drain', more)
  more()
}

/** Every answer leads to an address never seen before: `/again?n=1`, `/again?n=2`, … */
export const endlessRedirect: Answer = (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const next = Number(url.searchParams.get('n') ?? 0) + 1
  response.writeHead(302, { location: `${url.pathname}?n=${next}` }).end()
}

/** Promises more bytes than it sends and breaks the connection. */
export function cutOff(body: string): Answer {
  return (_request, response) => {
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(body) + 1000),
    }
    response.writeHead(200, headers)
    response.write(body, () => response.destroy())
  }
}

/** Answers in turn, and with the last one from then on: `inTurn(status(503), '<p>here</p>')`. */
export function inTurn(...turns: [SitePage, ...SitePage[]]): Answer {
  let asked = 0
  return async (request, response, signal) => {
    const page = turns[Math.min(asked, turns.length - 1)]!
    asked += 1
    await writePage(page, request, response, signal)
  }
}

export function status(code: number, headers: Record<string, string> = {}): SitePage {
  return { status: code, headers, body: `<title>${code}</title>` }
}

export function redirect(location: string, code = 302): SitePage {
  return { status: code, headers: { location } }
}

export function plainText(body: string): SitePage {
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

async function writePage(page: SitePage, request: IncomingMessage, response: ServerResponse, signal: AbortSignal) {
  if (typeof page === 'function') {
    await page(request, response, signal)
    return
  }
  const { status = 200, headers = {}, body = '' } = typeof page === 'string' ? { body: page } : page
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/** The file that a path names; undefined where there is none. */
function fileBelow(root: string, path: string): { file: string; isFolder: boolean } | undefined {
  try {
    const wanted = join(root, decodeURIComponent(path), path.endsWith('/') ? 'index.html' : '')
    const file = realpathSync(wanted)
    if (file !== root && !file.startsWith(root + sep)) return undefined
    return { file, isFolder: statSync(file).isDirectory() }
  } catch {
    return undefined // no such file, or a path that is no path: 404 says it
  }
}

const contentTypes: Record<string, string> = {
  // Without a charset, as most servers send it: what the page itself declares counts.
  '.html': 'text/html',
  '.htm': 'text/html',
  '.xhtml': 'application/xhtml+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.xml': 'application/xml',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.gif': 'image/gif',
  '.ico': 'image/x-icon',
  '.pdf': 'application/pdf',
  '.gz': 'application/gzip',
}

function contentTypeOf(file: string): string {
  return contentTypes[extname(file).toLowerCase()] ?? 'application/octet-stream'
}
