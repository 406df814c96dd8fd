import { errorCategories } from '../jobs/error-category.ts'
import type { JobState as StoredState } from '../jobs/refusals.ts'
import { kinds } from '../jobs/registry.ts'
import { builder } from './builder.ts'
import { enumName } from './kind-schema.ts'

/** From the registry: a kind more is a value more. */
export const JobKind = builder.enumType('JobKind', {
  description: 'What kind of work a job does. `jobKinds` tells more of each.',
  values: Object.fromEntries(
    kinds.map((kind) => [enumName(kind.kind), { value: kind.kind, description: `${kind.title}: ${kind.description}` }]),
  ),
})

export const JobState = builder.enumType('JobState', {
  description: 'How far a job is.',
  values: {
    PENDING: { description: 'Queued: no worker has begun yet.' },
    RUNNING: { description: 'Workers are at it, or it waits for a moment that `waitingUntil` names.' },
    PAUSING: { description: 'A pause was asked for; what workers have in hand is being stored.' },
    PAUSED: { description: 'Stopped, to be resumed from where it was.' },
    CANCELLING: { description: 'A cancel was asked for; what workers have in hand is being stored.' },
    CANCELLED: { description: 'Ended on request. What it had found remains, and it can still be resumed.' },
    COMPLETED: { description: 'Every item has had its turn. Those that failed are counted and listed.' },
    FAILED: {
      description: 'The job itself could not go on; `error` says why. Failures of single items never lead here.',
    },
  } as const,
})

/** The state as the API shows it: the engine's FINISHING is RUNNING with the phase `finishing`. */
export function shownState(state: string) {
  return state === 'FINISHING' ? 'RUNNING' : (state as Exclude<StoredState, 'FINISHING'>)
}

/** The stored states behind shown ones. */
export function storedStates(states: readonly string[]): string[] {
  return states.flatMap((state) => (state === 'RUNNING' ? ['RUNNING', 'FINISHING'] : [state]))
}

export const JobAction = builder.enumType('JobAction', {
  description: 'What can be asked of a job.',
  values: {
    PAUSE: { description: 'Stop after what is in hand: `pauseJob`.' },
    CANCEL: { description: 'End after what is in hand: `cancelJob`.' },
    RESUME: { description: 'Go on from the last stored step: `resumeJob`.' },
    RETRY: {
      description:
        'Give its failed items another try: `retryJob`. Only where some have failed, and nothing of it runs.',
    },
    CLONE: { description: 'Start a new job of the same kind with the same input: `cloneJob`. Always allowed.' },
    DELETE: { description: 'Remove the job and what it has found: `deleteJob`.' },
  } as const,
})

const categoryMeanings: Record<(typeof errorCategories)[number], string> = {
  network: 'The connection was refused or broke.',
  timeout: 'No answer in time.',
  dns: 'The name does not resolve.',
  tls: 'No secure connection could be made, as with a certificate that is out of date.',
  http_4xx: 'The server refused the request.',
  http_5xx: 'The server failed.',
  rate_limited: 'The other side asked for a slower pace.',
  robots: 'The site asks robots to stay out.',
  blocked: 'Our own rules forbid it, such as an address in a private network.',
  parse: 'The content could not be read.',
  too_large: 'The content is larger than the limit.',
  provider: 'An outside service failed or gave an answer that makes no sense.',
  quota: 'A limit or the credits of an outside service are used up.',
  internal: 'Our own fault.',
}

export const ErrorCategory = builder.enumType('ErrorCategory', {
  description: 'What sort of trouble an item had.',
  values: Object.fromEntries(
    errorCategories.map((category) => [
      enumName(category),
      { value: category, description: categoryMeanings[category] },
    ]),
  ),
})

export const Quality = builder.enumType('Quality', {
  description: 'How good an address looks where it was met; `reasons` tell why.',
  values: {
    HIGH: { value: 'high', description: 'Stated plainly, as in a mailto link on a contact page.' },
    MEDIUM: { value: 'medium', description: 'Likely meant as an address.' },
    LOW: { value: 'low', description: 'May be something else that looks like one.' },
  },
})
