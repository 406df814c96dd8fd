import { delayMs, type Pace } from '../engines/crawl/politeness.ts'
import type { HostDoor } from './io.ts'

/** A host that this run may ask now, and nobody else. */
export interface HeldHost {
  /** Trips when the hold on the host is lost, or with the run's own signal. */
  signal: AbortSignal
  /** Milliseconds until the next request may be sent; 0 or less: now. */
  waitMs(pace: Pace): number
  /** A request has ended: the pause counts from here. */
  asked(): void
  /** No request for so long, whatever the pace. */
  rest(ms: number): void
  /** Gives the host back; whoever comes next waits for what is left of the pause. */
  release(pace: Pace): Promise<void>
}

export type HostAnswer = { held: HeldHost } | { laterMs: number; why: string }

/** A wait of up to this may stay in the process. */
const patienceMs = 2_000
const renewEveryMs = 2_500
const busyPollMs = 200
const busyPolls = 15

export interface HoldRequest {
  shard: string
  pace: Pace
  signal: AbortSignal
  wait(ms: number): Promise<void>
}

/** Takes a host for this run, waiting a little for its pause to end or for another job to leave it. */
export async function holdHost(door: HostDoor, { shard, pace, signal, wait }: HoldRequest): Promise<HostAnswer> {
  for (let polls = 0; ; polls++) {
    const answer = await door.take({ patienceMs, delayMs: delayMs(pace) })
    if (answer.held) return { held: held(door, signal, answer.waitMs) }
    if (!answer.busy) return { laterMs: answer.waitMs, why: `pause between requests to ${shard}` }
    if (signal.aborted || polls === busyPolls) return { laterMs: patienceMs, why: `another job is at ${shard}` }
    await wait(busyPollMs)
  }
}

function held(door: HostDoor, outer: AbortSignal, firstWaitMs: number): HeldHost {
  const lost = new AbortController()
  const renewing = setInterval(() => {
    // A database that cannot be asked: the lease may run out without our knowing.
    door.renew().then(
      (still) => still || lost.abort(new Error('the hold on the host was lost')),
      (error: unknown) => lost.abort(error),
    )
  }, renewEveryMs)
  let restUntil = performance.now() + firstWaitMs
  let lastAsked: number | undefined
  const waitMs = (pace: Pace) => {
    const pauseEnds = lastAsked === undefined ? 0 : lastAsked + delayMs(pace)
    return Math.max(restUntil, pauseEnds) - performance.now()
  }
  return {
    signal: AbortSignal.any([outer, lost.signal]),
    waitMs,
    asked() {
      lastAsked = performance.now()
    },
    rest(ms) {
      restUntil = Math.max(restUntil, performance.now() + ms)
    },
    async release(pace) {
      clearInterval(renewing)
      await door.release(Math.max(0, waitMs(pace)))
    },
  }
}
