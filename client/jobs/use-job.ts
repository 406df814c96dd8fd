import { useClientHandle } from '@urql/vue'
import type { ResultOf } from 'gql.tada'
import { computed, inject, onScopeDispose, shallowRef, watch } from 'vue'
import type { ComputedRef, InjectionKey, Ref, ShallowRef } from 'vue'

import { useOnReconnect } from '../connection.ts'
import { useOnForgotten } from '../forgotten.ts'
import { graphql } from '../graphql.ts'
import { useLiveQuery } from '../live-query.ts'
import type { LiveQuery } from '../live-query.ts'
import { beforeFirstGap } from './event-log.ts'
import { isActive } from './job-words.ts'
import type { JobState } from './job-words.ts'
import { JobHeader_job } from './JobHeader.vue'
import { JobProgress_job } from './JobProgress.vue'
import type { RateSample } from './rate-samples.ts'
import { addSample } from './rate-samples.ts'
import { useRememberedJob } from './remembered-job.ts'
import { JobLogEvent, useJobLog } from './use-job-log.ts'
import type { JobLog } from './use-job-log.ts'

const WatchedJob = graphql(
  `
    fragment WatchedJob on Job @_unmask {
      id
      kind
      state
      title
      lastSeq
      progress {
        done
        percent
        succeeded
        failed
        results
        ratePerSecond
      }
      ...JobHeader_job
      ...JobProgress_job
    }
  `,
  [JobHeader_job, JobProgress_job],
)
export type WatchedJob = ResultOf<typeof WatchedJob>

const JobQuery = graphql(
  `
    query Job($id: ID!) {
      job(id: $id) {
        ...WatchedJob
      }
    }
  `,
  [WatchedJob],
)

const JobEvents = graphql(
  `
    subscription JobEvents($id: ID!, $after: Float, $mostBehind: Int) {
      jobEvents(jobId: $id, after: $after, mostBehind: $mostBehind) {
        __typename
        ... on JobSnapshot {
          job {
            ...WatchedJob
          }
        }
        ... on JobEvent {
          ...JobLogEvent
        }
        ... on ResyncRequired {
          firstSeq
          lastSeq
        }
      }
    }
  `,
  [WatchedJob, JobLogEvent],
)

/** Of more events between two snapshots the rest is fetched by the page: one by one they would keep the figures waiting. */
const mostBehind = 100

export interface Job {
  id: string
  /** undefined: not known yet; null: there is no such job, or no more. */
  job: ComputedRef<WatchedJob | null | undefined>
  active: ComputedRef<boolean>
  /**
   * Shows a state that was asked for before the server has said so; undefined takes it back. Any change of the state ends it too, and
   * so does time, where the state was reached and left at once.
   */
  expectState(state: JobState | undefined): void
  /** A state is shown that the server has not confirmed. */
  expecting: ComputedRef<boolean>
  log: JobLog
  /** Rates met while this page is open. */
  samples: Readonly<ShallowRef<readonly RateSample[]>>
  query: Pick<LiveQuery<unknown>, 'loading' | 'error' | 'refresh'>
}

export const jobKey: InjectionKey<Job> = Symbol('job')

/**
 * A job as it is now, for as long as the calling component lives: through reconnects, a restart of the server, a pause and its
 * resume in another tab. Its id is all that is needed, so the address of the page finds it again after a reload or days later. While
 * it goes on it is remembered on the device under `persistKey`, where any later visit finds it.
 */
