import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server on loopback that can be cut, as a cable or a wireless network is. */
export interface CuttableNetwork extends AsyncDisposable {
  url: string
  port: number
  /** Breaks all connections and refuses new ones until `mend`. */
  cut(): void
  /** Forgets all connections without a word to either side, as a router does with those of a laptop that sleeps; new ones pass. */
  forget(): void
  mend(): void
  /** Connections that have been made. */
  made(): number
  /** Connections that the server has not given up. */
  held(): number
}

export async function startCuttableNetwork(toPort: number): Promise<CuttableNetwork> {
  const sockets = new Set<Socket>()
  const toServer = new Set<Socket>()
  const forgotten = new WeakSet<Socket>()
  let whole = true
  let made = 0
  const server = createServer({ allowHalfOpen: false }, (client) => {
    if (!whole) return void client.destroy()
    made++
    const far = connect(toPort, '127.0.0.1')
    toServer.add(far)
    far.on('close', () => toServer.delete(far))
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes: Buffer) => {
        if (!forgotten.has(from) && !to.destroyed) to.write(bytes)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        if (!forgotten.has(from)) to.destroy()
      })
    }
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cut() {
      whole = false
      for (const socket of sockets) socket.destroy()
    },
    forget() {
      for (const socket of sockets) forgotten.add(socket)
    },
    mend() {
      whole = true
    },
    made: () => made,
    held: () => toServer.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
