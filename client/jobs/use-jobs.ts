import type { FragmentOf } from 'gql.tada'
import { computed, onScopeDispose, reactive, watch } from 'vue'
import type { ComputedRef, Ref } from 'vue'

import { graphql } from '../graphql.ts'
import { useLiveList } from '../live-list.ts'
import type { ListState } from '../live-list.ts'
import { useLiveQuery } from '../live-query.ts'
import type { JobState, StateGroup } from './job-words.ts'
import { stateGroups } from './job-words.ts'
import { JobRow_job } from './JobRow.vue'
import type { JobsFilter } from './jobs-filter.ts'
import { useJobFeed } from './use-job-feed.ts'

const JobsQuery = graphql(
  `
    query Jobs($filter: JobFilter, $first: Int, $after: String, $last: Int, $before: String) {
      jobs(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          state
          owner
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

const JobCounts = graphql(`
  query JobCounts($filter: JobFilter) {
    jobStats(filter: $filter) {
      groups {
        state
        jobs
      }
    }
  }
`)

/** A page of the list of jobs that moves by itself: rows change as their jobs do, new ones appear, deleted ones go. */
export function useJobs(filter: Readonly<Ref<JobsFilter>>): {
  rows: ComputedRef<{ id: string; owner: string; job: FragmentOf<typeof JobRow_job> }[] | undefined>
  totalCount: ComputedRef<number | null | undefined>
  /** Jobs in each group of states that pass the rest of the filter. */
  counts: ComputedRef<Record<StateGroup, number> | undefined>
  state: ComputedRef<ListState>
  atStart: ComputedRef<boolean>
  refresh: () => void
} {
  const list = useLiveList({
    query: JobsQuery,
    variables: (page) => ({ filter: filter.value, ...page }),
    connection: ({ jobs }) => jobs,
  })
  const {
    data: stats,
    stale: countedOthers,
    refresh: countAgain,
  } = useLiveQuery({
    query: JobCounts,
    variables: computed(() => ({ filter: { ...filter.value, state: undefined } })),
    everyMs: 2_000,
  })

  // What has changed since the page was asked for. The server's page replaces it.
  const changed = reactive(new Map<string, { state: JobState; job: FragmentOf<typeof JobRow_job> }>())
  const deleted = reactive(new Set<string>())
  watch(list.rows, () => {
    changed.clear()
    deleted.clear()
  })

  useJobFeed(({ job, deletedId, reload }) => {
    if (deletedId) deleted.add(deletedId)
    if (reload) list.refresh()
    if (deletedId || reload) countAgain()
    if (!job) return
    const known = list.rows.value?.find(({ id }) => id === job.id)
    if (job.state !== (changed.get(job.id) ?? known)?.state) countAgain()
    if (known) changed.set(job.id, { state: job.state, job })
    // New, or come under the filter: only the server knows where its place is.
    if (!known || changesPlace(known.state, job.state)) list.refresh()
  })
  // The feed may have dropped out without a word, in a laptop that slept: what runs is asked for now and then.
  const timer = setInterval(() => {
    if (!document.hidden && list.rows.value?.length) list.refresh()
  }, 60_000)
  onScopeDispose(() => clearInterval(timer))

  function changesPlace(before: JobState, now: JobState): boolean {
    const states = filter.value.state
    return states !== undefined && before !== now && states.includes(before) !== states.includes(now)
  }

  const rows = computed(() =>
    list.rows.value
      ?.filter(({ id }) => !deleted.has(id))
      .map((node) => ({ id: node.id, owner: node.owner, job: changed.get(node.id)?.job ?? node })),
  )
  const counts = computed(() => {
    const groups = stats.value?.jobStats.groups
    // What was counted for other filters says nothing of these.
    if (!groups || countedOthers.value) return undefined
    const jobsIn = (states: readonly JobState[] | undefined) =>
      groups.filter(({ state }) => states?.includes(state) ?? true).reduce((sum, { jobs }) => sum + jobs, 0)
    return mapValues(stateGroups, ({ states }) => jobsIn(states))
  })
  return {
    rows,
    counts,
    totalCount: list.totalCount,
    state: computed(() => ({ ...list.state.value, rows: rows.value?.length })),
    atStart: list.atStart,
    refresh: list.refresh,
  }
}

function mapValues<K extends string, In, Out>(record: Record<K, In>, change: (value: In) => Out): Record<K, Out> {
  const entries = Object.entries<In>(record).map(([key, value]) => [key, change(value)])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same keys as in the record
  return Object.fromEntries(entries) as Record<K, Out>
}
