import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

import { describe, expect, test } from 'vitest'

import { failure, get, outgoingBench, text } from '../test/support/outgoing-bench.ts'
import { endless } from '../test/support/site.ts'

const { outgoing, site } = outgoingBench()

describe('bodies', () => {
  const words = 'Schreiben Sie an büro@example.com. '.repeat(500)
  test.each<[encoding: string, body: Buffer]>([
    ['gzip', gzipSync(words)],
    ['x-gzip', gzipSync(words)],
    ['GZIP', gzipSync(words)],
    ['deflate', deflateSync(words)],
    ['deflate', deflateRawSync(words)],
    ['br', brotliCompressSync(words)],
    ['zstd', zstdCompressSync(words)],
    ['gzip, br', brotliCompressSync(gzipSync(words))],
    ['deflate, gzip', gzipSync(deflateSync(words))],
    ['identity', Buffer.from(words)],
    ['UTF-8', Buffer.from(words)],
  ])('are decoded from %s', async (encoding, body) => {
    const { url } = await site({ '/': { headers: { 'content-encoding': encoding }, body } })
    const response = await get(outgoing(), url)
    expect(text(response.body)).toBe(words)
  })

  test.each<[encoding: string, bomb: Buffer]>([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(50_000_000))],
    ['zstd', zstdCompressSync(Buffer.alloc(50_000_000))],
    ['deflate', deflateSync(Buffer.alloc(50_000_000))],
    ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(50_000_000)))],
  ])('are stopped when they blow up: %s', async (encoding, bomb) => {
    const { url } = await site({ '/': { headers: { 'content-encoding': encoding }, body: bomb } })
    expect(await failure(outgoing(), url)).toMatchObject({ category: 'too_large' })
    const cut = await get(outgoing(), url, { maxBytes: 1_000, beyond: 'cut' })
    expect(cut.body).toHaveLength(1_000)
    expect(cut.cut).toBe(true)
  })

  test('are stopped when they never end', async () => {
    const { url } = await site({ '/': endless })
    const client = outgoing()
    expect(await failure(client, url)).toMatchObject({ category: 'too_large', details: { maxBytes: 5_000_000 } })
    expect((await get(client, url, { maxBytes: 7, beyond: 'cut' })).body).toHaveLength(7)
  })

  test('are not begun when they say that they are too large', async () => {
    const { url } = await site({
      '/': (_request, response) => response.writeHead(200, { 'content-length': '10000000000' }).flushHeaders(),
      '/next': 'ok',
    })
    const client = outgoing()
    expect(await failure(client, url)).toMatchObject({ category: 'too_large' })
    expect(text((await get(client, `${url}/next`)).body)).toBe('ok')
  })

  test('just at the limit are whole', async () => {
    const { url } = await site({ '/': 'x'.repeat(1_000) })
    expect(await get(outgoing(), url, { maxBytes: 1_000 })).toMatchObject({ cut: false })
    expect(await failure(outgoing(), url, { maxBytes: 999 })).toMatchObject({ category: 'too_large' })
  })

  test('that were cut short by the packer give what is there', async () => {
    const half = gzipSync(words).subarray(0, 100)
    const { url } = await site({ '/': { headers: { 'content-encoding': 'gzip' }, body: half } })
    const response = await get(outgoing(), url)
    expect(words.startsWith(text(response.body))).toBe(true)
  })

  test('that are no such code at all are an error', async () => {
    const { url } = await site({
      '/gzip': { headers: { 'content-encoding': 'gzip' }, body: 'no gzip' },
      '/br': { headers: { 'content-encoding': 'br' }, body: Buffer.alloc(20, 0xff) },
      '/zstd': { headers: { 'content-encoding': 'zstd' }, body: 'no zstd' },
      '/thrice': { headers: { 'content-encoding': 'gzip, gzip, gzip' }, body: gzipSync('x') },
    })
    for (const path of ['/gzip', '/br', '/zstd', '/thrice'])
      expect(await failure(outgoing(), url + path)).toMatchObject({ category: 'parse' })
  })
})
