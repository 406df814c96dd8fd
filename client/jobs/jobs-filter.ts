import { computed } from 'vue'
import type { ComputedRef, WritableComputedRef } from 'vue'

import { useUrlChoice, useUrlQuery, useUrlText } from '../ui/url-query.ts'
import type { JobKind, JobState, StateGroup } from './job-words.ts'
import { stateGroups } from './job-words.ts'

/** As the API takes it; what is undefined lets everything through. */
export interface JobsFilter {
  state?: JobState[] | undefined
  kind?: JobKind[] | undefined
  text?: string | undefined
  owner?: string | undefined
  createdFrom?: string | undefined
  createdTo?: string | undefined
}

/** Spans back from now; `between` takes two days from the address bar. */
export const timeSpans = {
  any: { label: 'Any time', hours: undefined },
  hour: { label: 'Last hour', hours: 1 },
  day: { label: 'Last 24 hours', hours: 24 },
  week: { label: 'Last 7 days', hours: 7 * 24 },
  month: { label: 'Last 30 days', hours: 30 * 24 },
  between: { label: 'Between two days', hours: undefined },
} as const
export type TimeSpan = keyof typeof timeSpans
const timeSpanNames = Object.keys(timeSpans) as TimeSpan[]
const groupNames = Object.keys(stateGroups) as StateGroup[]

/** The filters of the list of jobs, as they stand in the address bar. */
export function useJobsFilter(): {
  group: WritableComputedRef<StateGroup>
  /** Empty: all kinds. */
  kind: WritableComputedRef<string>
  text: WritableComputedRef<string>
  owner: WritableComputedRef<string>
  time: WritableComputedRef<TimeSpan>
  /** Days in the reader's time zone, as date inputs give them: 2026-11-26. The last one is included. */
  fromDay: WritableComputedRef<string>
  toDay: WritableComputedRef<string>
  filter: ComputedRef<JobsFilter>
  /** Whether anything is left out. */
  filtered: ComputedRef<boolean>
  clear(): void
} {
  const url = useUrlQuery()
  const group = useUrlChoice('state', groupNames, 'all')
  const kind = useUrlText('kind')
  const text = useUrlText('q')
  const owner = useUrlText('owner')
  const time = useUrlChoice('time', timeSpanNames, 'any')
  const fromDay = useUrlText('from')
  const toDay = useUrlText('to')

  const filter = computed<JobsFilter>(() => {
    const { states } = stateGroups[group.value]
    return {
      state: states && [...states],
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one that does not exist is refused by the server
      kind: kind.value ? [kind.value as JobKind] : undefined,
      text: text.value || undefined,
      owner: owner.value || undefined,
      ...timesOf(time.value, fromDay.value, toDay.value, Date.now()),
    }
  })
  return {
    group,
    kind,
    text,
    owner,
    time,
    fromDay,
    toDay,
    filter,
    filtered: computed(() => Object.values(filter.value).some((value) => value !== undefined)),
    clear() {
      const names = ['state', 'kind', 'q', 'owner', 'time', 'from', 'to', 'after', 'before']
      url.write(Object.fromEntries(names.map((name) => [name, undefined])))
    },
  }
}

/** Owners to choose from, among those of the jobs in view: none where there is nothing to choose. */
export function ownerChoices(chosen: string, owners: readonly string[]): { value: string; label: string }[] {
  const names = [...new Set(chosen ? [chosen, ...owners] : owners)].toSorted()
  if (names.length < 2 && !chosen) return []
  return [{ value: '', label: 'All owners' }, ...names.map((name) => ({ value: name, label: name }))]
}

/** The moments that a span means. A day that is no date means none. */
export function timesOf(
  span: TimeSpan,
  fromDay: string,
  toDay: string,
  nowMs: number,
): Pick<JobsFilter, 'createdFrom' | 'createdTo'> {
  const { hours } = timeSpans[span]
  if (hours !== undefined) return { createdFrom: new Date(nowMs - hours * 3_600_000).toISOString() }
  if (span !== 'between') return {}
  const from = startOf(fromDay)
  const to = startOf(toDay)
  to?.setDate(to.getDate() + 1)
  return { createdFrom: from?.toISOString(), createdTo: to?.toISOString() }
}

/** The day's first moment here. */
function startOf(day: string): Date | undefined {
  const date = new Date(`${day}T00:00:00`)
  return /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(date.getTime()) ? date : undefined
}
