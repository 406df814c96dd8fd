import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { startApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'

const database = await testDatabase()
const script = `console.log(${JSON.stringify('x'.repeat(5_000))})`
let clientDir: string

beforeAll(async () => {
  clientDir = await mkdtemp(join(tmpdir(), 'mailquarry-app-'))
  await mkdir(join(clientDir, 'assets'))
  await writeFile(join(clientDir, 'index.html'), '<!doctype html><title>App</title>')
  await writeFile(join(clientDir, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  await writeFile(join(clientDir, 'assets', 'index-1a2b.js'), script)
  await writeFile(join(clientDir, '.built-from'), 'secret')
  await writeFile(join(clientDir, '..', 'outside-of-the-app.js'), 'secret')
})
afterAll(async () => {
  await rm(join(clientDir, '..', 'outside-of-the-app.js'))
  await rm(clientDir, { recursive: true })
})

test.each(['/', '/jobs', '/jobs/12?tab=pages', '/a/route/of/the/app'])('%s is the app', async (path) => {
  await using api = await startApi(database, { clientDir })
  const response = await fetch(api.url + path)
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('<title>App</title>')
  expect(response.headers.get('cache-control')).toBe('no-cache')
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
})

test('all answers carry the headers that keep other pages, frames and scripts out', async () => {
  await using api = await startApi(database, { clientDir })
  for (const path of ['/', '/assets/index-1a2b.js', '/nothing.js', '/graphql', '/healthz']) {
    const { headers } = await fetch(api.url + path)
    expect(headers.get('content-security-policy'), path).toMatch(
      /default-src 'self'; script-src 'self';.*frame-ancestors 'none'/,
    )
    expect(headers.get('content-security-policy'), path).not.toMatch(/script-src[^;]*unsafe/)
    expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    expect(headers.get('referrer-policy'), path).toBe('no-referrer')
    expect(headers.get('cross-origin-resource-policy'), path).toBe('same-origin')
  }
})

test.each([
  ['gzip', gunzipSync],
  ['br, gzip;q=0.5', brotliDecompressSync],
] as const)('files with a hash are sent once, compressed as %s', async (accepted, unpack) => {
  await using api = await startApi(database, { clientDir })
  const response = await raw(`${api.url}/assets/index-1a2b.js`, { 'accept-encoding': accepted })
  expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(response.headers['content-type']).toBe('text/javascript; charset=utf-8')
  expect(response.body.length).toBeLessThan(1_000)
  expect(unpack(response.body).toString()).toBe(script)
  expect((await raw(`${api.url}/assets/index-1a2b.js`, { 'accept-encoding': 'br;q=0' })).body.toString()).toBe(script)
})

test('what has not changed is not sent again', async () => {
  await using api = await startApi(database, { clientDir })
  const etag = (await fetch(`${api.url}/icon.svg`)).headers.get('etag')!
  expect((await fetch(`${api.url}/icon.svg`, { headers: { 'if-none-match': etag } })).status).toBe(304)
  const head = await fetch(`${api.url}/icon.svg`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([200, 'image/svg+xml', ''])
})

test.each([
  '/assets/gone.js',
  '/.built-from',
  '/../outside-of-the-app.js',
  '/%2e%2e/outside-of-the-app.js',
  '/assets/..%2f..%2foutside-of-the-app.js',
  '/assets/',
])('%s gives nothing away', async (path) => {
  await using api = await startApi(database, { clientDir })
  const { status, body } = await raw(api.url, {}, path)
  expect(body.toString()).not.toContain('secret')
  expect([200, 404]).toContain(status)
})

test('an app that is built while we run is found, and so is a new build', async () => {
  const dir = join(clientDir, 'later')
  await using api = await startApi(database, { clientDir: dir })
  expect((await fetch(api.url)).status).toBe(404)
  await mkdir(dir)
  await writeFile(join(dir, 'index.html'), 'first build')
  expect(await (await fetch(api.url)).text()).toBe('first build')
  await new Promise((resolve) => setTimeout(resolve, 20))
  await writeFile(join(dir, 'index.html'), 'second build')
  expect(await (await fetch(api.url)).text()).toBe('second build')
})

test('GraphiQL comes from our own files alone', async () => {
  await using api = await startApi(database, { clientDir })
  const page = await fetch(`${api.url}/graphql`, { headers: { accept: 'text/html' } })
  const html = await page.text()
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)]
    .map((match) => match[1]!)
    .filter((link) => link !== 'data:,')
  expect(links).toEqual([
    '/graphiql/graphiql.css',
    '/graphiql/workers.js',
    '/graphiql/graphiql.js',
    '/graphiql/start.js',
  ])
  for (const link of links) expect((await fetch(api.url + link)).status, link).toBe(200)
  expect((await fetch(`${api.url}/graphiql/no-such-file.js`)).status).toBe(404)
})

/** As it comes over the wire: `fetch` unpacks and tidies paths up. */
async function raw(url: string, headers: Record<string, string>, path?: string) {
  const { request } = await import('node:http')
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const sent = request(url, { headers, ...(path !== undefined && { path }) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}
