import { computed } from 'vue'
import type { ComputedRef, WritableComputedRef } from 'vue'

import { useUrlChoice, useUrlQuery, useUrlText } from '../ui/url-query.ts'
import type { VerificationReason, VerificationStatus } from './verdict-words.ts'
import { reasonMeanings } from './verdict-words.ts'

export const statusChoices = ['all', 'valid', 'risky', 'invalid', 'unknown'] as const
export type StatusChoice = (typeof statusChoices)[number]

/** As the API takes it; what is undefined lets everything through. */
export interface VerdictFilter {
  status?: VerificationStatus[] | undefined
  reason?: VerificationReason[] | undefined
  domain?: string | undefined
  text?: string | undefined
}

/** The filters of the verdicts of a job, as they stand in the address bar. */
export function useVerdictFilter(): {
  status: WritableComputedRef<StatusChoice>
  /** In lower case; empty: any. */
  reason: WritableComputedRef<string>
  domain: WritableComputedRef<string>
  text: WritableComputedRef<string>
  filter: ComputedRef<VerdictFilter>
  filtered: ComputedRef<boolean>
  clear(): void
} {
  const url = useUrlQuery()
  const status = useUrlChoice('status', statusChoices, 'all')
  const reason = useUrlText('reason')
  const domain = useUrlText('domain')
  const text = useUrlText('q')
  const filter = computed<VerdictFilter>(() => ({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the choices are the statuses in lower case
    status: status.value === 'all' ? undefined : [status.value.toUpperCase() as VerificationStatus],
    reason: reasonOf(reason.value),
    domain: domain.value || undefined,
    text: text.value || undefined,
  }))
  return {
    status,
    reason,
    domain,
    text,
    filter,
    filtered: computed(() => Object.values(filter.value).some((value) => value !== undefined)),
    clear() {
      const names = ['status', 'reason', 'domain', 'q', 'after', 'before']
      url.write(Object.fromEntries(names.map((name) => [name, undefined])))
    },
  }
}

/** One that nobody knows lets everything through, as an old link may hold it. */
function reasonOf(typed: string): VerificationReason[] | undefined {
  const name = typed.toUpperCase()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is a key of the record
  return Object.hasOwn(reasonMeanings, name) ? [name as VerificationReason] : undefined
}
