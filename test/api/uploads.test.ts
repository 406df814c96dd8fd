import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'

import { partLimits } from '../../db/upload-bytes.ts'
import { startJob } from '../../jobs/control.ts'
import { startApi } from '../support/api.ts'
import { forkWorker, jobEnds, kill, stateOf, until } from '../support/engine.ts'
import { uploadBench } from '../support/upload-bench.ts'
import {
  appendBytes,
  headers,
  idOf,
  makeUpload,
  offsetOf,
  openAppend,
  someBytes,
  uploadBytes,
} from '../support/upload.ts'

const { database, db, api, bytesOf, blobsOf } = await uploadBench()
const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('an upload in many parts is one file, whole and by ranges', async () => {
  const bytes = someBytes(partLimits.bytes * 2 + 12_345)
  const id = await uploadBytes(api.url, bytes, '../../etc/Kontakte äöü.csv')
  expect((await blobsOf(id)).length).toBe(3)
  expect((await bytesOf(id)).equals(bytes)).toBe(true)
  const edge = partLimits.bytes
  for (const [start, end] of [
    [0, 10],
    [edge - 5, edge + 5],
    [edge, edge + 1],
    [10, edge * 2 + 7],
    [edge * 2 + 12_340, undefined],
    [bytes.length, undefined],
    [5, 5],
  ] as const)
    expect((await bytesOf(id, end === undefined ? { start } : { start, end })).equals(bytes.subarray(start, end))).toBe(
      true,
    )
  const { rows } = await sql<{ name: string; state: string }>`select name, state from uploads where id = ${id}`.execute(
    db,
  )
  expect(rows).toEqual([{ name: 'Kontakte äöü.csv', state: 'COMPLETE' }])
})

test('a stock client uploads, is stopped, and goes on where it was', { timeout: 60_000 }, async () => {
  const { Upload } = await import('tus-js-client')
  const bytes = someBytes(3_000_000)
  const options = {
    endpoint: `${api.url}/upload`,
    chunkSize: 500_000,
    retryDelays: [0, 10, 100],
    metadata: { filename: 'people.csv', filetype: 'text/csv' },
  }
  const run = (make: (end: { onSuccess(): void; onError(error: Error): void }) => InstanceType<typeof Upload>) =>
    new Promise<string>((resolve, reject) => {
      const upload = make({ onSuccess: () => resolve(upload.url!), onError: reject })
      upload.start()
    })
  const stopped = await new Promise<string>((resolve) => {
    const upload = new Upload(bytes, {
      ...options,
      onChunkComplete: (_size, taken) => {
        if (taken >= 1_000_000) void upload.abort().then(() => resolve(upload.url!))
      },
    })
    upload.start()
  })
  const offset = await offsetOf(stopped)
  expect(offset).toBeGreaterThanOrEqual(1_000_000)
  expect(offset).toBeLessThan(3_000_000)
  const resumed = await run((end) => new Upload(bytes, { ...options, uploadUrl: stopped, ...end }))
  expect(resumed).toBe(stopped)
  expect((await bytesOf(idOf(new URL(stopped).pathname))).equals(bytes)).toBe(true)
  const whole = await run((end) => new Upload(bytes, { ...options, chunkSize: Infinity, ...end }))
  expect((await bytesOf(idOf(new URL(whole).pathname))).equals(bytes)).toBe(true)
})

test(
  'kill -9 of the server in the middle loses a part at most, and the job reads what was sent',
  { timeout: 120_000 },
  async () => {
    const port = await freePort()
    const serve = async () => {
      const file = fileURLToPath(new URL('../chaos/api-process.ts', import.meta.url))
      const child = fork(file, [JSON.stringify({ url: database.url, port })])
      onTestFinished(() => kill(child))
      await once(child, 'message')
      return child
    }
    const bytes = someBytes(partLimits.bytes * 5 + 777)
    let server = await serve()
    const base = `http://127.0.0.1:${port}`
    const url = base + (await makeUpload(base, bytes.length))
    let offset = 0
    for (const kills of [1, 2]) {
      const sending = openAppend(url, offset, bytes.length - offset)
      const sentTo = offset + partLimits.bytes * 2 + 50_000
      sending.write(bytes.subarray(offset, sentTo))
      await until('two parts are stored', async () => (await offsetOf(url)) >= partLimits.bytes * 2 * kills)
      await kill(server)
      sending.destroy()
      server = await serve()
      offset = await offsetOf(url)
      expect(offset).toBeGreaterThanOrEqual(sentTo - partLimits.bytes)
      expect(offset).toBeLessThanOrEqual(sentTo)
    }
    expect((await appendBytes(url, offset, bytes.subarray(offset))).status).toBe(204)
    const upload = idOf(new URL(url).pathname)
    expect((await bytesOf(upload)).equals(bytes)).toBe(true)

    const worker = await forkWorker({ url: database.url, slots: 4 })
    onTestFinished(() => kill(worker))
    const input = { shards: 2, steps: 1, upload, keyDigest: digestOf(bytes) }
    const { jobId } = await startJob(api.engine, { kind: 'relay', input, owner: 'local' })
    await jobEnds(db, jobId)
    expect(await stateOf(db, jobId)).toBe('COMPLETED')
  },
)

