import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { startSite } from '../site.ts'
import { pathFits, readRequest, strangeIn } from './api-request.ts'
import type { ApiRequest, ApiRoute } from './api-request.ts'
import { outcomeByName } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'

export interface ApiReply {
  status?: number
  headers?: Record<string, string>
  /** An object goes as JSON, a string as it is. */
  body: unknown
  /** The address is charged for with this reply, and not again with the one that ends the matter. */
  bills?: boolean
}

/**
 * What a request can meet instead of its answer, whatever the service: `html` is a proxy's page with status 200, `halfJson` JSON that
 * ends too early, `hangUp` breaks the connection in the middle of the answer, `silent` never answers. The last three are charged for:
 * the service has done its work.
 */
export type CommonTrouble = 'wrongKey' | 'serverError' | 'html' | 'halfJson' | 'hangUp' | 'silent'

/** What a service says of one address. */
export interface Plan<Trouble extends string> {
  outcome?: Outcome
  /** Laid over what the service says of such an outcome. */
  fields?: Record<string, unknown>
  /** Met by the first so many `times` that it is asked for alone; without `times` by all. */
  trouble?: Trouble | CommonTrouble
  times?: number
}

export interface ApiCall extends ApiRequest {
  /** From the path. */
  params: Record<string, string>
  /** What the service finds out: as planned, else by the convention of `outcomes.ts`. */
  outcomeOf(address: string): Outcome
  /** The planned fields of an address. */
  fieldsOf(address: string): Record<string, unknown>
}

export interface ApiDefinition<Trouble extends string> {
  /** Of the published base URL: `/v2`. */
  basePath: string
  /** What the client sends as its key. */
  keyOf(request: ApiRequest): string | undefined
  troubles: Record<Trouble | 'wrongKey', ApiReply>
  routes: (ApiRoute & {
    /** No key is asked for. */
    open?: boolean
    /** What the call is paid for: addresses, or whatever else is sold. */
    bills?: (request: ApiRequest) => string[]
    /** Checks that the service makes before it does any work. */
    refuses?: (request: ApiRequest) => ApiReply | undefined
    answer(call: ApiCall): ApiReply
  })[]
}

