import type { ServiceFindings } from '../evidence.ts'
import type { Instant } from '../terms.ts'

/** An HTTP answer of a service, read to its end by whoever asked. */
export interface HttpAnswer {
  status: number
  body: string
  /** From Retry-After; null where there was none. */
  retryAfterMs: number | null
}

/** What an answer means for the one address that was asked about. */
export type ServiceAnswer =
  /** `raw`: the body as JSON, kept as evidence. */
  | { kind: 'findings'; said: ServiceFindings; raw: unknown }
  /** The service still works on it: ask the very same again. */
  | { kind: 'pending' }
  | { kind: 'failure'; failure: ServiceFailure }

/**
 * What to do about a failure. `retry`: the same again, later. `slow-down`: all calls pause. `quota`: paid calls are used up or the plan has
 * none, all pause until `until`. `key`: the key is refused, no call will succeed. `suppress`: the person objected; never ask again, never
 * write. `ours-to-fix`: the request is wrong, and would be again.
 */
export type FailureKind = 'retry' | 'slow-down' | 'quota' | 'key' | 'suppress' | 'ours-to-fix'

export interface ServiceFailure {
  kind: FailureKind
  /** For people: the service's words where it had any, at most 300 characters. */
  message: string
  /** How long the service asked to be left alone; null where it did not say. */
  afterMs: number | null
  /** For `quota`: when there are calls again; null where the answer did not say. */
  until: Instant | null
}

export function failure(kind: FailureKind, message: string, answer: HttpAnswer): ServiceAnswer {
  return {
    kind: 'failure',
    failure: { kind, message: message.slice(0, 300), afterMs: answer.retryAfterMs, until: null },
  }
}

/** What a status means where the service has no meaning of its own for it (RFC 9110, RFC 7725 for 451). */
export function failureByStatus(answer: HttpAnswer, said: string | null): ServiceAnswer {
  return failure(kindOf(answer), said ?? `HTTP ${answer.status}`, answer)
}

function kindOf({ status, retryAfterMs }: HttpAnswer): FailureKind {
  if (status === 401 || status === 403) return 'key'
  if (status === 402) return 'quota'
  if (status === 429) return 'slow-down'
  if (status === 451) return 'suppress'
  // RFC 9110 §10.2.3: it is expected to be unavailable for so long, to everybody.
  if (status >= 500 && retryAfterMs !== null) return 'slow-down'
  if (status >= 500 || status === 408 || status === 425) return 'retry'
  // A success that is none (HTML from a proxy, an unknown shape) may be right the next time; any other 3xx or 4xx will not.
  return status < 300 ? 'retry' : 'ours-to-fix'
}

export const nothingFound: ServiceFindings = {
  reason: 'inconclusive',
  flags: {},
  suggestion: null,
  score: null,
  catchAll: null,
  words: '',
}

/** What is kept of an address whose owner has objected to the service's keeping it. */
export const objected: ServiceFindings = { ...nothingFound, reason: 'legal_refusal', words: 'objection' }