test('what came before the line broke is kept', async () => {
  const bytes = someBytes(400_000)
  const url = api.url + (await makeUpload(api.url, bytes.length))
  const sending = openAppend(url, 0, bytes.length)
  await new Promise((resolve) => sending.write(bytes.subarray(0, 150_000), resolve))
  // All of it has left, since the server reads.
  await until('it is sent', async () => (sending.socket?.writableLength ?? 1) === 0)
  sending.destroy()
  // How much of it had come, the client cannot know: what is on the way when a line breaks may be lost.
  let kept = 0
  await until('some of it is stored', async () => (kept = await offsetOf(url)) > 0)
  expect(kept).toBeLessThanOrEqual(150_000)
  expect((await appendBytes(url, kept, bytes.subarray(kept))).status).toBe(204)
  expect((await bytesOf(idOf(new URL(url).pathname))).equals(bytes)).toBe(true)
})

test('of two who append at the same place one is told so, and no byte is there twice', async () => {
  const bytes = someBytes(300_000)
  const url = api.url + (await makeUpload(api.url, bytes.length))
  const answers = await Promise.all([
    appendBytes(url, 0, bytes),
    appendBytes(url, 0, bytes),
    appendBytes(url, 0, bytes),
  ])
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409, 409])
  const id = idOf(new URL(url).pathname)
  expect((await bytesOf(id)).equals(bytes)).toBe(true)
  expect(await blobsOf(id)).toHaveLength(1)
})

test('a file of no bytes is complete at once; one that comes with its making too', async () => {
  expect(await bytesOf(idOf(await makeUpload(api.url, 0)))).toHaveLength(0)
  const made = await fetch(`${api.url}/upload`, {
    method: 'POST',
    headers: { ...headers.create(5), 'content-type': 'application/offset+octet-stream' },
    body: 'hello',
  })
  expect([made.status, made.headers.get('upload-offset'), made.headers.get('upload-expires')]).toEqual([201, '5', null])
  expect((await bytesOf(idOf(made.headers.get('location')!))).toString()).toBe('hello')
})

test('HEAD tells length, offset, name and when it goes', async () => {
  const path = await makeUpload(api.url, 10, 'a b.csv')
  const told = await fetch(api.url + path, { method: 'HEAD', headers: headers.tell })
  expect(Object.fromEntries(told.headers)).toMatchObject({
    'upload-length': '10',
    'upload-offset': '0',
    'upload-metadata': `filename ${Buffer.from('a b.csv').toString('base64')}`,
    'cache-control': 'no-store',
    'tus-resumable': '1.0.0',
  })
  const hours = (Date.parse(told.headers.get('upload-expires')!) - Date.now()) / 3_600_000
  expect(hours).toBeGreaterThan(23)
  expect(hours).toBeLessThan(25)
})

test('OPTIONS says what is spoken', async () => {
  const { status, headers: told } = await fetch(`${api.url}/upload`, { method: 'OPTIONS' })
  expect([status, told.get('tus-version'), told.get('tus-extension')]).toEqual([
    204,
    '1.0.0',
    'creation,creation-with-upload,expiration,termination',
  ])
})

const tus = { 'tus-resumable': '1.0.0' }
test.each<
  [
    what: string,
    method: string,
    where: 'upload' | 'open' | 'strange' | 'path',
    given: Record<string, string>,
    status: number,
    body?: string,
  ]
