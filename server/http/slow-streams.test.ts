import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

import { afterEach, expect, test } from 'vitest'

import { closeSlowStreams, type SlowStreams } from './slow-streams.ts'

const stalledMs = 400
/** More than the buffers of two sockets take. */
const bodyBytes = 24_000_000

const opened: { close(): void }[] = []
afterEach(() => opened.splice(0).forEach((one) => one.close()))

test('who reads slowly, but reads, gets all', async () => {
  const { port } = await serve(() => {})
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let got = 0
  const began = performance.now()
  socket.on('data', (chunk: Buffer) => {
    got += chunk.length
    socket.pause()
    setTimeout(() => socket.resume(), 8)
  })
  await once(socket, 'close')
  expect(got).toBeGreaterThan(bodyBytes)
  expect(performance.now() - began).toBeGreaterThan(3 * stalledMs)
})

test('who has gone to sleep is sent away', async () => {
  let answer: ServerResponse | undefined
  const { port } = await serve((response) => (answer = response))
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'readable')
  await expect.poll(() => answer?.destroyed, { timeout: 20 * stalledMs }).toBe(true)
  socket.destroy()
})

/** Sends a large body in pieces, always as much as there is room for. */
async function serve(seen: (response: ServerResponse) => void): Promise<{ port: number; streams: SlowStreams }> {
  const streams = closeSlowStreams(stalledMs)
  const server = createServer((_request, response) => {
    seen(response)
    streams.watch(response)
    let left = bodyBytes
    const send = () => {
      while (left > 0 && !response.destroyed) {
        const piece = Buffer.alloc(Math.min(65_536, left))
        left -= piece.length
        if (!response.write(piece)) return void response.once('drain', send)
      }
      response.end()
    }
    send()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(streams, { close: () => void server.close() }, { close: () => server.closeAllConnections() })
  return { port: (server.address() as AddressInfo).port, streams }
}
