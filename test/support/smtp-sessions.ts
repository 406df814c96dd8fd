import type { Server, Socket } from 'node:net'

/** What one connection did. */
export interface SmtpSession {
  /** The client's address. */
  from: string
  /** Milliseconds by `performance.now()`. */
  openedAtMs: number
  /** Undefined while it is open. */
  closedAtMs: number | undefined
  /** Connections to this host that were open at its start, this one among them. */
  concurrent: number
  /** Lines as the client sent them, in order. */
  commands: string[]
  /** Lines of the replies, in order. */
  replies: string[]
  /** The name in the last EHLO or HELO. */
  helo: string | undefined
  /** The address in the last MAIL; empty for the null sender. */
  sender: string | undefined
  /** Addresses that RCPT named, whatever was answered. */
  recipients: string[]
  /** Whether STARTTLS was said. */
  tls: boolean
}

/** A mail host on loopback, of either make. */
export interface SmtpHost {
  host: string
  port: number
  /** By the order of their connections. */
  sessions: SmtpSession[]
  /** Most connections open at one time. */
  maxConcurrent(): number
  /** Connections that are open now. */
  open(): number
  /** How often RCPT named an address, in whatever letter case; without it any address. */
  asked(address?: string): number
  /** How often a verb was said in all sessions: `said('DATA')` is 0 for a client that only asks. */
  said(verb: string): number
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface SmtpRecord {
  sessions: SmtpSession[]
  /** The session of a connection that has been accepted. */
  of(socket: { remoteAddress?: string | undefined; remotePort?: number | undefined }): SmtpSession | undefined
  /** What tests read, made from the sessions. */
  host(place: { host: string; port: number; close(): Promise<void> }): SmtpHost
  /** Ends every connection at once. */
  dropAll(): void
}

/** Follows a server's connections from the moment at which they are accepted. */
export function recordSessions(server: Server): SmtpRecord {
  const sessions: SmtpSession[] = []
  const bySocket = new Map<string, { session: SmtpSession; socket: Socket }>()
  let most = 0
  // Before the listener that speaks, which asks for the session.
  server.prependListener('connection', (socket: Socket) => {
    const key = keyOf(socket)
    const session: SmtpSession = {
      from: socket.remoteAddress ?? '',
      openedAtMs: performance.now(),
      closedAtMs: undefined,
      concurrent: bySocket.size + 1,
      commands: [],
      replies: [],
      helo: undefined,
      sender: undefined,
      recipients: [],
      tls: false,
    }
    sessions.push(session)
    bySocket.set(key, { session, socket })
    most = Math.max(most, bySocket.size)
    socket.once('close', () => {
      session.closedAtMs = performance.now()
      bySocket.delete(key)
    })
  })
  return {
    sessions,
    of: (socket) => bySocket.get(keyOf(socket))?.session,
    dropAll() {
      for (const { socket } of bySocket.values()) socket.destroy()
    },
    host: ({ host, port, close }) => ({
      host,
      port,
      sessions,
      maxConcurrent: () => most,
      open: () => bySocket.size,
      asked(address) {
        const asked = sessions.flatMap(({ recipients }) => recipients)
        return asked.filter((one) => address === undefined || sameAddress(one, address)).length
      },
      said: (verb) => sessions.flatMap(({ commands }) => commands).filter((line) => verbOf(line) === verb).length,
      close,
      [Symbol.asyncDispose]: close,
    }),
  }
}

/** Keeps what a command says. */
export function recordCommand(session: SmtpSession, line: string): void {
  session.commands.push(line)
  switch (verbOf(line)) {
    case 'EHLO':
    case 'HELO':
      session.helo = line.slice(5).trim()
      break
    case 'MAIL':
      session.sender = pathIn(line)
      break
    case 'RCPT':
      session.recipients.push(pathIn(line) ?? '')
      break
    case 'STARTTLS':
      session.tls = true
      break
    default:
      break
  }
}

/** `RCPT` of `rcpt to:<a@b.test>`. */
export function verbOf(line: string): string {
  return (/^[a-z]+/i.exec(line)?.[0] ?? '').toUpperCase()
}

/** The address between the angle brackets of MAIL or RCPT; undefined where there are none. */
export function pathIn(line: string): string | undefined {
  return /<(.*)>/.exec(line)?.[1]
}

function sameAddress(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function keyOf(socket: { remoteAddress?: string | undefined; remotePort?: number | undefined }): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
