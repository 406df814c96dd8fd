import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { pathIn, recordCommand, recordSessions, verbOf } from './smtp-sessions.ts'
import type { SmtpHost, SmtpSession } from './smtp-sessions.ts'

/** What a host has in hand while it answers one command. */
export interface SmtpTurn {
  socket: Socket
  session: SmtpSession
  /** Trips when the host closes. */
  signal: AbortSignal
}

/** A reply of one line or several, codes and all; or something that no host should do. */
export type SmtpMove = string | string[] | ((turn: SmtpTurn) => unknown)

/** What is said at each point; a point that is not named gets what a polite host says. */
export type SmtpScript = {
  [stage in 'connect' | 'EHLO' | 'HELO' | 'STARTTLS' | 'MAIL' | 'RSET' | 'NOOP' | 'VRFY' | 'DATA' | 'QUIT']?: SmtpMove
} & {
  /** One move for all recipients, or by recipient in lower case; undefined accepts. */
  RCPT?: SmtpMove | { by: (recipient: string, session: SmtpSession) => SmtpMove | undefined }
}

/** A mail host that says and does what a script tells, byte for byte: for what smtp-server is too well-bred for. 421 ends the connection. */
export async function startScriptedSmtp(options: {
  script: SmtpScript
  host?: string
  port?: number
}): Promise<SmtpHost> {
  const { script, host = '127.0.0.1', port = 0 } = options
  const closing = new AbortController()
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy()) // the client is gone
    // A move that fails breaks its connection, as a crashed host would.
    converse(socket, recorded.of(socket)!).catch(() => socket.destroy())
  })
  const recorded = recordSessions(server)

  async function converse(socket: Socket, session: SmtpSession) {
    const turn = { socket, session, signal: closing.signal }
    const lines = createInterface({ input: socket, crlfDelay: Infinity })
    // From now on lines are kept, whatever the greeting takes: and the end of the connection is noticed.
    const commands = lines[Symbol.asyncIterator]()
    await play(script.connect ?? politely.connect, turn)
    // One after the other, since several may come in one packet.
    for (;;) {
      const { value: line, done } = await commands.next()
      if (done || !socket.writable) break
      recordCommand(session, line)
      await play(moveFor(script, line, session), turn)
    }
    socket.end()
    socket.resume()
  }

  server.listen(port, host)
  await once(server, 'listening')

  async function close() {
    closing.abort()
    server.close()
    recorded.dropAll()
    await once(server, 'close')
  }
  return recorded.host({ host, port: (server.address() as AddressInfo).port, close })
}

const politely: Record<Exclude<keyof SmtpScript, undefined>, SmtpMove> = {
  connect: '220 mx.host.test ESMTP',
  EHLO: ['250-mx.host.test', '250-PIPELINING', '250-ENHANCEDSTATUSCODES', '250 8BITMIME'],
  HELO: '250 mx.host.test',
  STARTTLS: '454 4.7.0 TLS not available',
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  RSET: '250 2.0.0 Ok',
  NOOP: '250 2.0.0 Ok',
  VRFY: '252 2.0.0 Try to send',
  DATA: '554 5.3.2 This host takes no messages',
  QUIT: '221 2.0.0 Bye',
}

function moveFor(script: SmtpScript, line: string, session: SmtpSession): SmtpMove {
  const verb = verbOf(line)
  if (!(verb in politely) || verb === 'connect') return '500 5.5.2 Command not recognised'
  const stage = verb as keyof SmtpScript
  const move = script[stage]
  if (typeof move !== 'object' || Array.isArray(move)) return move ?? politely[stage]
  return move.by((pathIn(line) ?? '').toLowerCase(), session) ?? politely.RCPT
}

async function play(move: SmtpMove, turn: SmtpTurn) {
  if (typeof move === 'function') {
    await move(turn)
    return
  }
  const lines = typeof move === 'string' ? [move] : move
  turn.session.replies.push(...lines)
  turn.socket.write(lines.map((line) => `${line}\r\n`).join(''))
  // RFC 5321 §3.8: a host that says 421 closes; one that has said 221 does too.
  if (/^(?:421|221)/.test(lines.at(-1) ?? '')) turn.socket.end()
}

// What hosts do that do not keep to the protocol, one move each.

/** Says nothing and keeps the connection. */
export const silent: SmtpMove = () => new Promise(() => undefined)

/** Closes without a word. */
export const hangUp: SmtpMove = ({ socket }) => socket.end()

/** Breaks the connection, so that the client sees a reset. */
export const reset: SmtpMove = ({ socket }) => socket.resetAndDestroy()

/** Sends the beginning of a reply, or anything else, and closes. */
export function cutAfter(text: string): SmtpMove {
  return ({ socket, session }) => {
    session.replies.push(text)
    socket.end(text)
  }
}

/** Sends bytes as they are, and waits for more. */
export function raw(bytes: Buffer | string): SmtpMove {
  return ({ socket }) => socket.write(bytes)
}

/** Bytes that are no reply: zeros, high bytes, escapes, an HTTP answer, and no end of line. */
export const garbage: SmtpMove = raw(
  Buffer.concat([
    Buffer.from([0, 1, 2, 0xff, 0xfe, 0x1b, 0x5b, 0x32, 0x4a]),
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n\0'),
  ]),
)

/** A reply that never comes to its last line. */
export function endlessReply(line = '250-and so on'): SmtpMove {
  return pour(`${line}\r\n`)
}

/** One line without an end. */
export function endlessLine(piece = '250 '): SmtpMove {
  return pour(piece)
}

function pour(piece: string): SmtpMove {
  const bytes = Buffer.from(piece.repeat(500))
  return async ({ socket, signal }) => {
    while (!socket.destroyed && !signal.aborted) {
      // Waits where the client does not read, and lets others have their turn where it does.
      if (socket.write(bytes)) await new Promise(setImmediate)
      else await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    }
  }
}

/** A tarpit: the reply a byte at a time. */
export function drip(reply: string, everyMs: number): SmtpMove {
  return async ({ socket, session, signal }) => {
    session.replies.push(reply)
    for (const byte of Buffer.from(`${reply}\r\n`)) {
      await sleep(everyMs, undefined, { signal })
      if (socket.destroyed) return
      socket.write(Buffer.from([byte]))
    }
  }
}

/** Another move each time that it comes to it, and the last one from then on. */
export function inTurn(...moves: [SmtpMove, ...SmtpMove[]]): SmtpMove {
  let played = 0
  return async (turn) => {
    const move = moves[Math.min(played, moves.length - 1)]!
    played += 1
    await play(move, turn)
  }
}
