import { leaseMs } from '../../db/origins.ts'
import { delayMs, type Pace, slowedMs, smoothedLatencyMs } from '../engines/crawl/politeness.ts'
import type { HostDoor } from './io.ts'

/** A host that this run may ask now, and nobody else. */
export interface HeldHost {
  /** Trips when the hold on the host is lost, or with the run's own signal. */
  signal: AbortSignal
  /** Milliseconds until the next request may be sent; 0 or less: now. */
  waitMs(): number
  /** A request has ended: the pause counts from here. */
  asked(): void
  /** It was answered, after so long. */
  answered(latencyMs: number): void
  /** It was answered that we ask too much. */
  throttled(): void
  /** No request for so long, whatever the pace. */
  rest(ms: number): void
  /** Gives the host back; whoever comes next waits for what is left of the pause. */
  release(): Promise<void>
  /** The same, where the pause is long or somebody else wants the host. True when it is given back. */
  giveWay(): Promise<boolean>
}

export type HostAnswer = { held: HeldHost } | { laterMs: number; why: string }

/** A wait of up to this may stay in the process. */
const patienceMs = 2_000
const renewEveryMs = 2_500
const busyPollMs = 200
const busyPolls = 15

export interface HoldRequest {
  /** Name of the host, for people. */
  shard: string
  /** What the operator, the job and the host ask for, as far as known by now. */
  asks(): Pick<Pace, 'minDelayMs' | 'crawlDelaySeconds'>
  signal: AbortSignal
  wait(ms: number): Promise<void>
  /** In [0, 1). */
  random(): number
}

/** Takes a host for this run, waiting a little for its pause to end or for another job to leave it. */
export async function holdHost(door: HostDoor, request: HoldRequest): Promise<HostAnswer> {
  const { shard, asks, signal, wait, random } = request
  for (let polls = 0; ; polls++) {
    const least = delayMs({ ...asks(), latencyMs: undefined })
    const answer = await door.take({ patienceMs, delayMs: least, signal })
    if (answer.held) return { held: held(door, request, answer) }
    if (!answer.busy) return { laterMs: answer.waitMs, why: `pause between requests to ${shard}` }
    if (signal.aborted || polls === busyPolls) {
      return answer.busy === 'origin'
        ? { laterMs: patienceMs, why: `another job is at ${shard}` }
        : // Of many that wait for their turn at one address not all should come back at once.
          { laterMs: patienceMs * (1 + 2 * random()), why: `other hosts at the address of ${shard} are asked` }
    }
    await wait(busyPollMs)
  }
}

function held(
  door: HostDoor,
  { asks, signal: outer }: HoldRequest,
  first: { waitMs: number; latencyMs: number | null; slowedMs: number },
): HeldHost {
  let latencyMs = first.latencyMs ?? undefined
  let slowed = first.slowedMs
  const pauseMs = () => delayMs({ ...asks(), latencyMs, slowedMs: slowed })
  let restUntil = performance.now() + first.waitMs
  let lastAsked: number | undefined
  const waitMs = () => Math.max(restUntil, lastAsked === undefined ? 0 : lastAsked + pauseMs()) - performance.now()

  const lost = new AbortController()
  let renewedAt = performance.now()
  const renewing = setInterval(() => {
    const sentAt = performance.now()
    // It may have run out without our knowing: this process stood still, or the database cannot be asked.
    if (sentAt - renewedAt > leaseMs) lost.abort(new Error('the hold on the host was lost'))
    door.renew(pauseMs()).then(
      (still) => {
        if (still) renewedAt = sentAt
        else lost.abort(new Error('the hold on the host was lost'))
      },
      (error: unknown) => lost.abort(error),
    )
  }, renewEveryMs)
  const told = () => ({
    restMs: Math.max(0, waitMs()),
    askedAgoMs: lastAsked === undefined ? null : performance.now() - lastAsked,
    latencyMs: latencyMs ?? null,
    slowedMs: slowed,
  })
  const release = async () => {
    clearInterval(renewing)
    await door.release(told())
  }
  return {
    signal: AbortSignal.any([outer, lost.signal]),
    waitMs,
    asked() {
      lastAsked = performance.now()
    },
    answered(ms) {
      latencyMs = smoothedLatencyMs(latencyMs, ms)
      slowed = slowedMs(slowed, false)
    },
    throttled() {
      slowed = slowedMs(slowed, true)
    },
    rest(ms) {
      restUntil = Math.max(restUntil, performance.now() + ms)
    },
    release,
    async giveWay() {
      if (waitMs() > patienceMs || lost.signal.aborted) await release()
      else if (await door.giveWay(told())) clearInterval(renewing)
      else return false
      return true
    },
  }
}
