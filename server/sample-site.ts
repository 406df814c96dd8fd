import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'

export interface SampleSite {
  /** Address of the start page, with the slash at its end. */
  url: string
  /** Drops open connections at once. */
  close(): Promise<void>
}

/**
 * Serves the bundled sample site, so that a newcomer sees a crawl without a network: a small company with its addresses hidden in all the usual ways, and with
 * traps. What a perfect crawl finds is in test/fixtures/sample-site-expected.json. Port 0 takes a free one. Rejects where the port is taken.
 */
export async function startSampleSite(options: { host: string; port: number }): Promise<SampleSite> {
  const files = loadFiles(join(import.meta.dirname, 'sample-site'))
  const server = createServer((request, response) => answer(files, origin, request, response))
  let origin = ''
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  origin = originOf(server)
  return {
    url: `${origin}/`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

interface SiteFile {
  body: Buffer
  type: string
  modifiedAt: Date
}

const moved: Record<string, string> = {
  '/catalogue': '/products/',
  '/events': '/events/',
  '/blog': '/blog/',
  '/products': '/products/',
}
const broken = new Set(['/shop/'])
const calendar = '/events/'
/** What only the running server knows is put into these. */
const withOrigin = new Set(['/robots.txt', '/sitemap.xml'])

function answer(
  files: Map<string, SiteFile>,
  origin: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
  const { pathname, searchParams } = new URL(`http://localhost${request.url}`)
  const location = moved[pathname]
  if (location !== undefined) return void response.writeHead(301, { location }).end()
  const file = files.get(pathname)
  if (broken.has(pathname)) return send(request, response, files.get('/500.html')!, 500)
  if (!file) return send(request, response, files.get('/404.html')!, 404)
  if (withOrigin.has(pathname)) return send(request, response, filled(file, { origin }), 200)
  if (pathname !== calendar) return send(request, response, file, 200)
  const month = parseMonth(searchParams.get('month'))
  if (!month) return send(request, response, files.get('/404.html')!, 404)
  send(request, response, filled(file, monthOf(month)), 200)
}

function send(request: IncomingMessage, response: ServerResponse, file: SiteFile, status: number): void {
  const etag = `"${createHash('sha256').update(file.body).digest('base64url').slice(0, 16)}"`
  const headers = {
    'content-type': file.type,
    etag,
    'last-modified': file.modifiedAt.toUTCString(),
    'cache-control': 'no-cache',
  }
  if (status === 200 && isFresh(request, etag, file.modifiedAt)) return void response.writeHead(304, headers).end()
  response.writeHead(status, { ...headers, 'content-length': file.body.length })
  response.end(request.method === 'HEAD' ? undefined : file.body)
}

// RFC 9110 §13.2.2: If-Modified-Since counts only where there is no If-None-Match.
function isFresh(request: IncomingMessage, etag: string, modifiedAt: Date): boolean {
  const { 'if-none-match': tags, 'if-modified-since': since } = request.headers
  if (tags !== undefined)
    return tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')
  return since !== undefined && Math.floor(modifiedAt.getTime() / 1000) * 1000 <= Date.parse(since)
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
  '.vcf': 'text/vcard; charset=utf-8',
}

/** By path, as it stands in the URL: `/blog/` for blog/index.html. Nothing else is ever read, so no path can lead out of the folder. */
function loadFiles(root: string): Map<string, SiteFile> {
  const files = new Map<string, SiteFile>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const address = `/${relative(root, path).split(sep).join('/')}`.replace(/\/index\.html$/, '/')
    const type = contentTypes[extname(path)]
    if (type === undefined) throw new Error(`no content type for ${path}`)
    files.set(address, { body: readFileSync(path), type, modifiedAt: statSync(path).mtime })
  }
  return files
}

function filled(file: SiteFile, values: Record<string, string>): SiteFile {
  const body = file.body.toString().replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => values[name] ?? '')
  return { ...file, body: Buffer.from(body) }
}

/** First day of the wanted month, of this one where none is named; undefined for what is no month. */
function parseMonth(text: string | null): Date | undefined {
  if (text === null) return new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth()))
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text)
  return match ? new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1)) : undefined
}

/** The page of a month leads on to the next one for ever: the usual trap for crawlers. */
function monthOf(first: Date): Record<string, string> {
  const [year, month] = [first.getUTCFullYear(), first.getUTCMonth()]
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const monday = (first.getUTCDay() + 6) % 7
  const friday = 1 + ((12 - first.getUTCDay()) % 7)
  let weeks = ''
  for (let day = 1 - monday; day <= days; day += 7) {
    const cells = [0, 1, 2, 3, 4, 5, 6].map((offset) => {
      const date = day + offset
      if (date < 1 || date > days) return '<td></td>'
      return date === friday ? `<td class="day-open">${date}<br />Open day</td>` : `<td>${date}</td>`
    })
    weeks += `<tr>${cells.join('')}</tr>`
  }
  const shifted = (by: number) => new Date(Date.UTC(year, month + by)).toISOString().slice(0, 7)
  const name = first.toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' })
  return { month: name, previous: shifted(-1), next: shifted(1), weeks }
}

function originOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the sample site has no port')
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}
