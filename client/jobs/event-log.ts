/** A numbered event: 1, 2, 3 … within its job, without a gap. */
export interface Numbered {
  seq: number
}

/**
 * Two runs of events as one: ascending, each number once. Deliveries overlap (a page of the history and the tail, a replay
 * after a reconnect) and an event never changes, so of two with one number either will do.
 */
export function mergeEvents<E extends Numbered>(known: readonly E[], incoming: readonly E[]): E[] {
  const last = known.at(-1)?.seq ?? -Infinity
  if (incoming.every((event, index) => event.seq > (incoming[index - 1]?.seq ?? last))) return [...known, ...incoming]
  const bySeq = new Map(known.map((event) => [event.seq, event]))
  for (const event of incoming) bySeq.set(event.seq, event)
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

/** The last number before the first hole, or undefined where there is none: from there a replay fills it. */
export function beforeFirstGap(events: readonly Numbered[]): number | undefined {
  for (let index = 1; index < events.length; index++) {
    const before = events[index - 1]!.seq
    if (events[index]!.seq !== before + 1) return before
  }
  return undefined
}
