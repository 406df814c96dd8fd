import type { IncomingMessage, ServerResponse } from 'node:http'

import { receiveBytes } from '../../db/upload-bytes.ts'
import { createUpload, findUpload, markUploadDeleted, type Upload } from '../../db/uploads.ts'
import type { Engine } from '../../jobs/engine.ts'
import type { Viewer } from '../../schema/live-feed.ts'
import { sendJson } from './send-json.ts'

const version = '1.0.0'
const mostMetadata = 4_096
/** Exact in JavaScript, JSON and Postgres alike. */
const largestSize = Number.MAX_SAFE_INTEGER
const bodyType = 'application/offset+octet-stream'

/** Something about the request, with the status that tus gives it. */
class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

type Answer = { status: number; headers?: Record<string, string | number> }

/**
 * Resumable uploads by tus 1.0 (https://tus.io/protocols/resumable-upload): the core with creation, creation-with-upload, expiration
 * and termination. `path` is `/upload` or begins with `/upload/`. Who asks has been checked.
 */
export async function answerUpload(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  { engine, viewer }: { engine: Pick<Engine, 'db' | 'blobs'>; viewer: Viewer },
): Promise<void> {
  response.setHeader('Tus-Resumable', version)
  response.setHeader('Cache-Control', 'no-store')
  try {
    const { status, headers = {} } = await act(path, request, engine, viewer.owner)
    response.writeHead(status, headers).end()
  } catch (error) {
    const known = refusalOf(error)
    if (!known) throw error
    // It took too long, and has been told so.
    if (response.headersSent) return
    if (known.status === 412) response.setHeader('Tus-Version', version)
    // Bytes that nobody takes are not worth the line.
    if (!request.complete) response.setHeader('Connection', 'close')
    sendJson(response, known.status, { message: known.message })
  }
}

function act(path: string, request: IncomingMessage, engine: Pick<Engine, 'db' | 'blobs'>, owner: string) {
  const method = header(request, 'x-http-method-override') ?? request.method ?? 'GET'
  const collection = path === '/upload' || path === '/upload/'
  if (method === 'OPTIONS') return abilities()
  if (header(request, 'tus-resumable') !== version)
    throw new Refused(412, `This speaks tus ${version}: send Tus-Resumable: ${version}.`)
  if (collection) {
    if (method === 'POST') return create(request, engine, owner)
    throw new Refused(405, 'POST makes an upload here; HEAD, PATCH and DELETE go to its Location.')
  }
  const id = path.slice('/upload/'.length)
  switch (method) {
    case 'HEAD':
      return tell(id, engine, owner)
    case 'PATCH':
      return append(id, request, engine, owner)
    case 'DELETE':
      return remove(id, engine, owner)
    default:
      throw new Refused(405, 'An upload takes HEAD, PATCH and DELETE.')
  }
}

function abilities(): Answer {
  const extensions = 'creation,creation-with-upload,expiration,termination'
  return { status: 204, headers: { 'Tus-Version': version, 'Tus-Extension': extensions } }
}

async function create(request: IncomingMessage, engine: Pick<Engine, 'db' | 'blobs'>, owner: string): Promise<Answer> {
  if (header(request, 'upload-defer-length') !== undefined || header(request, 'upload-concat') !== undefined)
    throw new Refused(400, 'An upload says its length from the start, and is not put together of others.')
  const sizeBytes = wholeNumber(request, 'upload-length')
  const withBytes = header(request, 'content-type') === bodyType
  if (withBytes) refuseTooMany(request, sizeBytes)
  const metadata = parseMetadata(header(request, 'upload-metadata') ?? '')
  const name = shownName(metadata.get('filename') ?? metadata.get('name') ?? '')
  const mediaType = metadata.get('filetype')?.slice(0, 255) ?? null
  const made = await createUpload(engine.db, { owner, name, mediaType, sizeBytes })
  const { upload } = withBytes ? await receiveBytes(engine.db, engine.blobs, made, 0, request) : { upload: made }
  return { status: 201, headers: { Location: `/upload/${made.id}`, ...progressOf(upload ?? made) } }
}

