export interface RateSample {
  /** Epoch milliseconds. */
  at: number
  perSecond: number
}

const everyMs = 1_000
const most = 240

/** Adds a sample, at most one a second; once there are many, every other old one goes, so that a day fits like a minute. */
export function addSample(samples: readonly RateSample[], next: RateSample): readonly RateSample[] {
  const last = samples.at(-1)
  if (last && next.at - last.at < everyMs) return samples
  const kept = samples.length < most ? samples : samples.filter((_, index) => index % 2 === 0 || index > most * 0.8)
  return [...kept, next]
}
