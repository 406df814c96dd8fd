import { createServer as createHttpsServer } from 'node:https'

import { describe, expect, test } from 'vitest'

import { certificate, failure, get, outgoingBench, text, toLoopback } from '../test/support/outgoing-bench.ts'
import { drippingHeader, endlessHeader } from '../test/support/raw-server.ts'
import { cutOff, drip, hang } from '../test/support/site.ts'

const { outgoing, site, listen, tcp } = outgoingBench()

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

  test('TLS where none is spoken', async () => {
    const { url } = await site({})
    expect(await failure(outgoing(), url.replace('http:', 'https:'))).toMatchObject({
      category: 'tls',
      message: expect.stringContaining('it does not speak TLS: its URLs begin with http://'),
    })
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
    const zero = await tcp((socket) => void socket.on('data', () => socket.end('HTTP/1.1 000 X\r\n\r\n')))
    expect(await failure(outgoing(), `http://127.0.0.1:${zero}/`)).toMatchObject({
      category: 'parse',
      message: `127.0.0.1:${zero}: the answer is no valid HTTP`,
    })
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
