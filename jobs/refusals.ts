/** What a refusal names of bad input: keys and indexes from the input on, such as `['domains', 2]`. */
export interface InputIssue {
  path: (string | number)[]
  message: string
  code: string
}

export const jobActions = ['PAUSE', 'CANCEL', 'RESUME', 'RETRY', 'CLONE', 'DELETE'] as const
export type JobAction = (typeof jobActions)[number]

/** States as stored, but for DELETED, in which a job exists for nobody; the API shows FINISHING as RUNNING. */
export const jobStates = [
  'PENDING',
  'RUNNING',
  'PAUSING',
  'PAUSED',
  'CANCELLING',
  'CANCELLED',
  'FINISHING',
  'COMPLETED',
  'FAILED',
] as const
export type JobState = (typeof jobStates)[number]

/** A job has ended or stands still: what failed of it can be tried again. */
export const retryStates: readonly JobState[] = ['PAUSED', 'CANCELLED', 'COMPLETED', 'FAILED']

/** Expected refusals: thrown before anything is changed, shown to the user as typed results. */
export abstract class Refusal extends Error {
  abstract readonly code: string
}

export class ValidationError extends Refusal {
  override name = 'ValidationError'
  readonly code = 'VALIDATION_ERROR'
  readonly issues: InputIssue[]
  constructor(issues: InputIssue[]) {
    super(issues.length === 1 ? issues[0]!.message : `${issues.length} problems with the input`)
    this.issues = issues
  }
}

export class NotFound extends Refusal {
  override name = 'NotFound'
  readonly code = 'NOT_FOUND'
}

export class InvalidTransition extends Refusal {
  override name = 'InvalidTransition'
  readonly code = 'INVALID_TRANSITION'
  readonly from: JobState
  readonly attempted: JobAction
  readonly allowed: JobAction[]
  constructor(from: JobState, attempted: JobAction, allowed: JobAction[]) {
    const asked =
      attempted === 'RETRY' && retryStates.includes(from)
        ? 'The job has no failed items to retry'
        : `A job that is ${from.toLowerCase()} cannot be asked to ${attempted.toLowerCase()}`
    super(`${asked}; allowed now: ${allowed.join(', ').toLowerCase()}.`)
    this.from = from
    this.attempted = attempted
    this.allowed = allowed
  }
}

export class IdempotencyMismatch extends Refusal {
  override name = 'IdempotencyMismatch'
  readonly code = 'IDEMPOTENCY_MISMATCH'
}

export class NotConfigured extends Refusal {
  override name = 'NotConfigured'
  readonly code = 'NOT_CONFIGURED'
  /** Names of the settings that are missing. */
  readonly settings: string[]
  constructor(message: string, settings: string[]) {
    super(message)
    this.settings = settings
  }
}

/** Too many at once: the same is accepted later. */
export class RateLimited extends Refusal {
  override name = 'RateLimited'
  readonly code = 'RATE_LIMITED'
  /** Null where nobody knows. */
  readonly retryAfterSeconds: number | null
  constructor(message: string, retryAfterSeconds: number | null) {
    super(message)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export class Forbidden extends Refusal {
  override name = 'Forbidden'
  readonly code = 'FORBIDDEN'
}
