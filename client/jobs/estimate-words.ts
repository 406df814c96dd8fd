import { formatAbout, formatCount, formatCounted } from '../ui/format.ts'
import type { KindWords } from './job-words.ts'
import type { Estimate } from './use-input-check.ts'

/** `at most 50 pages, about 49 s`; `12 rows, 7 new, 3 known already, 2 repeated, at most 7 paid calls`. */
export function wordsOfEstimate(
  { items, fresh, known, repeated, unusable, paidCalls, seconds }: Omit<Estimate, 'basis'>,
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
