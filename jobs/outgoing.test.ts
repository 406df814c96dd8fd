import { createSecureServer } from 'node:http2'
import type { Socket } from 'node:net'

import { describe, expect, test } from 'vitest'

import { certificate, get, outgoingBench, text } from '../test/support/outgoing-bench.ts'
import { drip, endlessRedirect, hang, redirect } from '../test/support/site.ts'

const { outgoing, site, listen } = outgoingBench()

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
