// What the network itself costs: sockets that get the ready bytes of an event and a snapshot in one write, and no GraphQL at all.
import type { AddressInfo, Socket } from 'node:net'

import { type WebSocket, WebSocketServer } from 'ws'

import type { ServerRequest } from './messages.ts'
import { usage } from './usage.ts'

const subscribers = new Map<{ socket: WebSocket; stream: Socket }, string>()
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/graphql' })
server.on('connection', (socket, { socket: stream }) => {
  socket.on('message', (data: Buffer) => {
    const { type, id } = JSON.parse(data.toString()) as { type: string; id: string }
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
    else if (type === 'subscribe') {
      const subscriber = { socket, stream }
      subscribers.set(subscriber, id)
      socket.once('close', () => subscribers.delete(subscriber))
      socket.send(JSON.stringify({ id, type: 'next', payload: {} }))
    }
  })
})
server.once('listening', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', (request: ServerRequest) => {
  if (request.ask === 'publish') {
    const payloads = request.items.map((item) => JSON.stringify({ data: { jobEvents: item } }))
    for (const [{ socket, stream }, id] of subscribers) {
      stream.cork()
      for (const payload of payloads) socket.send(`{"id":"${id}","type":"next","payload":${payload}}`)
      stream.uncork()
    }
  }
  process.send!(usage(request.ask === 'memory', subscribers.size))
})
process.on('disconnect', () => process.exit())
