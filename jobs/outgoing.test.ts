import { readFileSync } from 'node:fs'
import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { Server, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

import { afterEach, describe, expect, test } from 'vitest'

import { drippingHeader, endlessHeader, startRawServer } from '../test/support/raw-server.ts'
import {
  cutOff,
  drip,
  endless,
  endlessRedirect,
  hang,
  redirect,
  startSite,
  type SitePage,
} from '../test/support/site.ts'
import { OutgoingError } from './outgoing-error.ts'
import { createOutgoing, type Outgoing, type OutgoingOptions, type OutgoingRequest } from './outgoing.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

function outgoing(options: Partial<OutgoingOptions> = {}): Outgoing {
  const made = createOutgoing({
    allowHosts: ['127.0.0.1', 'localhost', '[::1]'],
    userAgent: 'Mailquarry-test',
    ...options,
  })
  closing.push(() => made.close())
  return made
}

async function site(pages: Record<string, SitePage>) {
  const started = await startSite({ pages })
  closing.push(() => started.close())
  return started
}

const get = (client: Outgoing, url: string, options: Partial<OutgoingRequest> = {}) =>
  client.request(url, { signal: new AbortController().signal, ...options })
const failure = (client: Outgoing, url: string, options: Partial<OutgoingRequest> = {}) =>
  get(client, url, options).then(
    ({ status }) => ({ category: `answered ${status}` }),
    (error: unknown) => {
      if (!(error instanceof OutgoingError)) throw error
      return { category: error.category, message: error.message, details: error.details }
    },
  )
const toLoopback = async () => ['127.0.0.1']
const text = (body: Uint8Array) => Buffer.from(body).toString()

describe('an ordinary exchange', () => {
  test('gives status, header and body, and says who asks', async () => {
    const { url, requests } = await site({
      '/a': { status: 404, headers: { 'x-robots-tag': 'noindex' }, body: 'gone' },
    })
    const response = await get(outgoing(), `${url}/a?b=c`, { headers: { accept: 'text/html' } })
    expect(response).toMatchObject({ status: 404, cut: false, headers: { 'x-robots-tag': 'noindex' } })
    expect(text(response.body)).toBe('gone')
    expect(requests[0]).toMatchObject({
      path: '/a?b=c',
      headers: { 'user-agent': 'Mailquarry-test', accept: 'text/html', 'accept-encoding': 'gzip, deflate, br, zstd' },
    })
  })

  test('does not follow redirects', async () => {
    const { url, requests } = await site({ '/': endlessRedirect, '/x': redirect('http://10.0.0.1/') })
    const client = outgoing()
    expect(await get(client, `${url}/`)).toMatchObject({
      status: 302,
      headers: { location: '/?n=1' },
      body: { length: 0 },
    })
    expect(await get(client, `${url}/x`)).toMatchObject({ status: 302, headers: { location: 'http://10.0.0.1/' } })
    expect(requests).toHaveLength(2)
  })

  test('keeps one connection an origin', async () => {
    const sockets = new Set<Socket>()
    const started = await site({
      '/': (request, response) => {
        sockets.add(request.socket)
        response.end('ok')
      },
    })
    const client = outgoing()
    await Promise.all(Array.from({ length: 5 }, () => get(client, started.url)))
    await get(client, started.url)
    expect(sockets.size).toBe(1)
    expect(started.maxConcurrent()).toBe(1)
  })

  test('reads no body that is not wanted', async () => {
    const { url } = await site({ '/film': drip({ everyMs: 5, bytes: 1_000 }), '/': 'still here' })
    const client = outgoing()
    const response = await get(client, `${url}/film`, {
      wants: ({ headers }) => headers['content-type'] === 'video/mp4',
    })
    expect(response.body).toHaveLength(0)
    expect(text((await get(client, `${url}/`)).body)).toBe('still here')
  })

  test('ends with the reason of the signal', async () => {
    const { url } = await site({ '/': hang, '/drip': drip({ everyMs: 5 }) })
    for (const path of ['/', '/drip']) {
      const controller = new AbortController()
      const answer = get(outgoing(), url + path, { signal: controller.signal })
      setTimeout(() => controller.abort(new Error('job paused')), 30)
      await expect(answer).rejects.toThrow('job paused')
    }
    await expect(get(outgoing(), url, { signal: AbortSignal.abort(new Error('never started')) })).rejects.toThrow(
      'never started',
    )
  })

  test('hangs up where it is told to, and dials anew when it is asked again', async () => {
    const sockets = new Set<Socket>()
    const gone: Socket[] = []
    const { url } = await site({
      '/': (request, response) => {
        if (!sockets.has(request.socket)) request.socket.once('close', () => gone.push(request.socket))
        sockets.add(request.socket)
        response.end('ok')
      },
    })
    const client = outgoing()
    await get(client, url)
    client.hangUp(url)
    await expect.poll(() => gone.length).toBe(1)
    await get(client, url)
    expect(sockets.size).toBe(2)
    client.hangUp('http://127.0.0.1:1')
  })

  test('gives a body piece by piece, and holds back who does not read', async () => {
    let sent = 0
    const { url } = await site({
      '/': (_request, response) => {
        const more = () => {
          while (sent < 200_000_000 && response.write(Buffer.alloc(100_000))) sent += 100_000
        }
        response.on('drain', more)
        more()
      },
    })
    const signal = new AbortController().signal
    const { status, pieces, end } = await outgoing().open(url, { signal, maxBytes: 200_000_000 })
    expect(status).toBe(200)
    let read = 0
    for await (const piece of pieces) if ((read += piece.length) > 1_000_000) break
    end()
    expect(sent).toBeLessThan(50_000_000)
  })

  test('speaks HTTP/2 where that is all that the server has', async () => {
    const server = createSecureServer(certificate, (request, response) =>
      response.end(`${request.httpVersion} ${request.headers['user-agent']}`),
    )
    const port = await listen(server)
    const client = outgoing({ ca: [certificate.cert] })
    const answers = await Promise.all(['/a', '/b'].map((path) => get(client, `https://127.0.0.1:${port}${path}`)))
    expect(answers.map(({ body }) => text(body))).toEqual(['2.0 Mailquarry-test', '2.0 Mailquarry-test'])
  })
})

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
    closing.push(async () => sessions.forEach((session) => session.destroy()))
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

describe('the guard', () => {
  test.each([
    'http://10.0.0.1/',
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://0.0.0.0/',
    'https://192.168.1.1:8443/',
    'http://224.0.0.1/',
    'http://203.0.113.9/',
    'http://example.com:25/',
    'http://example.com:6667/',
  ])('does not dial %s', async (url) => {
    expect(await failure(outgoing({ allowHosts: [] }), url)).toMatchObject({ category: 'blocked' })
  })

  test.each([['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['10.1.2.3'], ['64:ff9b::7f00:1']])(
    'does not dial a name that resolves to %s',
    async (address) => {
      const { url, requests, port } = await site({ '/': 'secret' })
      const client = outgoing({ allowHosts: ['inside.test:1'], resolve: async () => [address] })
      expect(await failure(client, `http://inside.test:${port}/`)).toMatchObject({
        category: 'blocked',
        details: { address },
      })
      expect(await failure(client, `https://inside.test:${port}/`)).toMatchObject({ category: 'blocked' })
      expect(await failure(client, url)).toMatchObject({ category: 'blocked' })
      expect(requests).toHaveLength(0)
    },
  )

  test('tells where a host is dialled, and why it is not', async () => {
    const signal = new AbortController().signal
    const resolve = async (name: string) => (name === 'mine.test' ? ['127.0.0.1'] : ['10.0.0.1'])
    const client = outgoing({ allowHosts: ['mine.test'], resolve })
    expect(await client.addressOf('http://mine.test/', signal)).toBe('127.0.0.1')
    await expect(client.addressOf('http://yours.test/', signal)).rejects.toMatchObject({ category: 'blocked' })
    const slow = outgoing({ resolve: () => new Promise(() => {}), limits: { connectMs: 50 } })
    await expect(slow.addressOf('http://slow.test/', signal)).rejects.toMatchObject({ category: 'timeout' })
    const stopped = AbortSignal.abort(new Error('job paused'))
    await expect(slow.addressOf('http://slow.test/', stopped)).rejects.toThrow('job paused')
  })

  test('lets listed hosts through, by name, address and port', async () => {
    const { url, port } = await site({ '/': 'mine' })
    const byPort = outgoing({ allowHosts: [`127.0.0.1:${port}`, `mine.test:${port}`], resolve: toLoopback })
    expect(text((await get(byPort, `${url}/`)).body)).toBe('mine')
    expect(text((await get(byPort, `http://mine.test:${port}/`)).body)).toBe('mine')
    expect(text((await get(byPort, `http://2130706433:${port}/`)).body)).toBe('mine')
    expect(await failure(byPort, `http://yours.test:${port}/`)).toMatchObject({ category: 'blocked' })
    expect(await failure(byPort, 'http://127.0.0.1:1/')).toMatchObject({ category: 'blocked' })
    const anyPort = outgoing({ allowHosts: ['mine.test'], resolve: toLoopback })
    expect(text((await get(anyPort, `http://mine.test:${port}/`)).body)).toBe('mine')
  })
})

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

describe('what goes wrong gets a category', () => {
  test('a name that does not resolve', async () => {
    const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    expect(await failure(outgoing({ resolve: () => Promise.reject(notFound) }), 'http://nowhere.test/')).toMatchObject({
      category: 'dns',
      details: { code: 'ENOTFOUND' },
    })
    expect(await failure(outgoing({ resolve: async () => [] }), 'https://nowhere.test/')).toMatchObject({
      category: 'dns',
    })
  })

  test('a refused connection', async () => {
    const gone = await site({})
    await gone.close()
    expect(await failure(outgoing(), gone.url)).toMatchObject({
      category: 'network',
      details: { code: 'ECONNREFUSED' },
    })
  })

  test('a connection that breaks', async () => {
    const { url } = await site({ '/': cutOff('half a page'), '/none': (request) => request.socket.destroy() })
    expect(await failure(outgoing(), url)).toMatchObject({ category: 'network' })
    expect(await failure(outgoing(), `${url}/none`)).toMatchObject({ category: 'network' })
  })

  test('silence, a body that drips, and a header that drips', async () => {
    const { url } = await site({ '/hang': hang, '/drip': drip({ everyMs: 20 }) })
    const client = outgoing({ limits: { headMs: 150, connectMs: 150, bodyMs: 200 } })
    expect(await failure(client, `${url}/hang`)).toMatchObject({ category: 'timeout' })
    expect(await failure(client, `${url}/drip`)).toMatchObject({ category: 'timeout' })
    expect(await failure(client, `${url}/drip`, { timeoutMs: 100 })).toMatchObject({ category: 'timeout' })
    const port = await tcp(drippingHeader(20))
    expect(await failure(client, `http://127.0.0.1:${port}/`)).toMatchObject({ category: 'timeout' })
  })

  test('a resolver that hangs', async () => {
    const client = outgoing({ resolve: () => new Promise(() => {}), limits: { connectMs: 100, headMs: 100 } })
    expect(await failure(client, 'http://slow.test/')).toMatchObject({ category: 'timeout' })
  })

  test('headers without end, and what is no HTTP', async () => {
    const boundless = await tcp(endlessHeader)
    expect(await failure(outgoing(), `http://127.0.0.1:${boundless}/`)).toMatchObject({ category: 'too_large' })
    const smtp = await tcp((socket) => void socket.on('data', () => socket.write('220 mail.example ESMTP\r\n')))
    expect(await failure(outgoing(), `http://127.0.0.1:${smtp}/`)).toMatchObject({ category: 'parse' })
  })

  test('TLS that cannot be trusted', async () => {
    const port = await listen(createHttpsServer(certificate, (_request, response) => response.end('secure')))
    const client = outgoing({ allowHosts: ['127.0.0.1', 'secure.test', 'other.test'], resolve: toLoopback })
    expect(await failure(client, `https://127.0.0.1:${port}/`)).toMatchObject({ category: 'tls' })
    const trusting = outgoing({
      allowHosts: ['127.0.0.1', 'secure.test', 'other.test'],
      resolve: toLoopback,
      ca: [certificate.cert],
    })
    expect(text((await get(trusting, `https://secure.test:${port}/`)).body)).toBe('secure')
    expect(await failure(trusting, `https://other.test:${port}/`)).toMatchObject({ category: 'tls' })
  })

  test('https asked of an http server, and http of an https server', async () => {
    const { port } = await site({ '/': 'plain' })
    expect(await failure(outgoing(), `https://127.0.0.1:${port}/`)).toMatchObject({ category: 'tls' })
    const secure = await listen(createHttpsServer(certificate, (_request, response) => response.end('secure')))
    expect(['network', 'parse', 'answered 400']).toContain(
      (await failure(outgoing(), `http://127.0.0.1:${secure}/`)).category,
    )
  })

  test('after an error the next request to the host goes well', async () => {
    const { url } = await site({ '/bad': cutOff('half'), '/good': 'ok' })
    const client = outgoing()
    for (let i = 0; i < 3; i++) {
      expect(await failure(client, `${url}/bad`)).toMatchObject({ category: 'network' })
      expect(text((await get(client, `${url}/good`)).body)).toBe('ok')
    }
  })
})

const headerFields = (count: number, bytes = 1) =>
  Array.from({ length: count }, (_, i) => [`x-field-${i}`, 'y'.repeat(bytes)] as const)

const certificate = {
  key: readFileSync(new URL('../test/fixtures/tls/key.pem', import.meta.url), 'utf8'),
  cert: readFileSync(new URL('../test/fixtures/tls/cert.pem', import.meta.url), 'utf8'),
}

async function listen(server: {
  listen: Server['listen']
  address: Server['address']
  close: Server['close']
}): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

async function tcp(serve: (socket: Socket) => void): Promise<number> {
  const server = await startRawServer(serve)
  closing.push(() => server.close())
  return server.port
}
