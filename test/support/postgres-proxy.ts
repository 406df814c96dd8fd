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
   * Passes on nothing any more, of no connection, present or to come, not even that it was closed: as when the machine of the clients is gone
   * from one moment to the next. Both sides' sockets stay open.
   */
  vanish(): void
  /**
   * The next transaction with a statement that holds `text` commits, and its client never hears of it: the connection breaks.
   * Resolves when that has happened. Prepared statements are known by what they were made of.
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
  /** What the client asks to run, piece by piece. */
  statements(bytes: Buffer): string[]
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
  let vanished = false

  const fromClient = (connection: Connection, bytes: Buffer) => {
    if (connection.deaf || vanished) return
    const statements = connection.statements(bytes)
    if (statements.some((one) => one.startsWith('listen "'))) connection.listens = true
    if (connection.loss && statements.includes('rollback')) {
      losses.push(connection.loss)
      connection.loss = undefined
    }
    const loss = connection.loss ? undefined : losses.find(({ text }) => statements.some((one) => one.includes(text)))
    if (loss) {
      losses = losses.filter((one) => one !== loss)
      connection.loss = loss
    }
    if (connection.loss && statements.includes('commit')) {
      if (connection.loss.what === 'commit') return breakAt(connection)
      if (connection.loss.what === 'hold') return connection.loss.happened()
      connection.committing = true
    }
    connection.server.write(bytes)
  }
  const fromServer = (connection: Connection, bytes: Buffer) => {
    if (vanished) return
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
  const unheard = new Set<Socket>()
  const proxy = createServer((client) => {
    if (vanished) return void unheard.add(client.on('error', () => {}))
    const server = connect(Number(target.port || 5432), target.hostname)
    const connection: Connection = {
      client,
      server,
      statements: createStatementReader(),
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
      if (vanished) return
      connections.delete(connection)
      server.destroy()
    })
    server.on('close', () => {
      if (!connection.deaf && !vanished) client.destroy()
    })
    return undefined
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
    vanish() {
      vanished = true
    },
    loseReplyTo: (text) => lose(text, 'reply'),
    loseCommitOf: (text) => lose(text, 'commit'),
    holdCommitOf: (text) => lose(text, 'hold'),
    async close() {
      const closed = once(proxy, 'close')
      proxy.close()
      for (const { client, server } of connections) {
        client.destroy()
        server.destroy()
      }
      for (const client of unheard) client.destroy()
      await closed
    },
  }
}

/**
 * Reads what a client sends and tells the statements that it asks to run, in their order, whatever pieces the bytes come in: Query,
 * and Bind of what was parsed before. Messages as in chapter "Frontend/Backend Protocol" of the manual.
 */
function createStatementReader(): (bytes: Buffer) => string[] {
  const prepared = new Map<string, string>()
  let rest = Buffer.alloc(0)
  let greeted = false
  return (bytes) => {
    const statements: string[] = []
    rest = Buffer.concat([rest, bytes])
    for (;;) {
      // The first message has no type.
      const start = greeted ? 1 : 0
      if (rest.length < start + 4) return statements
      const end = start + rest.readInt32BE(start)
      if (rest.length < end) return statements
      const type = greeted ? String.fromCharCode(rest[0]!) : ''
      const [first = '', second = ''] = rest.toString('utf8', start + 4, end).split('\0', 2)
      if (type === 'Q') statements.push(first)
      else if (type === 'P') prepared.set(first, second)
      else if (type === 'B') statements.push(prepared.get(second) ?? '')
      rest = rest.subarray(end)
      greeted = true
    }
  }
}
