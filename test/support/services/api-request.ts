import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** One request to a fake service, as it came. */
export interface ApiRequest {
  /** Milliseconds by `performance.now()`, taken when the whole of it was in. */
  atMs: number
  method: string
  /** Without the query. */
  path: string
  query: Record<string, string>
  headers: IncomingHttpHeaders
  /** Fields of a JSON object or of a form; undefined where there is no body, the text where it is neither. */
  body: unknown
  bodyBytes: number
  /** Requests that were being answered when this one came, it among them. */
  concurrent: number
}

export interface ApiRoute {
  method: 'GET' | 'POST'
  /** From the root of the server; `{id}` stands for one segment. */
  path: string
  /** Names of what may be in the query; those with a question mark at the end may be left out. */
  query?: string[]
  /** The same for the fields of the body. */
  body?: string[]
  /** How a body may be written; JSON unless said. */
  encodings?: ('json' | 'form')[]
}

export async function readRequest(incoming: IncomingMessage, concurrent: number): Promise<ApiRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const url = new URL(incoming.url ?? '/', 'http://localhost')
  return {
    atMs: performance.now(),
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: incoming.headers,
    body: bytes.length === 0 ? undefined : bodyOf(bytes.toString(), incoming.headers['content-type'] ?? ''),
    bodyBytes: bytes.length,
    concurrent,
  }
}

function bodyOf(text: string, contentType: string): unknown {
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text))
  if (!contentType.startsWith('application/json')) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** The values of `{…}` in the route's path; undefined where the request is not for it. */
export function pathFits(route: ApiRoute, request: ApiRequest): Record<string, string> | undefined {
  if (route.method !== request.method) return undefined
  const pattern = route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')
  const match = new RegExp(`^${pattern}$`).exec(request.path)
  return match ? { ...match.groups } : undefined
}

/** What in a request its route does not describe; empty where all is well. */
export function strangeIn(route: ApiRoute, request: ApiRequest): string[] {
  const { body } = request
  const found = strangeNames('query', route.query ?? [], Object.keys(request.query))
  if (route.body === undefined) return body === undefined ? found : [...found, 'a body that is not described']
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [...found, 'a body without fields']
  const isForm = (request.headers['content-type'] ?? '').includes('urlencoded')
  if (!(route.encodings ?? ['json']).includes(isForm ? 'form' : 'json')) found.push('a body in another encoding')
  return [...found, ...strangeNames('body', route.body, Object.keys(body))]
}

function strangeNames(place: string, described: string[], sent: string[]): string[] {
  const known = described.map((name) => name.replace('?', ''))
  const missing = described.filter((name) => !name.endsWith('?') && !sent.includes(name))
  return [
    ...sent.filter((name) => !known.includes(name)).map((name) => `${place}: "${name}" is not described`),
    ...missing.map((name) => `${place}: "${name}" is missing`),
  ]
}
