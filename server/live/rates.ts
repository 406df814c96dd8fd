const windowMs = 10_000
/** A job that nobody has sampled for so long has no rate. */
const staleMs = 15_000
const leastSpanMs = 1_000
const leastGapMs = 200

export interface Rates {
  sample(jobId: number, done: number): void
  /** Items a second over the last 10 seconds; undefined with too few samples. */
  of: (jobId: number) => number | undefined
  /** Drops jobs that are no longer sampled. */
  forgetStale(): void
}

/** How fast jobs go, from what they have done at several moments. */
export function createRates(now: () => number = Date.now): Rates {
  const jobs = new Map<number, { at: number; done: number }[]>()
  return {
    sample(jobId, done) {
      const at = now()
      const known = jobs.get(jobId)
      // Items that are tried again are not done any more: the rate starts anew.
      const samples = known && done >= known.at(-1)!.done ? known : []
      jobs.set(jobId, samples)
      const last = samples.at(-1)
      if (samples.length > 1 && last && at - samples.at(-2)!.at < leastGapMs) Object.assign(last, { at, done })
      else samples.push({ at, done })
      // The first one is where the window begins: the youngest that is at least as old.
      while (samples.length > 2 && samples[1]!.at <= at - windowMs) samples.shift()
    },
    of(jobId) {
      const samples = jobs.get(jobId)
      const first = samples?.[0]
      const last = samples?.at(-1)
      const spanMs = first ? now() - first.at : 0
      if (!first || !last || now() - last.at > staleMs || spanMs < leastSpanMs) return undefined
      return ((last.done - first.done) / spanMs) * 1000
    },
    forgetStale() {
      for (const [jobId, samples] of jobs) if (now() - samples.at(-1)!.at > staleMs) jobs.delete(jobId)
    },
  }
}
