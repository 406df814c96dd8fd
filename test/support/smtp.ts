import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { SMTPServer } from 'smtp-server'

import type { RecipientRule } from './smtp-rules.ts'
import { recordCommand, recordSessions } from './smtp-sessions.ts'
import type { SmtpHost, SmtpSession } from './smtp-sessions.ts'

/** Replies are one line, `554 5.7.1 Go away`; undefined goes on. 421 ends the connection, whenever it is said. */
export interface SmtpOptions {
  host?: string
  /** 0 for one that the system gives. */
  port?: number
  /** Without it every recipient is accepted: a catch-all. */
  rcpt?: RecipientRule
  mail?: (sender: string, session: SmtpSession) => string | undefined | Promise<string | undefined>
  /** Instead of the greeting. */
  connect?: (session: SmtpSession) => string | undefined
  /** How the host calls itself. */
  name?: string
  /** `offered` unless said, with the certificate of test/fixtures/tls; `required` refuses MAIL before it. */
  tls?: 'none' | 'offered' | 'required'
}

/**
 * A mail host that keeps to the protocol, spoken by smtp-server; `smtp-script.ts` has those that do not. It greets 0.1 s after the
 * connection and takes no message: DATA is refused at its end.
 */
export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpHost> {
  const { host = '127.0.0.1', port = 0, rcpt, mail, connect, name = 'mx.host.test', tls = 'offered' } = options
  const sessions = new Map<string, SmtpSession>()
  const server = new SMTPServer({
    name,
    key: readFileSync(join(certificates, 'key.pem')),
    cert: readFileSync(join(certificates, 'cert.pem')),
    // A reverse look-up would leave the machine.
    disableReverseLookup: true,
    disabledCommands: ['AUTH', ...(tls === 'none' ? ['STARTTLS'] : [])],
    // What goes over the wire is known best to the one who writes it, under TLS too.
    logger: { ...silentLog, debug: record },
    onConnect: ({ id }, next) => next(refusal(connect?.(sessions.get(id)!))),
    async onMailFrom({ address }, { id, secure }, next) {
      const inClear = tls === 'required' && !secure
      const refused = inClear ? '530 5.7.0 Must issue a STARTTLS command first' : mail?.(address, sessions.get(id)!)
      next(refusal(await refused))
    },
    onRcptTo(_address, { id }, next) {
      // As sent: smtp-server turns A-labels into Unicode.
      const session = sessions.get(id)!
      next(refusal(rcpt?.(session.recipients.at(-1)!.toLowerCase(), session)))
    },
    onData(stream, _session, next) {
      stream.resume().once('end', () => next(refusal('554 5.3.2 This host takes no messages')))
    },
  })
  server.on('error', () => undefined) // clients that break off are part of what is tested
  const recorded = recordSessions(server.server)
  const accept = server.connect.bind(server)
  let accepted = 0
  server.connect = (socket, socketOptions) => {
    const id = String((accepted += 1))
    sessions.set(id, recorded.of(socket)!)
    accept(socket, { ...socketOptions, id })
  }

  function record(entry: object, direction: unknown, line: unknown) {
    const session = sessions.get((entry as { cid?: string }).cid ?? '')
    if (!session || typeof line !== 'string') return
    if (direction === 'C:') recordCommand(session, line)
    if (direction === 'S:') session.replies.push(...line.split('\r\n'))
  }

  server.listen(port, host)
  await once(server.server, 'listening')

  async function close() {
    const closed = new Promise<void>((resolve) => server.close(resolve))
    recorded.dropAll()
    await closed
  }
  return recorded.host({ host, port: (server.server.address() as AddressInfo).port, close })
}

const certificates = join(import.meta.dirname, '../fixtures/tls')

const ignore = () => undefined
const silentLog = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore }

/** As smtp-server wants it: the code apart from the text. */
function refusal(reply: string | undefined): Error | null {
  if (reply === undefined) return null
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) })
}
