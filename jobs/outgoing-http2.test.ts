import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { brotliCompressSync, zstdCompressSync } from 'node:zlib'

import { describe, expect, test } from 'vitest'

import { certificate, failure, get, outgoingBench, text } from '../test/support/outgoing-bench.ts'
import type { OutgoingOptions } from './outgoing.ts'

const { outgoing, listen, onClose } = outgoingBench()

describe('HTTP/2', () => {
  const secure = async (serve: (stream: ServerHttp2Stream, path: string) => void) => {
    const server = createSecureServer(certificate)
    const sessions = new Set<ServerHttp2Session>()
    server.on('session', (session) => {
      sessions.add(session)
      session.on('error', () => {})
    })
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {})
      serve(stream, headers[':path']!)
    })
    onClose(async () => sessions.forEach((session) => session.destroy()))
    return { url: `https://127.0.0.1:${await listen(server)}`, sessions }
  }
  const client = (limits: OutgoingOptions['limits'] = {}) => outgoing({ ca: [certificate.cert], limits })

  test('one request at a time goes over one connection', async () => {
    let open = 0
    let most = 0
    const { url, sessions } = await secure((stream) => {
      most = Math.max(most, ++open)
      stream.once('close', () => open--)
      stream.respond({ ':status': 200 })
      setTimeout(() => stream.end('ok'), 10)
    })
    const one = client()
    await Promise.all(Array.from({ length: 5 }, (_, i) => get(one, `${url}/${i}`)))
    expect([most, sessions.size]).toEqual([1, 1])
  })

  test('codings are undone, and bombs stopped', async () => {
    const { url } = await secure((stream, path) => {
      stream.respond({ ':status': 200, 'content-encoding': path.slice(1) })
      stream.end(path === '/br' ? brotliCompressSync('words') : zstdCompressSync(Buffer.alloc(50_000_000)))
    })
    const one = client()
    expect(text((await get(one, `${url}/br`)).body)).toBe('words')
    expect(await failure(one, `${url}/zstd`)).toMatchObject({ category: 'too_large' })
    expect(text((await get(one, `${url}/br`)).body)).toBe('words')
  })

  test.each<[what: string, category: string, serve: (stream: ServerHttp2Stream) => void]>([
    ['silence', 'timeout', () => {}],
    [
      'a body that drips',
      'timeout',
      (stream) => {
        stream.respond({ ':status': 200 })
        const timer = setInterval(() => stream.write('.'), 10)
        stream.once('close', () => clearInterval(timer))
      },
    ],
    [
      'a body without end',
      'too_large',
      (stream) => {
        stream.respond({ ':status': 200 })
        const endless = new Readable({
          read(bytes) {
            this.push(Buffer.alloc(bytes))
          },
        })
        endless.pipe(stream)
      },
    ],
    ['a stream that is reset', 'network', (stream) => stream.close(2)],
    ['a session that breaks', 'network', (stream) => stream.session?.destroy()],
    [
      'a header of too many fields',
      'too_large',
      (stream) => stream.respond({ ':status': 200, ...Object.fromEntries(headerFields(200)) }),
    ],
    [
      'a header of too many bytes',
      'too_large',
      (stream) => stream.respond({ ':status': 200, ...Object.fromEntries(headerFields(20, 6_000)) }),
    ],
  ])('%s is %s, and the next request goes well', async (_what, category, serve) => {
    const { url } = await secure((stream, path) => {
      if (path === '/bad') return serve(stream)
      stream.respond({ ':status': 200 })
      return stream.end('ok')
    })
    const one = client({ headMs: 1_500, connectMs: 1_500, bodyMs: 3_000 })
    expect(await failure(one, `${url}/bad`)).toMatchObject({ category })
    expect(text((await get(one, `${url}/good`)).body)).toBe('ok')
  })
})

const headerFields = (count: number, bytes = 1) =>
  Array.from({ length: count }, (_, i) => [`x-field-${i}`, 'y'.repeat(bytes)] as const)
