import type { AnyVariables, CombinedError, DocumentInput } from '@urql/core'
import { computed } from 'vue'
import type { ComputedRef } from 'vue'

import { useLiveQuery } from './live-query.ts'
import { pageArguments } from './ui/cursor-paging.ts'
import type { PageArguments, PageInfo } from './ui/cursor-paging.ts'
import { useListPlace } from './ui/list-place.ts'

const pageSize = 50

interface Connection<Row> {
  nodes: readonly Row[]
  pageInfo: PageInfo
  totalCount?: number | null
}

/** What ListFrame shows of a list besides its rows. */
export interface ListState {
  /** How many are shown; undefined: nothing has come yet. */
  rows: number | undefined
  info: PageInfo | undefined
  loading: boolean
  stale: boolean
  error: CombinedError | undefined
  /** The newest first, of a list in the order of finding. */
  reversed: boolean
}

/** A page of a list whose place is in the address bar, and that stays right as `useLiveQuery` does. */
export function useLiveList<Data, Variables extends AnyVariables, Row>(args: {
  query: DocumentInput<Data, Variables>
  variables: (page: PageArguments) => Variables
  /** Where the list stands in an answer. */
  connection: (data: Data) => Connection<Row> | null | undefined
  reversed?: () => boolean
  everyMs?: number
}): {
  /** In the order on the screen. */
  rows: ComputedRef<readonly Row[] | undefined>
  /** All rows, where they are one page. */
  whole: ComputedRef<readonly Row[] | undefined>
  totalCount: ComputedRef<number | null | undefined>
  state: ComputedRef<ListState>
  /** It shows what arrives; rows of a later page stay as they are while somebody reads them. */
  atStart: ComputedRef<boolean>
  refresh: () => void
} {
  const { place, atStart } = useListPlace()
  const reversed = computed(() => args.reversed?.() ?? false)
  const { data, loading, stale, error, refresh } = useLiveQuery({
    query: args.query,
    everyMs: args.everyMs,
    variables: computed(() => args.variables(pageArguments(place.value, pageSize, reversed.value))),
  })
  const found = computed(() => (data.value === undefined ? undefined : args.connection(data.value)))
  const rows = computed(() => (reversed.value ? found.value?.nodes.toReversed() : found.value?.nodes))
  return {
    rows,
    whole: computed(() => {
      if (!found.value || stale.value || !atStart.value) return undefined
      const { hasNextPage, hasPreviousPage } = found.value.pageInfo
      return hasNextPage || hasPreviousPage ? undefined : found.value.nodes
    }),
    totalCount: computed(() => found.value?.totalCount),
    state: computed(() => ({
      rows: rows.value?.length,
      info: found.value?.pageInfo,
      loading: loading.value,
      stale: stale.value,
      error: error.value,
      reversed: reversed.value,
    })),
    atStart,
    refresh,
  }
}
