import { hostList } from './engines/crawl/host-list.ts'
import { watchLag } from './lag.ts'
import { createConnections } from './outgoing-connections.ts'
import { OutgoingError, outgoingError } from './outgoing-error.ts'
import { createGuard, type Resolve, resolveBySystem } from './outgoing-guard.ts'
import { joined, wholeAnswer } from './outgoing-whole.ts'
import { decodedBody, mostEncoded, tooLarge, wholeBody } from './response-body.ts'

/**
 * The guarded fetch: the only way to places that came from users, pages or DNS. Nothing but the public Internet is dialled, and exactly the address that was
 * checked; hosts that the operator listed are exempt. One connection an origin, HTTP/1.1 or 2, kept open for a while. What goes wrong rejects with
 * `OutgoingError`, or with the signal's reason.
 */
export interface Outgoing {
  /** One request and its whole answer. Redirects are not followed: the caller applies robots rules, pace and limits to the next host. */
  request(url: string, options: OutgoingRequest): Promise<OutgoingResponse>
  /** The same for a body that is too large to be held at once. */
  open(url: string, options: OutgoingRequest): Promise<OpenResponse>
  /** The address that the host of a URL is dialled at, if the guard lets it. */
  addressOf(url: string, signal: AbortSignal): Promise<string>
  /** Ends the idle connection to an origin, for who gives up its turn there. */
  hangUp(origin: string): void
  /** Breaks what is under way and closes all connections. */
  close(): Promise<void>
}

export interface OutgoingRequest {
  signal: AbortSignal
  method?: 'GET' | 'HEAD'
  headers?: Record<string, string>
  /** Of the decoded body; 5 MB unless told. */
  maxBytes?: number
  /** What becomes of a longer body: an error of category `too_large`, or its first `maxBytes`. */
  beyond?: 'refuse' | 'cut'
  /** For the body as a whole, from the end of the header on; 30 s unless told. */
  timeoutMs?: number
  /** Asked when the header is in; where it says no, the body is not read and comes empty. */
  wants?: (head: ResponseHead) => boolean
}

export interface ResponseHead {
  status: number
  /** Names in lower case; several fields of one name joined by commas. */
  headers: Record<string, string>
}

export interface OutgoingResponse extends ResponseHead {
  /** Decoded; empty for redirects and where it was not wanted. */
  body: Uint8Array
  /** The body was longer and `beyond` is `cut`. */
  cut: boolean
  /** Milliseconds until all was in, less what this process was late to notice it. */
  tookMs: number
}

export interface OpenResponse extends ResponseHead {
  /** Decoded, piece by piece, up to `maxBytes`: then it throws. Empty for redirects and where it was not wanted. */
  pieces: AsyncIterable<Uint8Array>
  /** To be called in any case: what is left is not wanted. */
  end(): void
}

export interface OutgoingOptions {
  /** Hosts of the operator, exempt from the guard: `host` with any port, or `host:port`. */
  allowHosts: readonly string[]
  /** Sent as User-Agent. */
  userAgent: string
  /** Addresses of a name; the system's resolver unless told. */
  resolve?: Resolve
  /** Certificates to trust besides the well-known ones, as PEM. */
  ca?: string[]
  limits?: Partial<TimeLimits>
}

export interface TimeLimits {
  /** Until the connection, with its TLS, stands: 10 s. */
  connectMs: number
  /** From there until the header is in: 15 s. */
  headMs: number
  /** From there until the body is in, where a request says nothing else: 30 s. */
  bodyMs: number
}

const defaultLimits: TimeLimits = { connectMs: 10_000, headMs: 15_000, bodyMs: 30_000 }
const defaultMaxBytes = 5_000_000

