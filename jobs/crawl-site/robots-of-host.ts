import type { StoredRobots } from '../../db/robots.ts'
import { canonicalUrl } from '../engines/crawl/canonical-url.ts'
import { allAllowed, parseRobots, robotsMaxBytes, type RobotsRules } from '../engines/crawl/robots.ts'
import { retryAfterMs } from '../engines/http/retry-after.ts'
import type { Finding } from '../job-kind.ts'
import { OutgoingError } from '../outgoing-error.ts'
import { isRedirect, type OutgoingResponse } from '../outgoing.ts'
import { type Fault, faultOf } from './fetch-page.ts'
import type { CrawlIo } from './io.ts'

/** The name that robots.txt files and robots headers know us by. */
export const productToken = 'Mailquarry'

const day = 86_400_000
/** RFC 9309 §2.3.1.4 forbids all while robots.txt cannot be had; it says not for how long the answer may be kept. */
const unreachableHoldsMs = 1_800_000
const mostRedirects = 5

export type RobotsAnswer =
  | { got: 'rules'; rules: RobotsRules }
  /** All is forbidden, since the host could not give its rules. */
  | { got: 'forbidden'; httpStatus: number; message: string }

export type FetchedRobots =
  | (RobotsAnswer & { findings: Finding[] })
  /** To be asked for there, which may be another host. */
  | { got: 'redirect'; to: RobotsPlace }
  | { got: 'throttled'; retryAfterMs: number | undefined; httpStatus: number }
  | Fault

/** Where the robots.txt of an origin is asked for. */
export interface RobotsPlace {
  /** Scheme, host and port that it is for. */
  origin: string
  url: string
  /** That have led there. */
  redirects: number
}

export function robotsPlace(origin: string): RobotsPlace {
  return { origin, url: `${origin}/robots.txt`, redirects: 0 }
}

/** As far as they were asked for in the last 24 hours, by any job. */
export async function storedRobots(io: CrawlIo, origin: string): Promise<RobotsAnswer | undefined> {
  const stored = await io.findRobots(origin)
  return stored && answerOf(stored)
}

export interface FetchRobots {
  at: RobotsPlace
  signal: AbortSignal
  /** No further try will be made: a server error is an answer. */
  last: boolean
}

/** Asks for robots.txt once, and keeps an answer for other jobs. Rejects only when the signal trips. */
export async function fetchRobots(io: CrawlIo, { at, signal, last }: FetchRobots): Promise<FetchedRobots> {
  const { origin, url, redirects } = at
  try {
    const response = await io.request(url, {
      signal,
      maxBytes: robotsMaxBytes + 1,
      beyond: 'cut',
      wants: ({ status }) => status < 300,
    })
    const first = robotsPlace(origin).url
    if (!isRedirect(response)) return await settle(io, { origin, first, last, response })
    const to = canonicalUrl(response.headers['location']!, url)
    if (redirects < mostRedirects && to.ok) {
      return { got: 'redirect', to: { origin, url: to.url, redirects: redirects + 1 } }
    }
    // RFC 9309 §2.3.1.2
    await io.saveRobots(origin, { httpStatus: null, body: null, holdsMs: day })
    const message = `robots.txt redirects ${to.ok ? 'without end' : 'to no URL'} and counts as missing`
    return { got: 'rules', rules: allAllowed, findings: [finding(first, message)] }
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    const fault = faultOf(error)
    return { ...fault, message: `robots.txt: ${fault.message}` }
  }
}

async function settle(
  io: CrawlIo,
  { origin, first, last, response }: { origin: string; first: string; last: boolean; response: OutgoingResponse },
): Promise<FetchedRobots> {
  const { status, headers, body, cut } = response
  // 429 belongs to the 4xx, but a host that wants fewer requests does not mean that all may be fetched.
  const down = status >= 500 || status === 429
  if (down && !last) {
    return status === 429 || status === 503
      ? { got: 'throttled', retryAfterMs: retryAfterMs(headers['retry-after'], io.now()), httpStatus: status }
      : {
          got: 'fault',
          category: 'http_5xx',
          message: `robots.txt: the host answered ${status}`,
          passing: true,
          wholeHost: false,
        }
  }
  const stored = { httpStatus: status, body: status >= 200 && status < 300 ? body : null }
  await io.saveRobots(origin, { ...stored, holdsMs: down ? unreachableHoldsMs : day })
  const answer = answerOf(stored)
  if (answer.got === 'forbidden')
    return { ...answer, findings: [{ ...finding(first, answer.message), httpStatus: status }] }
  const large = cut
    ? [
        {
          ...finding(first, 'robots.txt is larger than 500 KiB; what is behind is left alone'),
          category: 'too_large' as const,
        },
      ]
    : []
  return { ...answer, findings: large }
}

function answerOf({ httpStatus, body }: StoredRobots): RobotsAnswer {
  if (httpStatus !== null && (httpStatus >= 500 || httpStatus === 429)) {
    return { got: 'forbidden', httpStatus, message: `robots.txt answered ${httpStatus}, so nothing may be fetched` }
  }
  return { got: 'rules', rules: body ? parseRobots(body, productToken) : allAllowed }
}

function finding(url: string, message: string): Finding {
  return { category: 'robots', message, url }
}