async function tell(id: string, { db }: Pick<Engine, 'db'>, owner: string): Promise<Answer> {
  const upload = await ownUpload(db, owner, id)
  const named = `filename ${Buffer.from(upload.name).toString('base64')}`
  const typed = upload.mediaType === null ? '' : `,filetype ${Buffer.from(upload.mediaType).toString('base64')}`
  return {
    status: 200,
    headers: { 'Upload-Length': upload.sizeBytes, 'Upload-Metadata': named + typed, ...progressOf(upload) },
  }
}

async function append(
  id: string,
  request: IncomingMessage,
  { db, blobs }: Pick<Engine, 'db' | 'blobs'>,
  owner: string,
): Promise<Answer> {
  if (header(request, 'content-type') !== bodyType)
    throw new Refused(415, `The bytes come as Content-Type: ${bodyType}.`)
  const offset = wholeNumber(request, 'upload-offset')
  const upload = await ownUpload(db, owner, id)
  if (offset !== upload.receivedBytes) throw wrongOffset(upload.receivedBytes)
  refuseTooMany(request, upload.sizeBytes - offset)
  const { upload: now, broken } = await receiveBytes(db, blobs, upload, offset, request)
  if (broken) throw broken
  if (!now) throw wrongOffset((await ownUpload(db, owner, id)).receivedBytes)
  return { status: 204, headers: progressOf(now) }
}

async function remove(id: string, { db }: Pick<Engine, 'db'>, owner: string): Promise<Answer> {
  await ownUpload(db, owner, id)
  if (!(await markUploadDeleted(db, owner, id))) throw new Refused(409, 'Jobs use this upload: it goes with the last.')
  return { status: 204 }
}

async function ownUpload(db: Engine['db'], owner: string, id: string): Promise<Upload> {
  const upload = await findUpload(db, owner, id)
  if (!upload) throw new Refused(404, 'There is no such upload.')
  if (upload.state === 'DELETED') throw new Refused(410, 'This upload has been deleted, or has expired.')
  return upload
}

function wrongOffset(receivedBytes: number): Refused {
  return new Refused(409, `The upload goes on at byte ${receivedBytes}: HEAD tells.`)
}

/** Where it says how many bytes it brings: before any of them is read. */
function refuseTooMany(request: IncomingMessage, room: number): void {
  if (Number(header(request, 'content-length') ?? 0) > room)
    throw new Refused(413, `There are more bytes than the upload has left: ${room}.`)
}

function progressOf({ receivedBytes, state, expiresAt }: Upload): Record<string, string | number> {
  // RFC 9110 §5.6.7, and only while it is not complete.
  return { 'Upload-Offset': receivedBytes, ...(state === 'OPEN' && { 'Upload-Expires': expiresAt.toUTCString() }) }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

function wholeNumber(request: IncomingMessage, name: string): number {
  const text = header(request, name) ?? ''
  if (!/^\d{1,16}$/.test(text) || Number(text) > largestSize)
    throw new Refused(400, `${name} must be a whole number of bytes.`)
  return Number(text)
}

/** `filename d29ybGQuY3N2,filetype dGV4dC9jc3Y=`: keys with values in base64. */
function parseMetadata(text: string): Map<string, string> {
  if (text.length > mostMetadata) throw new Refused(400, `Upload-Metadata may have ${mostMetadata} characters.`)
  const pairs = new Map<string, string>()
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^([\x21-\x7e]+)(?: ([A-Za-z0-9+/]*={0,2}))?$/.exec(pair.trim())
    if (!match || pairs.has(match[1]!))
      throw new Refused(400, 'Upload-Metadata must be keys, each once, with values in base64.')
    pairs.set(match[1]!, Buffer.from(match[2] ?? '', 'base64').toString('utf8'))
  }
  return pairs
}

/** The last part of whatever path a client has sent, without control characters. */
function shownName(name: string): string {
  const last = name.split(/[/\\]/).at(-1)!
  return (
    last
      .replaceAll(/\p{Cc}/gu, '')
      .trim()
      .slice(0, 255)
      .toWellFormed() || 'unnamed'
  )
}

function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  // What had come before is kept.
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Refused(507, 'The disk of the server is full.')
  if (code === 'ECONNRESET') return new Refused(400, 'The connection broke off.')
  return undefined
}