export function createOutgoing({
  allowHosts,
  userAgent,
  resolve = resolveBySystem,
  ca,
  limits: given,
}: OutgoingOptions): Outgoing {
  const limits = { ...defaultLimits, ...given }
  const guard = createGuard(hostList(allowHosts), resolve)
  const connections = createConnections(guard, limits, ca)
  const lag = watchLag()

  /** What is asked for, and the connection to ask on. Throws where the guard or the caller forbids it. */
  const ask = (url: URL, { method = 'GET', headers }: OutgoingRequest, deadline: Deadline) => {
    const refused = guard.refusal(url)
    if (refused) throw refused
    deadline.signal.throwIfAborted()
    // undici's own limits see neither a resolver that hangs nor a header that drips.
    deadline.set(limits.connectMs + limits.headMs, 'no whole answer in time')
    const request = {
      path: url.pathname + url.search,
      method,
      headers: { 'user-agent': userAgent, 'accept-encoding': 'gzip, deflate, br, zstd', ...headers },
    }
    return { client: connections.to(url.origin), request }
  }

  /** The header is in: whether the body is wanted, for which there is time from now on. Throws where it says that it is too large. */
  const wantsBody = (head: ResponseHead, options: OutgoingRequest, deadline: Deadline): boolean => {
    const { method, maxBytes = defaultMaxBytes, beyond, timeoutMs = limits.bodyMs, wants } = options
    deadline.set(timeoutMs, `the body took longer than ${Math.round(timeoutMs / 1_000)} s`)
    const hasBody = method !== 'HEAD' && head.status !== 204 && head.status !== 304 && !isRedirect(head)
    if (!hasBody || wants?.(head) === false) return false
    const { 'content-encoding': encoding, 'content-length': length } = head.headers
    if (beyond !== 'cut' && encoding === undefined && Number(length) > maxBytes) throw tooLarge(maxBytes)
    return true
  }

  return {
    async open(text, options) {
      const url = new URL(text)
      const deadline = deadlineOf(options.signal, url.host)
      try {
        const { client, request } = ask(url, options, deadline)
        const response = await client.request({ ...request, signal: deadline.signal })
        // Destroyed early, it tells of its own end as of an error.
        response.body.on('error', () => {})
        const head = { status: response.statusCode, headers: joined(response.headers) }
        const end = () => {
          deadline.clear()
          response.body.destroy()
        }
        try {
          if (!wantsBody(head, options, deadline)) {
            await response.body.dump({ limit: 16_384 })
            deadline.clear()
            return { ...head, pieces: nothing(), end() {} }
          }
        } catch (error) {
          end()
          throw error
        }
        const { maxBytes = defaultMaxBytes } = options
        const pieces = decodedBody(response.body, head.headers['content-encoding'], maxBytes)
        return { ...head, pieces: explained(pieces, deadline), end }
      } catch (error) {
        deadline.clear()
        throw deadline.explain(error)
      }
    },
    async request(text, options) {
      const started = performance.now()
      const url = new URL(text)
      const { maxBytes = defaultMaxBytes, beyond = 'refuse' } = options
      const deadline = deadlineOf(options.signal, url.host)
      try {
        const { client, request } = ask(url, options, deadline)
        const answer = await wholeAnswer(client, request, deadline.signal, (head) =>
          wantsBody(head, options, deadline) ? mostEncoded(head.headers['content-encoding'], maxBytes) : 0,
        )
        const { status, headers } = answer
        const body = await wholeBody(answer, headers['content-encoding'], { maxBytes, beyond })
        const tookMs = performance.now() - started
        return { status, headers, ...body, tookMs: Math.max(0, tookMs - lag.since(started)) }
      } catch (error) {
        throw deadline.explain(error)
      } finally {
        deadline.clear()
      }
    },
    async addressOf(text, signal) {
      const url = new URL(text)
      const deadline = deadlineOf(signal, url.host)
      try {
        deadline.set(limits.connectMs, 'the name server does not answer in time')
        return await Promise.race([guard.address(url), tripped(deadline.signal)])
      } catch (error) {
        throw deadline.explain(error)
      } finally {
        deadline.clear()
      }
    },
    hangUp: (origin) => connections.hangUp(origin),
    async close() {
      lag.stop()
      await connections.close()
    },
  }
}

/** True for an answer that only leads elsewhere; its `location` header says where. */
export function isRedirect({ status, headers }: ResponseHead): boolean {
  return status >= 300 && status < 400 && headers['location'] !== undefined
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* explained(pieces: AsyncIterable<Uint8Array>, deadline: Deadline): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces
  } catch (error) {
    throw deadline.explain(error)
  }
}

function tripped(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(signal.reason as Error)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}

interface Deadline {
  signal: AbortSignal
  /** Replaces the limit set before. */
  set(ms: number, message: string): void
  clear(): void
  /** Why it really went wrong. */
  explain(error: unknown): unknown
}

/** Trips with `outer`, or when the time that was set last is over. */
function deadlineOf(outer: AbortSignal, host: string): Deadline {
  const controller = new AbortController()
  const { signal } = controller
  const follow = () => controller.abort(outer.reason)
  if (outer.aborted) follow()
  else outer.addEventListener('abort', follow, { once: true })
  let timer: NodeJS.Timeout | undefined
  return {
    signal,
    set(ms, message) {
      clearTimeout(timer)
      timer = setTimeout(() => controller.abort(new OutgoingError('timeout', `${host}: ${message}`)), ms)
    },
    clear() {
      clearTimeout(timer)
      outer.removeEventListener('abort', follow)
    },
    explain(error) {
      if (outer.aborted) return outer.reason
      return outgoingError(signal.aborted ? signal.reason : error, host)
    },
  }
}
