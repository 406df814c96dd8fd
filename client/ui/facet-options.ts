import type { FacetCount } from './count-facets.ts'
import { formatCount } from './format.ts'

/** Choices of a filter, each with how many there are of it. What is chosen stays a choice where there is none of it. */
export function facetOptions(
  any: string,
  chosen: string,
  counts: readonly FacetCount[] = [],
  { words = (value: string) => value, exact = true } = {},
): { value: string; label: string }[] {
  const missing = chosen !== '' && counts.every(({ value }) => value !== chosen)
  const counted = ({ value, count }: FacetCount) => `${words(value)} (${exact ? '' : '≥ '}${formatCount(count)})`
  return [
    { value: '', label: any },
    ...(missing ? [{ value: chosen, label: words(chosen) }] : []),
    ...counts.map((count) => ({ value: count.value, label: counted(count) })),
  ]
}
