import { onScopeDispose, ref } from 'vue'
import type { Ref } from 'vue'

interface Clock {
  now: Ref<number>
  users: number
  timer: ReturnType<typeof setInterval> | undefined
}

const clocks = new Map<number, Clock>()

/** The present as epoch milliseconds, moving on every `everyMs`; all who ask for one pace share one timer. */
export function useNow(everyMs = 5_000): Readonly<Ref<number>> {
  const clock = clocks.get(everyMs) ?? { now: ref(Date.now()), users: 0, timer: undefined }
  clocks.set(everyMs, clock)
  if (clock.users++ === 0) {
    clock.now.value = Date.now()
    clock.timer = setInterval(() => (clock.now.value = Date.now()), everyMs)
  }
  onScopeDispose(() => {
    if (--clock.users === 0) clearInterval(clock.timer)
  })
  return clock.now
}