export function useJob(id: string, { persistKey }: { persistKey?: string } = {}): Job {
  const remembered = persistKey === undefined ? undefined : useRememberedJob(persistKey)
  const { client } = useClientHandle()
  const { data, loading, error, refresh } = useLiveQuery({ query: JobQuery, variables: { id } })
  const latest = shallowRef<WatchedJob | null>()
  const samples = shallowRef<readonly RateSample[]>([])
  const log = useJobLog(id, { onFlush: (events) => fillGap(beforeFirstGap(events)), begin })

  watch(data, (answer) => answer && accept(answer.job), { immediate: true })

  function accept(next: WatchedJob | null) {
    // Answers cross: a state that has been seen is not taken back by one that was read before it.
    if (next && latest.value && next.lastSeq < latest.value.lastSeq) return
    if (next && latest.value && next.state !== latest.value.state) expectState(undefined)
    latest.value = next
    if (remembered && next && isActive(next.state)) remembered.value = id
    if (next && isActive(next.state)) {
      samples.value = addSample(samples.value, { at: Date.now(), perSecond: next.progress.ratePerSecond ?? 0 })
    }
  }

  const expected = shallowRef<JobState>()
  let expectation: ReturnType<typeof setTimeout> | undefined
  function expectState(state: JobState | undefined) {
    clearTimeout(expectation)
    expected.value = state
    if (state) expectation = setTimeout(() => (expected.value = undefined), 5_000)
  }

  let stopFollowing: (() => void) | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  /** The log is being loaded, to be followed from its end then. */
  let beginning = false
  /** It was loaded: there is an end from which to go on. */
  let begun = false

  async function begin() {
    // Where somebody is forgotten meanwhile, what is under way is asked for once more by itself: see late-answers.ts.
    if (beginning) return
    beginning = true
    begun = false
    clearTimeout(retry)
    // What it brings meanwhile would be put into a log that begins anew.
    stopFollowing?.()
    // What was passed over is loaded with the rest.
    clearTimeout(anotherTry)
    behind = false
    const lastSeq = await log.reload()
    beginning = false
    if (disposed) return
    begun = lastSeq !== undefined
    if (lastSeq !== undefined) return follow(lastSeq)
    // Nothing else tells how the job is meanwhile, or that it is there no more.
    refresh()
    retry = setTimeout(goOn, 3_000)
  }

  /** Listens to what comes behind a number. The API client moves `after` on, so that a reconnect goes on where it stopped. */
  function follow(after: number) {
    clearTimeout(retry)
    stopFollowing?.()
    let over = false
    /** Number of the last event that was told, or passed over. */
    let told = after
    const subscription = client
      .subscription(JobEvents, { id, after, mostBehind })
      .subscribe(({ data: answer, error: refused, hasNext }) => {
        if (over) return
        const message = answer?.jobEvents
        if (message?.__typename === 'JobSnapshot') accept(message.job)
        if (message?.__typename === 'JobEvent') {
          told = message.seq
          log.add(message)
        }
        if (message?.__typename === 'ResyncRequired') {
          const { firstSeq, lastSeq } = message
          const isThere = firstSeq <= told + 1 && lastSeq >= told
          told = lastSeq
          if (isThere) return void catchUp()
          stopFollowing?.()
          refresh()
          void begin()
        } else if (refused || !hasNext || message?.__typename === 'NotFound') {
          stopFollowing?.()
          onOver()
        }
      })
    stopFollowing = () => {
      over = true
      stopFollowing = undefined
      subscription.unsubscribe()
    }
  }

  /** The stream has passed over events that the log has not fetched yet. */
  let behind = false
  let catchingUp = false
  let anotherTry: ReturnType<typeof setTimeout> | undefined
  /** Fetches what the stream passes over, which goes on meanwhile and tells how the job is. */
  async function catchUp() {
    clearTimeout(anotherTry)
    behind = true
    if (catchingUp) return
    catchingUp = true
    while (behind && !disposed && latest.value !== null) {
      behind = false
      if (await log.catchUp()) continue
      behind = true
      anotherTry = setTimeout(() => void catchUp(), 3_000)
      break
    }
    catchingUp = false
  }

  /** The server has ended the stream, which outlives the end of the job: because the job was deleted, or by a fault. */
  function onOver() {
    refresh()
    retry = setTimeout(goOn, 2_000)
  }

  function goOn() {
    if (stopFollowing || latest.value === null) return
    if (begun) follow(log.events.value.at(-1)?.seq ?? 0)
    else void begin()
  }

  const gapsTried = new Set<number>()
  function fillGap(before: number | undefined) {
    if (before === undefined || gapsTried.has(before)) return
    gapsTried.add(before)
    follow(before)
  }

  useOnReconnect(() => {
    if (behind) void catchUp()
    goOn()
  })

  useOnForgotten(() => void begin())

  let disposed = false
  onScopeDispose(() => {
    disposed = true
    clearTimeout(retry)
    clearTimeout(anotherTry)
    clearTimeout(expectation)
    stopFollowing?.()
  })
  void begin()

  const job = computed(() =>
    latest.value && expected.value ? { ...latest.value, state: expected.value } : latest.value,
  )
  return {
    id,
    job,
    active: computed(() => (job.value ? isActive(job.value.state) : false)),
    expectState,
    expecting: computed(() => expected.value !== undefined),
    log,
    samples,
    query: { loading, error, refresh },
  }
}

/** The job of the page around this tab. */
export function useShownJob(): Job & { shown: Ref<WatchedJob> } {
  const shownJob = inject(jobKey)
  if (!shownJob) throw new Error('This is shown inside a job page')
  return { ...shownJob, shown: computed(() => shownJob.job.value!) }
}
