import type { AnyVariables, CombinedError, DocumentInput } from '@urql/core'
import { useQuery } from '@urql/vue'
import { computed, onScopeDispose, shallowRef, toValue, watch } from 'vue'
import type { ComputedRef, MaybeRefOrGetter, ShallowRef } from 'vue'

import { useConnection, useOnReconnect } from './connection.ts'

export interface LiveQuery<Data> {
  /** The last good answer: kept while a later one is under way or has failed. */
  data: Readonly<ShallowRef<Data | undefined>>
  /** Nothing to show yet. */
  loading: ComputedRef<boolean>
  /** What is shown belongs to other variables; the right one is on its way. */
  stale: ComputedRef<boolean>
  error: Readonly<ShallowRef<CombinedError | undefined>>
  /** Asks the server again: at once, then at most once in `everyMs` with the last wish never lost. */
  refresh: () => void
}

/** A query whose answer stays on the screen through outages, and that is asked again after a reconnect. */
export function useLiveQuery<Data, Variables extends AnyVariables>(args: {
  query: DocumentInput<Data, Variables>
  variables: MaybeRefOrGetter<Variables>
  pause?: MaybeRefOrGetter<boolean>
  everyMs?: MaybeRefOrGetter<number>
}): LiveQuery<Data> {
  const variables = computed(() => toValue(args.variables))
  const paused = computed(() => toValue(args.pause) ?? false)
  const result = useQuery<Data, Variables>({ query: args.query, variables, pause: paused })

  const data = shallowRef<Data>()
  const answered = shallowRef<string>()
  watch(
    [result.data, result.operation, result.error],
    ([next, operation, failed]) => {
      // An answer with errors has holes where the faults were: a null there does not mean that there is nothing.
      if (failed || next === undefined || next === null) return
      data.value = next
      answered.value = JSON.stringify(operation?.variables)
    },
    { immediate: true },
  )

  const connection = useConnection()
  const ask = throttle(
    () => toValue(args.everyMs) ?? 1_000,
    () => {
      // A reader who has stopped the page asks for nothing new; what they missed is asked for when they go on.
      if (!paused.value && connection.state.value !== 'paused') result.executeQuery({ requestPolicy: 'network-only' })
    },
  )
  onScopeDispose(ask.stop)
  useOnReconnect(ask.run)

  return {
    data,
    loading: computed(() => data.value === undefined && !result.error.value && !paused.value),
    stale: computed(() => data.value !== undefined && answered.value !== JSON.stringify(variables.value)),
    error: result.error,
    refresh: ask.run,
  }
}

function throttle(everyMs: () => number, act: () => void): { run: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let again = false
  function run() {
    if (timer) {
      again = true
      return
    }
    act()
    timer = setTimeout(() => {
      timer = undefined
      if (again) {
        again = false
        run()
      }
    }, everyMs())
  }
  return { run, stop: () => clearTimeout(timer) }
}
