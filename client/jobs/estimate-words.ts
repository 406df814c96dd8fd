import { formatAbout, formatCount, formatCounted } from '../ui/format.ts'
import type { KindWords } from './job-words.ts'

interface Estimate {
  items: number | null
  fresh: number | null
  known: number | null
  repeated: number | null
  unusable: number | null
  paidCalls: number | null
  seconds: number | null
}

/** `at most 50 pages, about 49 s`; `12 rows, 7 new, 3 known already, 2 repeated, at most 7 paid calls`. */
export function wordsOfEstimate(
  { items, fresh, known, repeated, unusable, paidCalls, seconds }: Estimate,
  { item, unusable: whatIsUnusable }: Pick<KindWords, 'item' | 'unusable'>,
): string {
  const most = fresh === null ? 'at most ' : ''
  return [
    items !== null && most + formatCounted(items, ...item),
    fresh !== null && `${formatCount(fresh)} new`,
    known !== null && `${formatCount(known)} known already`,
    repeated && `${formatCount(repeated)} repeated`,
    unusable && formatCounted(unusable, ...whatIsUnusable),
    paidCalls !== null && `at most ${formatCounted(paidCalls, 'paid call')}`,
    items === null && fresh !== null && 'and more',
    seconds !== null && seconds > 0 && `about ${formatAbout(seconds)}`,
  ]
    .filter(Boolean)
    .join(', ')
}
