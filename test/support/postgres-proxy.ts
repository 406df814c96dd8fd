import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to Postgres on which things get lost. Bytes pass unchanged until one of its faults is asked for. */
export interface PostgresProxy {
  /** The server's URL by way of this proxy. */
  url: string
  /** Breaks all connections, on both sides. */
  cut(): void
  /**
   * Breaks the server's side of connections that listen for notices; the client's side stays open and silent, as when a router
   * forgets a connection. Returns how many there were.
   */
  deafen(): number
  /**
   * The next transaction with a statement that holds `text` commits, and its client never hears of it: the connection breaks.
   * Resolves when that has happened. Statements are known by their bytes: plain ASCII, in one piece.
   */
  loseReplyTo(text: string): Promise<void>
  /** As loseReplyTo, but the connection breaks before the server hears of the commit. */
  loseCommitOf(text: string): Promise<void>
  /** As loseCommitOf, but the connection stays open and silent, in the middle of its transaction. */
  holdCommitOf(text: string): Promise<void>
  close(): Promise<void>
}

interface Connection {
  client: Socket
  server: Socket
  listens: boolean
  /** The server's side is gone and the client's is not. */
  deaf: boolean
  /** What is to happen to its next commit. */
  loss: Loss | undefined
  /** The next bytes from the server are that reply. */
  committing: boolean
}

interface Loss {
  text: string
  what: 'commit' | 'reply' | 'hold'
  happened(): void
}

export async function startPostgresProxy(serverUrl: string): Promise<PostgresProxy> {
  const target = new URL(serverUrl)
  const connections = new Set<Connection>()
  let losses: Loss[] = []

  const fromClient = (connection: Connection, bytes: Buffer) => {
    if (connection.deaf) return
    if (bytes.includes('listen "')) connection.listens = true
    if (connection.loss && bytes.includes(queryOf('rollback'))) {
      losses.push(connection.loss)
      connection.loss = undefined
    }
    const loss = connection.loss ? undefined : losses.find(({ text }) => bytes.includes(text))
    if (loss) {
      losses = losses.filter((one) => one !== loss)
      connection.loss = loss
    }
    if (connection.loss && bytes.includes(queryOf('commit'))) {
      if (connection.loss.what === 'commit') return breakAt(connection)
      if (connection.loss.what === 'hold') return connection.loss.happened()
      connection.committing = true
    }
    connection.server.write(bytes)
  }
  const fromServer = (connection: Connection, bytes: Buffer) => {
    if (connection.committing) breakAt(connection)
    else connection.client.write(bytes)
  }
  const breakAt = ({ client, server, loss }: Connection) => {
    client.destroy()
    server.destroy()
    loss!.happened()
  }
  const lose = (text: string, what: Loss['what']) =>
    new Promise<void>((resolve) => {
      losses = [...losses, { text, what, happened: resolve }]
    })
  const proxy = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname)
    const connection: Connection = {
      client,
      server,
      listens: false,
      deaf: false,
      loss: undefined,
      committing: false,
    }
    connections.add(connection)
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => {})
    client.on('data', (bytes: Buffer) => fromClient(connection, bytes))
    server.on('data', (bytes: Buffer) => fromServer(connection, bytes))
    client.on('close', () => {
      connections.delete(connection)
      server.destroy()
    })
    server.on('close', () => {
      if (!connection.deaf) client.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  const url = new URL(serverUrl)
  url.host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`

  return {
    url: url.href,
    cut() {
      for (const { client, server } of connections) {
        client.destroy()
        server.destroy()
      }
    },
    deafen() {
      const listening = [...connections].filter(({ listens, deaf }) => listens && !deaf)
      for (const connection of listening) {
        connection.deaf = true
        connection.server.destroy()
      }
      return listening.length
    },
    loseReplyTo: (text) => lose(text, 'reply'),
    loseCommitOf: (text) => lose(text, 'commit'),
    holdCommitOf: (text) => lose(text, 'hold'),
    async close() {
      const closed = once(proxy, 'close')
      proxy.close()
      for (const { client } of connections) client.destroy()
      await closed
    },
  }
}

/** A message of the simple query protocol. */
function queryOf(text: string): Buffer {
  const message = Buffer.alloc(text.length + 6)
  message.write('Q')
  message.writeInt32BE(text.length + 5, 1)
  message.write(text, 5, 'latin1')
  return message
}
