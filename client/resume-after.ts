/** What a subscription sends to the server; `variables.after` moves on while events arrive. */
export interface ResumablePayload {
  query: string
  variables: Record<string, unknown>
}

/**
 * Keeps `after` at the last sequence number that a subscription has seen. graphql-ws sends the same payload object again
 * after a reconnect, so changing it in place is what makes the server go on where this tab stopped.
 */
export function watchResume(payload: ResumablePayload): {
  payload: ResumablePayload
  saw: (data: Record<string, unknown> | null | undefined) => void
} {
  return {
    payload,
    saw(data) {
      for (const value of Object.values(data ?? {})) {
        const seq = resumePoint(value, payload.variables.after)
        if (seq !== undefined) payload.variables.after = seq
      }
    },
  }
}

/** The `after` that follows from one message, or undefined where it moves nothing. */
export function resumePoint(message: unknown, after: unknown): number | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { __typename, seq, lastSeq, job } = message as {
    __typename?: string
    seq?: number
    lastSeq?: number
    job?: { lastSeq?: number }
  }
  switch (__typename) {
    case 'JobEvent':
      return typeof seq === 'number' && seq > numberOr(after, -1) ? seq : undefined
    // Only the first snapshot of a subscription without `after` says where its tail begins; a later one may be ahead of
    // events that are still on their way.
    case 'JobSnapshot':
      return after === undefined || after === null ? job?.lastSeq : undefined
    case 'ResyncRequired':
      return lastSeq
    case undefined:
    default:
      return undefined
  }
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback
}
