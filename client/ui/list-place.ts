import { computed } from 'vue'
import type { ComputedRef } from 'vue'

import type { CursorPlace } from './cursor-paging.ts'
import { useUrlQuery } from './url-query.ts'

/** Where a list stands, as it says in the address bar. */
export function useListPlace(): {
  place: ComputedRef<CursorPlace>
  /** It shows what arrives; rows of a later page stay as they are while somebody reads them. */
  atStart: ComputedRef<boolean>
  /** A step that Back undoes. */
  go(place: CursorPlace): void
  /** Without a step: paging back has arrived at the beginning. */
  returnToStart(): void
} {
  const url = useUrlQuery()
  const place = computed<CursorPlace>(() => ({ after: url.read('after'), before: url.read('before') }))
  return {
    place,
    atStart: computed(() => !place.value.after && !place.value.before),
    go: ({ after, before }) => url.write({ after, before }, { push: true }),
    returnToStart: () => url.write({ before: undefined }),
  }
}
