import {
  Forbidden,
  IdempotencyMismatch,
  type InputIssue,
  InvalidTransition,
  NotConfigured,
  NotFound,
  type RateLimited,
  Refusal,
  ValidationError,
} from '../jobs/refusals.ts'
import { builder } from './builder.ts'
import { JobAction, JobState, shownState } from './job-enums.ts'

/** A refusal as a result: wrapped, since a resolver that returns an error is taken for one that threw it. */
export interface Refused<R extends Refusal = Refusal> {
  refusal: R
}

export const UserError = builder.interfaceRef<Refused>('UserError').implement({
  description:
    'Something that was asked for and refused, for a reason that the asker can do something about. Nothing has been changed.',
  fields: (t) => ({
    message: t.string({ description: 'The reason, in words for people.', resolve: ({ refusal }) => refusal.message }),
    code: t.string({
      description: 'The reason, in a word for programs: stable, in capitals.',
      resolve: ({ refusal }) => refusal.code,
    }),
  }),
})

export const ValidationIssue = builder.objectRef<InputIssue>('ValidationIssue').implement({
  description: 'One thing that is wrong with an input.',
  fields: (t) => ({
    path: t.stringList({
      description: 'Where: keys and indexes from the input on, such as `["domains", "2"]`.',
      resolve: ({ path }) => path.map(String),
    }),
    message: t.exposeString('message', { description: 'What is wrong, in words for people.' }),
    code: t.exposeString('code', { description: 'What is wrong, in a word for programs.' }),
  }),
})

export const ValidationErrorType = builder.objectRef<Refused<ValidationError>>('ValidationError').implement({
  description: 'The input is not acceptable. All problems are named at once.',
  interfaces: [UserError],
  fields: (t) => ({
    issues: t.field({
      type: [ValidationIssue],
      description: 'Each problem with its place in the input.',
      resolve: ({ refusal }) => refusal.issues,
    }),
  }),
})

export const NotFoundType = builder.objectRef<Refused<NotFound>>('NotFound').implement({
  description: 'There is no such thing, or it is not yours.',
  interfaces: [UserError],
})

export const ForbiddenType = builder.objectRef<Refused<Forbidden>>('Forbidden').implement({
  description: 'You may not do this.',
  interfaces: [UserError],
})

export const IdempotencyMismatchType = builder
  .objectRef<Refused<IdempotencyMismatch>>('IdempotencyMismatch')
  .implement({
    description: 'The idempotency key has started another job before, with another input.',
    interfaces: [UserError],
  })

export const NotConfiguredType = builder.objectRef<Refused<NotConfigured>>('NotConfigured').implement({
  description: 'The server lacks settings that this needs.',
  interfaces: [UserError],
  fields: (t) => ({
    settings: t.stringList({
      description: 'Names of the settings that are missing, as in the environment.',
      resolve: ({ refusal }) => refusal.settings,
    }),
  }),
})

export const InvalidTransitionType = builder.objectRef<Refused<InvalidTransition>>('InvalidTransition').implement({
  description: 'The job is in a state in which this cannot be asked of it.',
  interfaces: [UserError],
  fields: (t) => ({
    from: t.field({
      type: JobState,
      description: 'The state that the job is in.',
      resolve: ({ refusal }) => shownState(refusal.from),
    }),
    attempted: t.field({
      type: JobAction,
      description: 'What was asked for.',
      resolve: ({ refusal }) => refusal.attempted,
    }),
    allowed: t.field({
      type: [JobAction],
      description: 'What may be asked of the job now.',
      resolve: ({ refusal }) => refusal.allowed,
    }),
  }),
})

export const RateLimitedType = builder.objectRef<Refused<RateLimited>>('RateLimited').implement({
  description: 'Too many at once: the same will be accepted later.',
  interfaces: [UserError],
  fields: (t) => ({
    retryAfterSeconds: t.float({
      nullable: true,
      description: 'After how many seconds to try again, where that is known.',
      resolve: ({ refusal }) => refusal.retryAfterSeconds,
    }),
  }),
})

export const QuotaExceededType = builder.objectRef<Refused>('QuotaExceeded').implement({
  description: 'A limit is used up that time alone does not bring back, such as credits of a service.',
  interfaces: [UserError],
})

/**
 * What `act` returns, or the refusal that it threw; everything else is a fault and goes on up. Which refusals those are is known only
 * when one is there: a result whose union lacks it is a fault too.
 */
export async function orRefused<T>(act: () => Promise<T>): Promise<T | Refused<never>> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error as never }
    throw error
  }
}

/** Name of the GraphQL type of a result: refusals are named as their types are. */
export function resultType(success: string) {
  return (value: object): string => ('refusal' in value ? (value as Refused).refusal.name : success)
}
