import { createServer, type Socket } from 'node:net'

export interface RawServer {
  /** Origin without a slash at the end. */
  url: string
  port: number
  close(): Promise<void>
}

/** A TCP server on loopback for what no HTTP library would send. */
export async function startRawServer(serve: (socket: Socket) => void): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Header fields for ever. */
export function endlessHeader(socket: Socket): void {
  const more = () => {
    while (socket.writable && socket.write(`X-${'y'.repeat(1_000)}: z\r\n`));
  }
  socket.on('drain', more)
  socket.write('HTTP/1.1 200 OK\r\n', more)
}

/** One header field that never ends, an octet at a time. */
export function drippingHeader(everyMs: number): (socket: Socket) => void {
  return (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ')
    const timer = setInterval(() => socket.write('x'), everyMs)
    socket.on('close', () => clearInterval(timer))
  }
}

/** Answers robots.txt as missing and leaves the rest to `serve`. */
export function afterRobots(serve: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.on('data', (data) => {
      if (String(data).startsWith('GET /robots.txt '))
        socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      else serve(socket)
    })
  }
}
