import type { CombinedError } from '@urql/core'
import { useClientHandle } from '@urql/vue'
import type { ResultOf } from 'gql.tada'
import { onScopeDispose, ref, shallowRef } from 'vue'
import type { Ref, ShallowRef } from 'vue'

import { graphql } from '../graphql.ts'
import { beforeFirstGap, mergeEvents } from './event-log.ts'

export const JobLogEvent = graphql(`
  fragment JobLogEvent on JobEvent @_unmask {
    seq
    type
    at
    message
    shard
    workerId
    item
    url
    category
    httpStatus
    counts
  }
`)
export type LogEvent = ResultOf<typeof JobLogEvent>

export const JobHistory = graphql(
  `
    query JobHistory($id: ID!, $last: Int!, $before: String, $filter: JobEventFilter) {
      job(id: $id) {
        events(last: $last, before: $before, filter: $filter) {
          nodes {
            ...JobLogEvent
          }
          pageInfo {
            hasPreviousPage
            startCursor
          }
        }
      }
    }
  `,
  [JobLogEvent],
)

const pageSize = 200
/** What is missed is fetched in so many pages at most; where more has happened, the log begins anew with them. */
const pagesMissed = 25
/** More than anybody reads, and little enough for a tab that is left open for days. */
const mostHeld = 20_000
/** Events of a busy job are put on the screen together. */
const flushEveryMs = 120

export interface JobLog {
  /** Ascending and without a double. */
  events: Readonly<ShallowRef<readonly LogEvent[]>>
  hasEarlier: Readonly<Ref<boolean>>
  loading: Readonly<Ref<boolean>>
  /** The page that was asked for last could not be read. */
  failure: Readonly<ShallowRef<CombinedError | undefined>>
  loadEarlier(): Promise<void>
  /** How often it has begun anew, with a hole between what it held and what it holds. */
  beginnings: Readonly<Ref<number>>
  /** Forgets everything and begins with the newest page. Returns the last number known, or undefined if the server gave no answer. */
  reload(): Promise<number | undefined>
  /** Fetches what has happened since, by the page; what arrives waits for it. False if the server gave no answer: then it goes on waiting. */
  catchUp(): Promise<boolean>
  add(event: LogEvent): void
}

/**
 * The events of a job that this page holds: the newest page of the history, earlier ones on demand, and what arrives. `begin` loads that first
 * page by `reload` and sees to what arrives behind it.
 */
export function useJobLog(
  id: string,
  { onFlush, begin }: { onFlush(events: readonly LogEvent[]): void; begin(): Promise<void> },
): JobLog {
  const { client } = useClientHandle()
  const events = shallowRef<readonly LogEvent[]>([])
  const hasEarlier = ref(false)
  const loading = ref(false)
  const failure = shallowRef<CombinedError>()
  const beginnings = ref(0)
  let startCursor: string | undefined
  /** It has begun anew: the answer to what was asked before would leave a hole, and may name somebody who was forgotten meanwhile. */
  let turn = 0
  let arrived: LogEvent[] = []
  /** There is a hole behind this number: what arrives waits. */
  let hole: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(timer))

  function flush() {
    take()
    onFlush(events.value)
  }

  /** Puts what has arrived where it belongs. */
  function take() {
    clearTimeout(timer)
    timer = undefined
    const merged = mergeEvents(events.value, arrived)
    arrived = []
    if (merged.length > mostHeld) {
      merged.splice(0, merged.length - mostHeld * 0.75)
      // Cursors belong to pages, and the page of this one is gone: earlier events begin with the newest page again.
      startCursor = undefined
      hasEarlier.value = true
    }
    events.value = merged
  }

  function fetchPage(before: string | undefined) {
    return client.query(JobHistory, { id, last: pageSize, before }, { requestPolicy: 'network-only' }).toPromise()
  }

  async function loadPage(before: string | undefined): Promise<boolean> {
    const mine = turn
    loading.value = true
    const { data, error } = await fetchPage(before)
    if (mine !== turn) return false
    loading.value = false
    failure.value = error
    if (!data?.job) return false
    const { nodes, pageInfo } = data.job.events
    events.value = mergeEvents(events.value, nodes)
    hasEarlier.value = pageInfo.hasPreviousPage
    startCursor = pageInfo.startCursor ?? undefined
    return true
  }

  async function catchUp() {
    if (hole === undefined) {
      take()
      hole = beforeFirstGap(events.value) ?? lastSeq()
    }
    const mine = turn
    let missed: LogEvent[] = []
    let before: string | undefined
    for (let pages = 0; pages < pagesMissed; pages++) {
      const { data, error } = await fetchPage(before)
      if (mine !== turn) return true
      if (error || !data?.job) return false
      const { nodes, pageInfo } = data.job.events
      missed = [...nodes, ...missed]
      before = pageInfo.startCursor ?? undefined
      if (!pageInfo.hasPreviousPage || (nodes[0]?.seq ?? 0) <= hole + 1) {
        hole = undefined
        events.value = mergeEvents(events.value, missed)
        take()
        return true
      }
    }
    turn++
    hole = undefined
    loading.value = false
    failure.value = undefined
    events.value = missed
    startCursor = before
    hasEarlier.value = true
    beginnings.value++
    take()
    return true
  }

  function lastSeq(): number {
    return events.value.at(-1)?.seq ?? 0
  }

  async function reload() {
    turn++
    hole = undefined
    startCursor = undefined
    events.value = []
    arrived = []
    beginnings.value++
    const loaded = await loadPage(undefined)
    return loaded ? lastSeq() : undefined
  }

  return {
    events,
    hasEarlier,
    loading,
    failure,
    beginnings,
    reload,
    catchUp,
    async loadEarlier() {
      if (loading.value) return
      if (startCursor === undefined) await begin()
      else await loadPage(startCursor)
    },
    add(event) {
      arrived.push(event)
      if (hole === undefined) timer ??= setTimeout(flush, flushEveryMs)
    },
  }
}