>([
  ['no version', 'POST', 'upload', { 'upload-length': '5' }, 412],
  ['another version', 'POST', 'upload', { 'tus-resumable': '0.2.2', 'upload-length': '5' }, 412],
  ['no length', 'POST', 'upload', tus, 400],
  ['a length that is none', 'POST', 'upload', { ...tus, 'upload-length': '-5' }, 400],
  ['a length beyond counting', 'POST', 'upload', { ...tus, 'upload-length': '9007199254740993' }, 400],
  ['a length to come later', 'POST', 'upload', { ...tus, 'upload-defer-length': '1' }, 400],
  ['metadata that are not base64', 'POST', 'upload', { ...headers.create(5), 'upload-metadata': 'filename ???' }, 400],
  ['metadata twice', 'POST', 'upload', { ...headers.create(5), 'upload-metadata': 'a YQ==,a YQ==' }, 400],
  [
    'metadata without end',
    'POST',
    'upload',
    { ...headers.create(5), 'upload-metadata': `a ${'YQ'.repeat(3_000)}` },
    400,
  ],
  [
    'more bytes than it says',
    'POST',
    'upload',
    { ...headers.create(2), 'content-type': 'application/offset+octet-stream' },
    413,
    'hello',
  ],
  ['another method', 'PUT', 'upload', tus, 405],
  ['reading it back', 'GET', 'open', tus, 405],
  ['an id that nobody has', 'HEAD', 'strange', tus, 404],
  ['a path for an id', 'HEAD', 'path', tus, 404],
  [
    'bytes of another type',
    'PATCH',
    'open',
    { ...tus, 'upload-offset': '0', 'content-type': 'text/csv' },
    415,
    'hello',
  ],
  ['no offset', 'PATCH', 'open', { ...tus, 'content-type': 'application/offset+octet-stream' }, 400, 'hello'],
  ['an offset behind the end', 'PATCH', 'open', headers.append(3), 409, 'hello'],
  ['more bytes than are missing', 'PATCH', 'open', headers.append(0), 413, 'hello, world'],
  ['bytes for nobody', 'PATCH', 'strange', headers.append(0), 404, 'hello'],
])('%s: %s is refused', async (_what, method, where, given, status, body) => {
  const open = where === 'open' ? await makeUpload(api.url, 5) : ''
  const path = {
    upload: '/upload',
    open,
    strange: '/upload/00000000-0000-4000-8000-000000000000',
    path: '/upload/..%2f..%2fetc%2fpasswd',
  }[where]
  const response = await fetch(api.url + path, { method, headers: given, ...(body !== undefined && { body }) })
  expect([response.status, response.headers.get('tus-resumable')]).toEqual([status, '1.0.0'])
  if (method !== 'HEAD') expect(((await response.json()) as { message: string }).message).toMatch(/\w/)
  if (where === 'open') expect(await offsetOf(api.url + path)).toBe(0)
})

test('a method that a proxy does not let through comes by a header', async () => {
  const path = await makeUpload(api.url, 5)
  const sent = await fetch(api.url + path, {
    method: 'POST',
    headers: { ...headers.append(0), 'x-http-method-override': 'PATCH' },
    body: 'hello',
  })
  expect(sent.status).toBe(204)
})

test('no upload without login, and none from a page of another site', async () => {
  await using guarded = await startApi(database, { apiToken: 'a-token-of-forty-characters-or-the-like' })
  const make = (more: Record<string, string>) =>
    fetch(`${guarded.url}/upload`, { method: 'POST', headers: { ...headers.create(5), ...more } })
  expect((await make({})).status).toBe(401)
  const authorization = 'Bearer a-token-of-forty-characters-or-the-like'
  expect((await make({ authorization })).status).toBe(201)
  expect((await make({ authorization, origin: 'https://evil.example' })).status).toBe(403)
})

test('who goes silent is sent away, and what had come is kept', { timeout: 60_000 }, async () => {
  await using hasty = await startApi(database, { bodyTimeoutMs: 300 })
  const url = hasty.url + (await makeUpload(hasty.url, 100))
  const sending = openAppend(url, 0, 100)
  sending.write(Buffer.alloc(40))
  const [answer] = (await once(sending, 'response')) as [{ statusCode: number }]
  expect(answer.statusCode).toBe(408)
  await until('it is stored', async () => (await offsetOf(url)) === 40)

  const query = httpRequest(`${hasty.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 30 },
  })
  query.on('error', () => {})
  query.write('{"query":')
  const [late] = (await once(query, 'response')) as [{ statusCode: number }]
  expect(late.statusCode).toBe(408)
})

test(
  'an upload that takes longer than a request may is taken, as long as bytes come',
  { timeout: 60_000 },
  async () => {
    await using hasty = await startApi(database, { bodyTimeoutMs: 400 })
    const bytes = someBytes(30)
    const url = hasty.url + (await makeUpload(hasty.url, 30))
    const sending = openAppend(url, 0, 30)
    const answered = once(sending, 'response') as Promise<[{ statusCode: number }]>
    const began = Date.now()
    // A slow line, at its own pace.
    for (let i = 0; i < 30; i++) {
      sending.write(bytes.subarray(i, i + 1))
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    sending.end()
    const [answer] = await answered
    expect(Date.now() - began).toBeGreaterThan(1_000)
    expect(answer.statusCode).toBe(204)
  },
)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
