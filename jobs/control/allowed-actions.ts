import { type JobAction, type JobState, jobStates, retryStates } from '../refusals.ts'

const byState: Record<JobState, JobAction[]> = {
  PENDING: ['PAUSE', 'CANCEL'],
  RUNNING: ['PAUSE', 'CANCEL'],
  PAUSING: ['CANCEL'],
  PAUSED: ['RESUME', 'CANCEL', 'DELETE'],
  CANCELLING: [],
  CANCELLED: ['RESUME', 'DELETE'],
  FINISHING: [],
  COMPLETED: ['DELETE'],
  FAILED: ['RESUME', 'DELETE'],
}

/** What may be asked of a job in this state and with so many failed items. */
export function allowedActions({ state, failed }: { state: JobState; failed: number }): JobAction[] {
  const retry: JobAction[] = failed > 0 && retryStates.includes(state) ? ['RETRY'] : []
  return [...byState[state], ...retry, 'CLONE']
}

/** The states in which an action may be asked for; RETRY asks for failed items besides. */
export function statesAllowing(action: JobAction): JobState[] {
  return jobStates.filter((state) => allowedActions({ state, failed: 1 }).includes(action))
}
