import { computed, onMounted, onScopeDispose, ref } from 'vue'
import type { ComputedRef, Ref } from 'vue'

/** Which of many rows of one height are worth rendering: those in view and a few around. */
export function useVirtualRows(
  box: Readonly<Ref<HTMLElement | null>>,
  count: () => number,
  rowPx: () => number,
): {
  from: ComputedRef<number>
  to: ComputedRef<number>
  /** True where the last row is in view. */
  atEnd: ComputedRef<boolean>
  toEnd(): void
} {
  const around = 12
  const top = ref(0)
  const height = ref(600)

  function look() {
    if (!box.value) return
    top.value = box.value.scrollTop
    height.value = box.value.clientHeight
  }
  let observer: ResizeObserver | undefined
  onMounted(() => {
    look()
    box.value?.addEventListener('scroll', look, { passive: true })
    observer = new ResizeObserver(look)
    if (box.value) observer.observe(box.value)
  })
  onScopeDispose(() => observer?.disconnect())

  return {
    from: computed(() => Math.max(0, Math.floor(top.value / rowPx()) - around)),
    to: computed(() => Math.min(count(), Math.ceil((top.value + height.value) / rowPx()) + around)),
    atEnd: computed(() => top.value + height.value >= (count() - 1) * rowPx()),
    toEnd() {
      if (!box.value) return
      box.value.scrollTop = box.value.scrollHeight
      look()
    },
  }
}
