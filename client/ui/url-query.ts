import { computed } from 'vue'
import type { WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** Filters, order and paging as they stand in the address bar, so that a view can be shared, reloaded and gone back to. */
export function useUrlQuery(): {
  read(name: string): string | undefined
  /** Changes several at once; undefined or '' takes one out. `push` makes a step that Back undoes. */
  write(changes: Record<string, string | undefined>, how?: { push?: boolean }): void
} {
  const route = useRoute()
  const router = useRouter()
  return {
    read(name) {
      const value = route.query[name]
      return (Array.isArray(value) ? value[0] : value) || undefined
    },
    write(changes, { push = false } = {}) {
      const query = { ...route.query }
      for (const [name, value] of Object.entries(changes)) {
        if (value) query[name] = value
        else delete query[name]
      }
      void router[push ? 'push' : 'replace']({ query, hash: route.hash })
    },
  }
}

/** One filter in the address bar, limited to known values. A change goes back to the first page. */
export function useUrlChoice<T extends string>(name: string, known: readonly T[], fallback: T): WritableComputedRef<T> {
  const url = useUrlQuery()
  return computed({
    get: () => known.find((value) => value === url.read(name)) ?? fallback,
    set: (value) => url.write({ [name]: value === fallback ? undefined : value, after: undefined, before: undefined }),
  })
}

/** Free text in the address bar. A change goes back to the first page. */
export function useUrlText(name: string): WritableComputedRef<string> {
  const url = useUrlQuery()
  return computed({
    get: () => url.read(name) ?? '',
    set: (value) => url.write({ [name]: value || undefined, after: undefined, before: undefined }),
  })
}
