import { onScopeDispose, ref } from 'vue'
import type { Ref } from 'vue'

/** Whether the window is narrower than what the classes with `sm:` are for. */
export function useNarrow(): Readonly<Ref<boolean>> {
  const query = matchMedia('(width < 40rem)')
  const isNarrow = ref(query.matches)
  const look = () => (isNarrow.value = query.matches)
  query.addEventListener('change', look)
  onScopeDispose(() => query.removeEventListener('change', look))
  return isNarrow
}
