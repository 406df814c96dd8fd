// Subscribers of the stock graphql-transport-ws protocol, on sockets as bare as can be: ten thousand have to fit beside the server.
import { connect as connectTo, type Socket } from 'node:net'

import type { ClientsReport, ClientsRequest, Subscription } from './messages.ts'

/** So many connections are on their way at the same time. */
const atOnce = 50

/** What a socket has received, until it is read at once: one for all. */
const received = Buffer.alloc(65_536)

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
      while (left-- > 0) await connect(new URL(request.url), request.subscriptions, request.stalled)
    }
    await Promise.all(Array.from({ length: atOnce }, connectSome))
  }
  const report = { sockets, frames, arrivals: Object.fromEntries(arrivals), samples }
  frames = 0
  arrivals = new Map()
  return report
}

/** Resolves with the first message of a subscription. A stalled one reads nothing from then on. */
async function connect(url: URL, subscriptions: Subscription[], stalled: boolean): Promise<void> {
  const socket = connectTo({
    port: Number(url.port),
    host: url.hostname,
    noDelay: true,
    onread: {
      buffer: received,
      callback(length) {
        const chunk = received.subarray(0, length)
        const left = read(rest ? Buffer.concat([rest, chunk]) : chunk)
        rest = left && Buffer.from(left)
        return !paused
      },
    },
  })
  const subscribed = Promise.withResolvers<void>()
  const onMessage = (message: Buffer) => {
    if (message.includes('"connection_ack"'))
      for (const payload of subscriptions)
        sendFrame(socket, 1, JSON.stringify({ id: crypto.randomUUID(), type: 'subscribe', payload }))
    else {
      take(message)
      paused = stalled
      subscribed.resolve()
    }
  }
  let paused = false
  let read = readUpgrade
  let rest: Buffer | undefined
  function readUpgrade(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return bytes
    if (!bytes.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) subscribed.reject(new Error(bytes.toString()))
    sendFrame(socket, 1, '{"type":"connection_init"}')
    read = (more) => readFrames(socket, more, onMessage)
    return read(bytes.subarray(end + 4))
  }
  socket.on('error', subscribed.reject)
  socket.on('close', () => subscribed.reject(new Error('the server closed the connection')))
  socket.write(
    `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  )
  await subscribed.promise
  sockets++
}

/** Answers pings, hands over messages, and returns what is left of an unfinished frame. RFC 6455 §5.2. */
function readFrames(socket: Socket, bytes: Buffer, onMessage: (message: Buffer) => void): Buffer | undefined {
  let at = 0
  while (bytes.length - at >= 2) {
    const short = bytes[at + 1]!
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
    if (bytes.length < start) break
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6)
    if (bytes.length < start + length) break
    const opcode = bytes[at]! & 15
    if (opcode === 1) onMessage(bytes.subarray(start, start + length))
    else if (opcode === 9) sendFrame(socket, 10, '')
    at = start + length
  }
  return at === bytes.length ? undefined : bytes.subarray(at)
}

/** What a client sends is masked; here with zeros. */
function sendFrame(socket: Socket, opcode: number, text: string): void {
  const body = Buffer.from(text)
  const head = Buffer.alloc(body.length < 126 ? 6 : 8)
  head[0] = 0x80 | opcode
  if (body.length < 126) head[1] = 0x80 | body.length
  else {
    head[1] = 0x80 | 126
    head.writeUInt16BE(body.length, 2)
  }
  socket.write(Buffer.concat([head, body]))
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
