import type { MxLimits } from '../../db/mx-organisations.ts'

/**
 * Manners towards those who run mail hosts. Two connections are what small hosts take without a word; the caps are a fraction of what large ones are known to
 * slow senders down at.
 */
export const mxLimits: MxLimits & {
  /** So many organisations that cannot be reached, and none that can, mean that nothing gets out of here. */
  blockedAfter: number
} = { connections: 2, intervalMs: 500, perHour: 300, perDay: 2_000, blockedAfter: 5 }
