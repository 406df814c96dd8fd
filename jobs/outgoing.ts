import { lookup as lookUpName } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'

import { Agent, buildConnector } from 'undici'

import { literalAddress, specialRange } from './engines/crawl/address-range.ts'
import { hostList, portOf } from './engines/crawl/host-list.ts'
import { OutgoingError, outgoingError } from './outgoing-error.ts'
import { readBody, tooLarge } from './response-body.ts'

/**
 * The guarded fetch: the only way to places that came from users, pages or DNS. Nothing but the public Internet is dialled, and exactly the address that was
 * checked; hosts that the operator listed are exempt. One connection an origin, kept open for a while.
 */
export interface Outgoing {
  /**
   * One request and its whole answer. Redirects are not followed: the caller applies robots rules, pace and limits to the next host. Rejects with
   * `OutgoingError`, or with the signal's reason.
   */
  request(url: string, options: OutgoingRequest): Promise<OutgoingResponse>
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

export type Resolve = (hostname: string) => Promise<string[]>

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
  const listed = hostList(allowHosts)
  const limits = { ...defaultLimits, ...given }
  const shared = { timeout: limits.connectMs, ...(ca && { ca: [...rootCertificates, ...ca] }) }
  const openDial = buildConnector({ ...shared, lookup: lookupBy(resolve, () => undefined) })
  const guardedDial = buildConnector({ ...shared, lookup: lookupBy(resolve, specialRange) })
  const agent = new Agent({
    connections: 1,
    pipelining: 1,
    maxHeaderSize: 65_536,
    headersTimeout: limits.headMs,
    bodyTimeout: limits.bodyMs,
    keepAliveTimeout: 10_000,
    keepAliveMaxTimeout: 30_000,
    connect(options, callback) {
      const { hostname } = options
      if (listed.has(hostname, portOf(options))) return openDial(options, callback)
      // Literals never reach `lookup`.
      const refused = refusalOf(hostname, portOf(options))
      if (refused) return callback(refused, null)
      return guardedDial(options, callback)
    },
  })

  return {
    async request(text, options) {
      const url = new URL(text)
      const deadline = deadlineOf(options.signal)
      try {
        if (!listed.has(url.hostname, portOf(url))) {
          const refused = refusalOf(url.hostname, portOf(url))
          if (refused) throw refused
        }
        return await exchange(agent, url, { ...options, userAgent, limits }, deadline)
      } catch (error) {
        if (options.signal.aborted) throw options.signal.reason
        throw outgoingError(deadline.signal.aborted ? deadline.signal.reason : error, url.host)
      } finally {
        deadline.clear()
      }
    },
    close: () => agent.destroy(),
  }
}

async function exchange(
  agent: Agent,
  url: URL,
  {
    method = 'GET',
    headers,
    userAgent,
    maxBytes = defaultMaxBytes,
    beyond = 'refuse',
    wants,
    limits,
    timeoutMs = limits.bodyMs,
  }: OutgoingRequest & { userAgent: string; limits: TimeLimits },
  deadline: Deadline,
): Promise<OutgoingResponse> {
  // undici's own limits see neither a resolver that hangs nor a header that drips.
  deadline.set(limits.connectMs + limits.headMs, `${url.host}: no whole answer in time`)
  const response = await agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    signal: deadline.signal,
    headers: { 'user-agent': userAgent, 'accept-encoding': 'gzip, deflate, br, zstd', ...headers },
  })
  deadline.set(timeoutMs, `${url.host}: the body took longer than ${Math.round(timeoutMs / 1_000)} s`)
  const head = { status: response.statusCode, headers: joined(response.headers) }
  const hasBody = method !== 'HEAD' && head.status !== 204 && head.status !== 304 && !isRedirect(head)
  if (!hasBody || wants?.(head) === false) {
    await response.body.dump({ limit: 16_384 })
    return { ...head, body: new Uint8Array(), cut: false }
  }
  const encoding = head.headers['content-encoding']
  if (beyond === 'refuse' && encoding === undefined && Number(head.headers['content-length']) > maxBytes) {
    response.body.on('error', () => {}).destroy()
    throw tooLarge(maxBytes)
  }
  const { bytes, cut } = await readBody(response.body, encoding, { maxBytes, beyond })
  return { ...head, body: bytes, cut }
}

/** True for an answer that only leads elsewhere; its `location` header says where. */
export function isRedirect({ status, headers }: ResponseHead): boolean {
  return status >= 300 && status < 400 && headers['location'] !== undefined
}

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const one: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) one[name] = Array.isArray(value) ? value.join(', ') : value
  return one
}

/** Why a host and port must not be dialled, as far as they say it themselves. */
function refusalOf(hostname: string, port: number): OutgoingError | undefined {
  const address = literalAddress(hostname)
  const range = address === undefined ? undefined : specialRange(address)
  if (range !== undefined) return blocked(hostname, address!, range)
  return badPorts.has(port) ? new OutgoingError('blocked', `port ${port} is not for the web`, { port }) : undefined
}

function blocked(hostname: string, address: string, range: string): OutgoingError {
  return new OutgoingError('blocked', `${hostname} is not on the public Internet (${range})`, { address, range })
}

/** What `net` asks for addresses; gives only those that may be dialled, so that no second answer of the DNS can come in between. */
function lookupBy(resolve: Resolve, rangeOf: (address: string) => string | undefined): LookupFunction {
  const dialable = async (hostname: string) => {
    const addresses = await resolve(hostname)
    if (addresses.length === 0) throw new OutgoingError('dns', `${hostname}: the host name has no address`)
    const allowed = addresses.filter((address) => rangeOf(address) === undefined)
    if (allowed.length === 0) throw blocked(hostname, addresses[0]!, rangeOf(addresses[0]!)!)
    return allowed.map((address) => ({ address, family: isIP(address) }))
  }
  /* oxlint-disable promise/no-callback-in-promise -- net knows callbacks only */
  return (hostname, options, callback) => {
    dialable(hostname).then(
      (addresses) =>
        options.all ? callback(null, addresses) : callback(null, addresses[0]!.address, addresses[0]!.family),
      (error: Error) => callback(error, ''),
    )
  }
  /* oxlint-enable promise/no-callback-in-promise */
}

function resolveBySystem(hostname: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    lookUpName(hostname, { all: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses.map(({ address }) => address)),
    )
  })
}

interface Deadline {
  signal: AbortSignal
  /** Replaces the limit set before. */
  set(ms: number, message: string): void
  clear(): void
}

/** Trips with `outer`, or when the time that was set last is over. */
function deadlineOf(outer: AbortSignal): Deadline {
  const controller = new AbortController()
  const follow = () => controller.abort(outer.reason)
  if (outer.aborted) follow()
  else outer.addEventListener('abort', follow, { once: true })
  let timer: NodeJS.Timeout | undefined
  return {
    signal: controller.signal,
    set(ms, message) {
      clearTimeout(timer)
      timer = setTimeout(() => controller.abort(new OutgoingError('timeout', message)), ms)
    },
    clear() {
      clearTimeout(timer)
      outer.removeEventListener('abort', follow)
    },
  }
}

// https://fetch.spec.whatwg.org/#port-blocking: services that would take an HTTP request for commands of their own
const badPorts = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])
