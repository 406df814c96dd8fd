import { rootCertificates } from 'node:tls'

import { buildConnector, Client } from 'undici'

import type { OutgoingGuard } from './outgoing-guard.ts'

/** One connection an origin, HTTP/1.1 or HTTP/2 as the server likes, with one request at a time on it. */
export interface Connections {
  to(origin: string): Client
  /** Ends the connection to an origin, unless it is in use. */
  hangUp(origin: string): void
  close(): Promise<void>
}

export interface ConnectionLimits {
  /** Until the connection, with its TLS, stands. */
  connectMs: number
  /** From there until the header is in. */
  headMs: number
  /** Of silence while the body comes. */
  bodyMs: number
}

const keepAliveMs = 10_000
const mostHeaderBytes = 65_536

/** `ca`: certificates to trust besides the well-known ones, as PEM. */
export function createConnections(
  guard: OutgoingGuard,
  limits: ConnectionLimits,
  ca: readonly string[] | undefined,
): Connections {
  const shared = { timeout: limits.connectMs, ...(ca && { ca: [...rootCertificates, ...ca] }) }
  const openDial = buildConnector({ ...shared, lookup: guard.lookup.listed })
  const guardedDial = buildConnector({ ...shared, lookup: guard.lookup.others })
  const clients = new Map<string, Client>()
  const connect: buildConnector.connector = (options, callback) => {
    if (guard.isListed(options)) return openDial(options, callback)
    // Literals never reach `lookup`.
    const refused = guard.refusal(options)
    if (refused) return callback(refused, null)
    return guardedDial(options, callback)
  }
  const open = (origin: string) =>
    new Client(origin, {
      pipelining: 1,
      h2Options: { maxConcurrentStreams: 1 },
      maxHeaderSize: mostHeaderBytes,
      headersTimeout: limits.headMs,
      bodyTimeout: limits.bodyMs,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: 3 * keepAliveMs,
      connect,
    })

  const drop = (origin: string, client: Client) => {
    if (clients.get(origin) !== client || client.stats.size > 0) return false
    clients.delete(origin)
    return true
  }
  return {
    to(origin) {
      const known = clients.get(origin)
      if (known) return known
      const client = open(origin)
      clients.set(origin, client)
      // It would dial anew by itself, but of the many hosts that are asked once none should stay in memory.
      client.on('disconnect', () => drop(origin, client))
      return client
    },
    hangUp(origin) {
      const client = clients.get(origin)
      if (client && drop(origin, client)) void client.destroy()
    },
    async close() {
      const all = [...clients.values()]
      clients.clear()
      await Promise.all(all.map((client) => client.destroy()))
    },
  }
}
