import { connect, type Socket } from 'node:net'

import { specialRange } from './engines/crawl/address-range.ts'
import { hostList } from './engines/crawl/host-list.ts'
import { OutgoingError, outgoingError } from './outgoing-error.ts'

/**
 * The guarded dial: a plain connection to an IP address that came from DNS. Nothing but the public Internet is dialled; addresses that the operator
 * listed are exempt. Rejects with `OutgoingError`, or with the signal's reason.
 */
export type Dial = (target: DialTarget) => Promise<Socket>

export interface DialTarget {
  /** As DNS gave it: never a name, so that what was checked is what is dialled. */
  address: string
  port: number
  timeoutMs: number
  signal: AbortSignal
}

/** `allowHosts`: addresses that may be dialled all the same, as `address` with any port or `address:port`. */
export function createDial(allowHosts: readonly string[]): Dial {
  const listed = hostList(allowHosts)
  return async ({ address, port, timeoutMs, signal }) => {
    signal.throwIfAborted()
    const range = specialRange(address)
    if (range !== undefined && !listed.has(address.includes(':') ? `[${address}]` : address, port))
      throw new OutgoingError('blocked', `${address} is not on the public Internet (${range})`, { address, range })
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      return await connected(connect({ host: address, port, noDelay: true }), AbortSignal.any([signal, limit]))
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (limit.aborted) throw new OutgoingError('timeout', `${address}: no connection in time`, { address, port })
      throw outgoingError(error, address)
    }
  }
}

function connected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', aborted)
      socket.removeListener('error', failed)
      act()
    }
    const aborted = () => {
      socket.destroy()
      settle(() => reject(signal.reason as Error))
    }
    const failed = (error: Error) => settle(() => reject(error))
    socket.once('error', failed)
    signal.addEventListener('abort', aborted, { once: true })
    socket.once('connect', () => settle(() => resolve(socket)))
  })
}
