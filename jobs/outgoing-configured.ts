import { Agent } from 'undici'

import { retryAfterMs } from './engines/http/retry-after.ts'
import { OutgoingError, outgoingError } from './outgoing-error.ts'

/**
 * Calls to services whose addresses the operator configured, which are exempt from the guard of places that came from outside. Redirects are not followed, and
 * what comes back has limits. Rejects with `OutgoingError`, or with the signal's reason.
 */
export interface ServiceDoor {
  call(request: ServiceRequest): Promise<ServiceReply>
  close(): Promise<void>
}

export interface ServiceRequest {
  method: 'GET' | 'POST'
  /** Keys may be in it: it is in no error and no log. */
  url: string
  headers?: Record<string, string>
  body?: string
  /** The most that is read of the answer; 1 MB unless told. */
  largestReplyBytes?: number
  signal: AbortSignal
}

export interface ServiceReply {
  status: number
  body: string
  /** From Retry-After in seconds or as a date; null where there was none. */
  retryAfterMs: number | null
}

const megabyte = 1_000_000
const patienceMs = 90_000

export function createServiceDoor(userAgent: string): ServiceDoor {
  const agent = new Agent({ connections: 10, connect: { timeout: 10_000 }, maxHeaderSize: 65_536 })
  return {
    async call({ method, url, headers, body, largestReplyBytes = megabyte, signal }) {
      const { origin, pathname, search, host } = new URL(url)
      const limit = AbortSignal.timeout(patienceMs)
      try {
        const reply = await agent.request({
          origin,
          path: pathname + search,
          method,
          signal: AbortSignal.any([signal, limit]),
          headers: { 'user-agent': userAgent, accept: 'application/json', ...headers },
          ...(body !== undefined && { body }),
        })
        const chunks: Buffer[] = []
        let size = 0
        for await (const chunk of reply.body as AsyncIterable<Buffer>) {
          size += chunk.length
          if (size > largestReplyBytes) throw new OutgoingError('too_large', `${host}: the answer is too large`)
          chunks.push(chunk)
        }
        const after = reply.headers['retry-after']
        return {
          status: reply.statusCode,
          body: Buffer.concat(chunks).toString('utf8'),
          retryAfterMs: (typeof after === 'string' ? retryAfterMs(after, new Date()) : undefined) ?? null,
        }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (limit.aborted) throw new OutgoingError('timeout', `${host}: no whole answer in time`)
        throw outgoingError(error, host)
      }
    },
    close: () => agent.destroy(),
  }
}
