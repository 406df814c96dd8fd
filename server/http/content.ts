import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** Something small enough to be kept in memory, with its compressed forms made when they are first asked for. */
export interface Content {
  body: Buffer
  type: string
  etag: string
  cacheControl: string
  compressed: Map<string, Promise<Buffer>>
}

export const cacheForEver = 'public, max-age=31536000, immutable'
/** To be asked for each time; the answer is mostly 304. */
export const revalidate = 'no-cache'

export function content(body: Buffer | string, type: string, cacheControl: string): Content {
  const buffer = Buffer.from(body)
  const etag = `"${createHash('sha256').update(buffer).digest('base64url').slice(0, 22)}"`
  return { body: buffer, type, etag, cacheControl, compressed: new Map() }
}

export async function sendContent(request: IncomingMessage, response: ServerResponse, what: Content): Promise<void> {
  response.setHeader('ETag', what.etag)
  response.setHeader('Cache-Control', what.cacheControl)
  response.setHeader('Vary', 'Accept-Encoding')
  if (request.headers['if-none-match'] === what.etag) return void response.writeHead(304).end()
  const encoding = encodingFor(request, what)
  const body = encoding ? await compress(what, encoding) : what.body
  response.setHeader('Content-Type', what.type)
  if (encoding) response.setHeader('Content-Encoding', encoding)
  response.setHeader('Content-Length', body.length)
  response.writeHead(200).end(request.method === 'HEAD' ? undefined : body)
}

const compressors = {
  // 11 takes seconds for a megabyte, 6 is nearly as small.
  br: (body: Buffer) =>
    promisify(brotliCompress)(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 6, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
  gzip: (body: Buffer) => promisify(gzip)(body, { level: 6 }),
}
type Encoding = keyof typeof compressors

function compress(what: Content, encoding: Encoding): Promise<Buffer> {
  const ready = what.compressed.get(encoding) ?? compressors[encoding](what.body)
  what.compressed.set(encoding, ready)
  return ready
}

function encodingFor(request: IncomingMessage, { type, body }: Content): Encoding | undefined {
  if (body.length < 1_000 || !/^(?:text\/|application\/(?:json|javascript|manifest\+json)|image\/svg)/.test(type))
    return undefined
  const accepted = (request.headers['accept-encoding'] ?? '')
    .split(',')
    .filter((part) => !/;\s*q=0(?:\.0*)?\s*$/.test(part))
    .map((part) => part.split(';')[0]!.trim())
  return (['br', 'gzip'] as const).find((encoding) => accepted.includes(encoding))
}
