import type { FragmentOf } from 'gql.tada'
import { computed, onScopeDispose, reactive, toValue, watch } from 'vue'
import type { ComputedRef, MaybeRefOrGetter } from 'vue'

import { graphql } from '../graphql.ts'
import { useLiveQuery } from '../live-query.ts'
import type { LiveQuery } from '../live-query.ts'
import { pageArguments } from '../ui/cursor-paging.ts'
import type { CursorPlace, PageInfo } from '../ui/cursor-paging.ts'
import type { JobState } from './job-words.ts'
import { JobRow_job } from './JobRow.vue'
import { useJobFeed } from './use-job-feed.ts'

const JobsQuery = graphql(
  `
    query Jobs($filter: JobFilter, $first: Int, $after: String, $last: Int, $before: String) {
      jobs(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          state
          ...JobRow_job
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
        totalCount
      }
    }
  `,
  [JobRow_job],
)

const pageSize = 50

export interface JobsView {
  states: readonly JobState[] | undefined
  text: string
  place: CursorPlace
}

/** A page of the list of jobs that moves by itself: rows change as their jobs do, new ones appear, deleted ones go. */
export function useJobs(view: MaybeRefOrGetter<JobsView>): {
  rows: ComputedRef<{ id: string; job: FragmentOf<typeof JobRow_job> }[] | undefined>
  page: ComputedRef<{ info: PageInfo; totalCount: number | null } | undefined>
  query: Pick<LiveQuery<unknown>, 'loading' | 'stale' | 'error' | 'refresh'>
} {
  const { data, ...query } = useLiveQuery({
    query: JobsQuery,
    variables: computed(() => {
      const { states, text, place } = toValue(view)
      return {
        filter: { state: states && [...states], text: text || undefined },
        ...pageArguments(place, pageSize, false),
      }
    }),
  })

  // What has changed since the page was asked for. The server's page replaces it.
  const changed = reactive(new Map<string, { state: JobState; job: FragmentOf<typeof JobRow_job> }>())
  const deleted = reactive(new Set<string>())
  watch(data, () => {
    changed.clear()
    deleted.clear()
  })

  useJobFeed(({ job, deletedId, reload }) => {
    if (deletedId) deleted.add(deletedId)
    if (reload) query.refresh()
    if (!job) return
    const known = data.value?.jobs.nodes.find(({ id }) => id === job.id)
    if (known) changed.set(job.id, { state: job.state, job })
    // New, or come under the filter: only the server knows where its place is.
    if (!known || changesPlace(known.state, job.state)) query.refresh()
  })
  // The feed may have dropped out without a word, in a laptop that slept: what runs is asked for now and then.
  const timer = setInterval(() => {
    if (!document.hidden && (data.value?.jobs.nodes.length ?? 0) > 0) query.refresh()
  }, 60_000)
  onScopeDispose(() => clearInterval(timer))

  function changesPlace(before: JobState, now: JobState): boolean {
    const { states } = toValue(view)
    return states !== undefined && before !== now && states.includes(before) !== states.includes(now)
  }

  const rows = computed(() =>
    data.value?.jobs.nodes
      .filter(({ id }) => !deleted.has(id))
      .map((node) => ({ id: node.id, job: changed.get(node.id)?.job ?? node })),
  )
  return {
    rows,
    page: computed(() => data.value && { info: data.value.jobs.pageInfo, totalCount: data.value.jobs.totalCount }),
    query,
  }
}
