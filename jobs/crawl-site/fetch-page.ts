import type { Validators } from '../../db/page-reads.ts'
import { canonicalUrl } from '../engines/crawl/canonical-url.ts'
import { retryAfterMs } from '../engines/http/retry-after.ts'
import type { ExtractedPage } from '../engines/page/extract-page.ts'
import type { ErrorCategory } from '../error-category.ts'
import { OutgoingError } from '../outgoing-error.ts'
import { isRedirect, type ResponseHead } from '../outgoing.ts'
import type { CrawlIo } from './io.ts'
import { ReadTooLong } from './page-reader.ts'

/** What came of one request for a page. */
export type Visit = { httpStatus?: number; fetchMs: number } & (
  | {
      got: 'page'
      page: ExtractedPage
      extractMs: number
      bytes: number
      noindex: boolean
      nofollow: boolean
      validators: Validators
    }
  /** It is as it was when the validators came. */
  | { got: 'unchanged' }
  /** Where it leads, in canonical form. */
  | { got: 'redirect'; to: string }
  | { got: 'no text'; message: string }
  | { got: 'throttled'; category: ErrorCategory; message: string; retryAfterMs: number | undefined }
  | Fault
)

export interface Fault {
  got: 'fault'
  category: ErrorCategory
  message: string
  details?: Record<string, string | number>
  /** Worth another try. */
  passing: boolean
  /** Nothing of the host can be had: no request for another of its pages will go better. */
  wholeHost: boolean
}

const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,text/*;q=0.8,application/json;q=0.7,*/*;q=0.1'

/** Asks for a page once and reads it; with validators, only if it has changed since. Rejects only when the signal trips. */
export async function fetchPage(
  io: CrawlIo,
  url: string,
  signal: AbortSignal,
  validators: Validators = {},
): Promise<Visit> {
  const started = performance.now()
  try {
    const response = await io.request(url, {
      signal,
      headers: { accept, ...conditions(validators) },
      wants: (head) => isOk(head) && isText(head.headers['content-type']),
    })
    const head = { httpStatus: response.status, fetchMs: response.tookMs }
    const asked = validators.etag !== undefined || validators.lastModified !== undefined
    if (response.status === 304 && asked) return { ...head, got: 'unchanged' }
    return { ...head, ...(await read(io, url, response, signal)) }
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    return { fetchMs: performance.now() - started, ...faultOf(error) }
  }
}

export function faultOf({ category, message, details }: OutgoingError): Fault {
  const wholeHost = category === 'blocked' || (category === 'dns' && details['code'] !== 'EAI_AGAIN')
  const passing = !wholeHost && (category === 'network' || category === 'timeout' || category === 'dns')
  return { got: 'fault', category, message, details, passing, wholeHost }
}

type Answer = Visit extends infer V ? (V extends Visit ? Omit<V, 'fetchMs' | 'httpStatus'> : never) : never

async function read(
  io: CrawlIo,
  url: string,
  response: ResponseHead & { body: Uint8Array },
  signal: AbortSignal,
): Promise<Answer> {
  const { status, headers, body } = response
  if (isRedirect(response)) {
    const to = canonicalUrl(headers['location']!, url)
    return to.ok ? { got: 'redirect', to: to.url } : fault('parse', `it redirects to what is ${to.reason}`)
  }
  if (status === 429 || status === 503) {
    const category = status === 429 ? 'rate_limited' : 'http_5xx'
    return {
      got: 'throttled',
      category,
      message: `the host answered ${status}`,
      retryAfterMs: retryAfterMs(headers['retry-after'], io.now()),
    }
  }
  if (status >= 500) return fault('http_5xx', `the host answered ${status}`, status !== 501)
  if (status >= 400) return fault('http_4xx', `the host answered ${status}`, status === 408)
  if (!isOk(response)) return fault('parse', `the host answered ${status}, which is no answer to what was asked`)

  const contentType = headers['content-type']
  if (!isText(contentType)) return { got: 'no text', message: `it is ${mediaType(contentType)}, not text` }
  if (isBinary(body, contentType)) return { got: 'no text', message: 'it is binary, not text' }
  return await readText(io, url, headers, body, signal)
}

async function readText(
  io: CrawlIo,
  url: string,
  headers: Record<string, string>,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<Answer> {
  const started = performance.now()
  try {
    const page = await io.readPage({ url, body, contentType: headers['content-type'] }, signal)
    const tag = robotsTag(headers['x-robots-tag'])
    const noindex = page.robots.noindex || tag.noindex
    const nofollow = page.robots.nofollow || tag.nofollow
    return {
      got: 'page',
      page,
      extractMs: performance.now() - started,
      bytes: body.length,
      noindex,
      nofollow,
      validators: validatorsIn(headers),
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ReadTooLong) return fault('too_large', error.message)
    // Our own fault, which must cost this page and no other.
    return fault('internal', `its text could not be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** RFC 9110 §13.1: both are sent where both are known; the server goes by the first that it knows. */
function conditions({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  }
}

/** Those that are in form: they are sent back as they came. */
function validatorsIn({ etag, 'last-modified': lastModified }: Record<string, string>): Validators {
  return {
    ...(etag !== undefined && /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/.test(etag) && { etag }),
    ...(lastModified !== undefined && /^[A-Za-z0-9 ,:-]{10,40}$/.test(lastModified) && { lastModified }),
  }
}

function fault(category: ErrorCategory, message: string, passing = false): Fault {
  return { got: 'fault', category, message, passing, wholeHost: false }
}

function isOk({ status }: ResponseHead): boolean {
  return status >= 200 && status < 300
}

/** What addresses can stand in. Servers that say nothing mostly send HTML. */
function isText(contentType: string | undefined): boolean {
  const type = mediaType(contentType)
  if (type === '') return true
  if (type === 'text/css' || type === 'text/javascript' || type === 'text/calendar') return false
  return /^(?:text\/.+|application\/(?:xml|json|xhtml\+xml|.+\+xml|.+\+json))$/.test(type)
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

/** A zero octet stands in no text but UTF-16, which says so in its header or by its mark. */
function isBinary(body: Uint8Array, contentType: string | undefined): boolean {
  const marked = (body[0] === 0xfe && body[1] === 0xff) || (body[0] === 0xff && body[1] === 0xfe)
  return !marked && !/utf-?16/i.test(contentType ?? '') && body.subarray(0, 1_024).includes(0)
}

/** Directives for all crawlers, and those behind our own name: `noindex`, `mailquarry: nofollow`. */
function robotsTag(header: string | undefined): { noindex: boolean; nofollow: boolean } {
  const words = new Set<string>()
  let forUs = true
  for (const part of (header ?? '').toLowerCase().split(',')) {
    const named = /^\s*([a-z_-]+)\s*:(.*)$/.exec(part)
    if (named && named[1] !== 'unavailable_after' && !named[1]!.startsWith('max-')) forUs = named[1] === 'mailquarry'
    if (forUs) words.add((named ? named[2]! : part).trim())
  }
  return { noindex: words.has('noindex') || words.has('none'), nofollow: words.has('nofollow') || words.has('none') }
}
