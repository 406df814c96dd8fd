// Subscribers of the stock graphql-transport-ws protocol: bare sockets, so that ten thousand fit beside the server.
import { WebSocket } from 'ws'

import type { ClientsReport, ClientsRequest, Subscription } from './messages.ts'

/** So many connections are on their way at the same time. */
const atOnce = 50

let sockets = 0
let frames = 0
let arrivals = new Map<number, number[]>()
const samples: Record<string, unknown> = {}

process.on('message', (request: ClientsRequest) => void answer(request).then((report) => process.send!(report)))
process.on('disconnect', () => process.exit())

async function answer(request: ClientsRequest): Promise<ClientsReport> {
  if (request.ask === 'connect') {
    let left = request.count
    const connectSome = async () => {
      while (left-- > 0) await connect(request.url, request.subscriptions, request.stalled)
    }
    await Promise.all(Array.from({ length: atOnce }, connectSome))
  }
  const report = { sockets, frames, arrivals: Object.fromEntries(arrivals), samples }
  frames = 0
  arrivals = new Map()
  return report
}

/** Resolves with the first message of the last subscription. A stalled one reads nothing from then on. */
async function connect(url: string, subscriptions: Subscription[], stalled: boolean): Promise<void> {
  const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false })
  const first = Promise.withResolvers<void>()
  socket.once('open', () => socket.send('{"type":"connection_init"}'))
  socket.once('message', () => {
    subscriptions.forEach((payload, i) =>
      socket.send(JSON.stringify({ id: crypto.randomUUID().slice(0, -1) + String(i), type: 'subscribe', payload })),
    )
    socket.on('message', (data: Buffer) => {
      if (stalled) socket.pause()
      take(data)
      first.resolve()
    })
  })
  socket.on('error', first.reject)
  socket.on('close', () => first.reject(new Error('the server closed the connection')))
  await first.promise
  sockets++
}

const mark = Buffer.from('"seq":')

function take(data: Buffer): void {
  frames++
  const at = data.indexOf(mark)
  if (at < 0) {
    samples['snapshot'] ??= payloadOf(data)
    return
  }
  const seq = Number.parseInt(data.toString('latin1', at + mark.length, at + mark.length + 12), 10)
  const times = arrivals.get(seq)
  const now = performance.timeOrigin + performance.now()
  if (times) times.push(now)
  else {
    arrivals.set(seq, [now])
    samples['event'] = payloadOf(data)
  }
}

function payloadOf(data: Buffer): unknown {
  const message = JSON.parse(data.toString()) as { payload?: { data?: { jobEvents?: unknown } } }
  return message.payload?.data?.jobEvents
}
