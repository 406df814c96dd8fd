import { computed } from 'vue'
import type { ComputedRef, WritableComputedRef } from 'vue'

import { useUrlChoice, useUrlQuery, useUrlText } from '../ui/url-query.ts'
import type { Quality } from './job-words.ts'

export const qualityChoices = ['all', 'high', 'medium', 'low'] as const
export type QualityChoice = (typeof qualityChoices)[number]

/** As the API takes it; what is undefined lets everything through. */
export interface EmailFilter {
  text?: string | undefined
  quality?: Quality[] | undefined
  method?: string[] | undefined
  domain?: string | undefined
}

/** The filters of a list of addresses, as they stand in the address bar. */
export function useResultFilter(): {
  quality: WritableComputedRef<QualityChoice>
  /** Empty: any. */
  method: WritableComputedRef<string>
  domain: WritableComputedRef<string>
  text: WritableComputedRef<string>
  filter: ComputedRef<EmailFilter>
  filtered: ComputedRef<boolean>
  /** By more than a text. */
  chosen: ComputedRef<boolean>
  clear(): void
} {
  const url = useUrlQuery()
  const quality = useUrlChoice('quality', qualityChoices, 'all')
  const method = useUrlText('method')
  const domain = useUrlText('domain')
  const text = useUrlText('q')
  const filter = computed<EmailFilter>(() => ({
    text: text.value || undefined,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the choices are the qualities in lower case
    quality: quality.value === 'all' ? undefined : [quality.value.toUpperCase() as Quality],
    method: method.value ? [method.value] : undefined,
    domain: domain.value || undefined,
  }))
  return {
    quality,
    method,
    domain,
    text,
    filter,
    filtered: computed(() => Object.values(filter.value).some((value) => value !== undefined)),
    chosen: computed(() => Boolean(filter.value.quality ?? filter.value.method ?? filter.value.domain)),
    clear() {
      const names = ['quality', 'method', 'domain', 'q', 'after', 'before']
      url.write(Object.fromEntries(names.map((name) => [name, undefined])))
    },
  }
}