export interface FakeApi<Trouble extends string> {
  /** What the configuration of the real service would hold: origin and published base path. */
  url: string
  key: string
  /** In the order in which they came. */
  requests: ApiRequest[]
  /** Requests that providers.md does not describe, in words. Closing fails where there are any. */
  unknownRequests: string[]
  /** Most requests answered at one time. */
  maxConcurrent(): number
  /** How often a path was asked for, below the base path. */
  calls(path: string): number
  /** How often each address was charged for, in lower case. */
  paid: ReadonlyMap<string, number>
  /** Charges beyond the first, over all addresses. */
  paidAgain(): number
  /** The next requests, one unless said, meet this; `Infinity` until `recovers`. `path` is below the base path; `headers` come besides. */
  meets(
    trouble: Trouble | CommonTrouble,
    how?: { times?: number; path?: string; headers?: Record<string, string> },
  ): void
  recovers(): void
  /** Pause before each answer from now on; the charge is made before it. */
  delayMs: number
  plan(address: string, plan: Outcome | Plan<Trouble>): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A service on loopback that behaves as providers.md says, remembers everything, and takes nothing else. */
export async function startFakeApi<Trouble extends string>(
  definition: ApiDefinition<Trouble>,
  key: string,
): Promise<FakeApi<Trouble>> {
  const { basePath, routes, troubles } = definition
  const requests: ApiRequest[] = []
  const unknownRequests: string[] = []
  const paid = new Map<string, number>()
  const underWay = new Set<string>()
  const plans = new Map<string, Plan<Trouble>>()
  let ahead: {
    trouble: Trouble | CommonTrouble
    left: number
    path: string | undefined
    headers: Record<string, string>
  }[] = []
  let open = 0

  async function handle(incoming: IncomingMessage, response: ServerResponse, signal: AbortSignal) {
    open += 1
    response.once('close', () => (open -= 1))
    const request = await readRequest(incoming, open)
    requests.push(request)
    const route = routes.find((route) => pathFits(route, request))
    const strange = route ? strangeIn(route, request) : ['no such path']
    const sold = route && strange.length === 0 ? soldBy(route, request, strange) : []
    if (!route || strange.length > 0) {
      unknownRequests.push(`${request.method} ${request.path}: ${strange.join(', ')}`)
      return send(response, { status: 501, body: { error: unknownRequests.at(-1) } })
    }
    const next = troubleAhead(request)
    const trouble = next?.trouble ?? plannedTrouble(sold)
    const instead =
      replyInstead(trouble, next?.headers) ?? (isRefused(route, request) ? troubles.wrongKey : route.refuses?.(request))
    if (!instead || instead.bills) charge(sold, !instead)
    if (api.delayMs > 0) await sleep(api.delayMs, undefined, { signal })
    if (instead) return send(response, instead)
    const reply = route.answer({
      ...request,
      params: pathFits(route, request) ?? {},
      outcomeOf: (address) => plans.get(address.toLowerCase())?.outcome ?? outcomeByName(address),
      fieldsOf: (address) => plans.get(address.toLowerCase())?.fields ?? {},
    })
    return deliver(response, reply, trouble)
  }

  function troubleAhead(request: ApiRequest) {
    const next = ahead.find(({ left, path }) => left > 0 && (path === undefined || basePath + path === request.path))
    if (next) next.left -= 1
    return next
  }

  function plannedTrouble(sold: string[]) {
    const plan = sold.length === 1 ? plans.get(sold[0]!.toLowerCase()) : undefined
    if (!plan?.trouble || plan.times === 0) return undefined
    if (plan.times !== undefined) plan.times -= 1
    return plan.trouble
  }

  function replyInstead(trouble: string | undefined, headers: Record<string, string> = {}): ApiReply | undefined {
    if (trouble === 'serverError') return { status: 503, headers, body: { error: 'Service unavailable' } }
    if (trouble === 'html')
      return { headers: { 'content-type': 'text/html' }, body: '<html><h1>One moment please</h1></html>' }
    if (trouble === undefined || !(trouble in troubles)) return undefined
    const reply = troubles[trouble as Trouble]
    return { ...reply, headers: { ...reply.headers, ...headers } }
  }

  function isRefused(route: { open?: boolean }, request: ApiRequest): boolean {
    return !route.open && definition.keyOf(request) !== key
  }

  /** Once, until the matter ends. */
  function charge(sold: string[], ends: boolean) {
    for (const name of sold.map((address) => address.toLowerCase())) {
      if (!underWay.has(name)) paid.set(name, (paid.get(name) ?? 0) + 1)
      if (ends) underWay.delete(name)
      else underWay.add(name)
    }
  }

  const site = await startSite({ handler: handle, log: false })
  const close = async () => {
    await site.close()
    if (unknownRequests.length > 0)
      throw new Error(`the service was asked what it does not know: ${unknownRequests.join('; ')}`)
  }
  const api: FakeApi<Trouble> = {
    url: site.url + basePath,
    key,
    requests,
    unknownRequests,
    maxConcurrent: site.maxConcurrent,
    calls: (path) => requests.filter((request) => request.path === basePath + path).length,
    paid,
    paidAgain: () => [...paid.values()].reduce((sum, times) => sum + times - 1, 0),
    meets: (trouble, { times = 1, path, headers = {} } = {}) =>
      void ahead.push({ trouble, left: times, path, headers }),
    recovers: () => void (ahead = []),
    delayMs: 0,
    plan: (address, plan) =>
      void plans.set(address.toLowerCase(), typeof plan === 'string' ? { outcome: plan } : { ...plan }),
    close,
    [Symbol.asyncDispose]: close,
  }
  return api
}

function soldBy(route: ApiDefinition<string>['routes'][number], request: ApiRequest, strange: string[]): string[] {
  try {
    const sold = route.bills?.(request) ?? []
    if (sold.every((name) => typeof name === 'string')) return sold
  } catch {
    // said below
  }
  strange.push('body: fields of another type')
  return []
}

function deliver(response: ServerResponse, reply: ApiReply, trouble: string | undefined) {
  if (trouble === 'silent') return
  const text = textOf(reply.body)
  const half = text.slice(0, text.length / 2)
  if (trouble === 'hangUp') {
    response.writeHead(reply.status ?? 200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    })
    response.write(half, () => response.destroy())
  } else send(response, trouble === 'halfJson' ? { ...reply, body: half } : reply)
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: ApiReply) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(textOf(body))
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}
