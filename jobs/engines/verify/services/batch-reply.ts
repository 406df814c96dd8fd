import type { ServiceFindings } from '../evidence.ts'
import type { ServiceFailure } from './answer.ts'

/** What a service said of one address of a batch. */
export interface SaidOfOne {
  said: ServiceFindings
  raw: unknown
}

/** What a service answers about a whole batch. */
export type BatchReply =
  | { kind: 'running'; id: string }
  /** It is done, and what it found is to be fetched. */
  | { kind: 'ready' }
  /** By address in lower case. Some of those asked may be missing: ask for them one by one. */
  | { kind: 'finished'; said: Map<string, SaidOfOne> }
  | { kind: 'failure'; failure: ServiceFailure }
