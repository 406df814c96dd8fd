import type { CombinedError } from '@urql/core'
import { useClientHandle } from '@urql/vue'
import { computed, onScopeDispose, shallowRef, toValue, watch } from 'vue'
import type { ComputedRef, MaybeRefOrGetter } from 'vue'

import { useOnReconnect } from '../connection.ts'
import { filtersNothing, passes } from './event-filter.ts'
import type { EventFilter } from './event-filter.ts'
import { mergeEvents } from './event-log.ts'
import { JobHistory } from './use-job-log.ts'
import type { JobLog, LogEvent } from './use-job-log.ts'

const pageSize = 200

/**
 * The part of a job's log that a filter lets through: its own pages of the history, of the whole log and not only of what is loaded,
 * and what arrives. Without a filter it is the log itself.
 */
export function useFilteredLog(
  id: string,
  log: JobLog,
  filter: MaybeRefOrGetter<EventFilter>,
): {
  rows: ComputedRef<readonly LogEvent[]>
  hasEarlier: ComputedRef<boolean>
  loading: ComputedRef<boolean>
  /** The page that was asked for last could not be read: what fits may be missing. `loadEarlier` asks for it once more. */
  failure: ComputedRef<CombinedError | undefined>
  loadEarlier(): Promise<void>
} {
  const { client } = useClientHandle()
  const history = shallowRef<readonly LogEvent[]>([])
  const hasEarlier = shallowRef(false)
  const loading = shallowRef(false)
  const failure = shallowRef<CombinedError>()
  let startCursor: string | undefined
  /** A later filter has begun: the answer to an earlier one is of no use. */
  let turn = 0
  onScopeDispose(() => turn++)

  const off = computed(() => filtersNothing(toValue(filter)))

  async function load(before: string | undefined) {
    const { types, text } = toValue(filter)
    const mine = turn
    loading.value = true
    const { data, error } = await client
      .query(
        JobHistory,
        {
          id,
          last: pageSize,
          before,
          filter: { type: types.length > 0 ? [...types] : undefined, text: text || undefined },
        },
        { requestPolicy: 'network-only' },
      )
      .toPromise()
    if (mine !== turn) return
    loading.value = false
    // An answer with errors has holes where the faults were: a null there does not mean that there is nothing.
    failure.value = error
    if (error || !data?.job) return
    const { nodes, pageInfo } = data.job.events
    history.value = mergeEvents(history.value, nodes)
    hasEarlier.value = pageInfo.hasPreviousPage
    startCursor = pageInfo.startCursor ?? undefined
  }

  watch(
    [() => toValue(filter), log.beginnings],
    () => {
      turn++
      history.value = []
      hasEarlier.value = false
      failure.value = undefined
      startCursor = undefined
      if (!off.value) void load(undefined)
    },
    { immediate: true },
  )

  useOnReconnect(() => {
    if (failure.value) void load(startCursor)
  })

  return {
    rows: computed(() => {
      if (off.value) return log.events.value
      const { types, text } = toValue(filter)
      const arrived = log.events.value.filter((event) => passes(event, { types, text }))
      return mergeEvents(history.value, arrived)
    }),
    hasEarlier: computed(() => (off.value ? log.hasEarlier.value : hasEarlier.value)),
    loading: computed(() => (off.value ? log.loading.value : loading.value)),
    failure: computed(() => (off.value ? log.failure.value : failure.value)),
    async loadEarlier() {
      if (off.value) await log.loadEarlier()
      else if (!loading.value) await load(startCursor)
    },
  }
}
