import { formatAbout, formatCount, formatCounted } from '../ui/format.ts'
import type { KindWords } from './job-words.ts'
import type { Estimate } from './use-input-check.ts'

/** `at most 50 pages, about 49 s`; `12 entries: 10 results (7 new, 3 known already), 2 skipped (2 repeated), at most 7 paid calls`. */
export function wordsOfEstimate(
  { items, fresh, known, unusable, repeated, empty, suppressed, paidCalls, seconds }: Omit<Estimate, 'basis'>,
  { item, result, unusable: whatIsUnusable }: Pick<KindWords, 'item' | 'result' | 'unusable'>,
): string {
  const most = fresh === null ? 'at most ' : ''
  const of = items !== null && most + formatCounted(items, ...item)
  const comesTo = [
    ...(fresh === null || known === null
      ? [unusable && formatCounted(unusable, ...whatIsUnusable)]
      : [
          summed(fresh + known + (unusable ?? 0), result, [
            `${formatCount(fresh)} new`,
            `${formatCount(known)} known already`,
            unusable && formatCounted(unusable, ...whatIsUnusable),
          ]),
          summed(
            (repeated ?? 0) + (empty ?? 0) + (suppressed ?? 0),
            ['skipped', 'skipped'],
            [
              repeated && `${formatCount(repeated)} repeated`,
              empty && `${formatCount(empty)} empty`,
              suppressed && `${formatCount(suppressed)} suppressed`,
            ],
          ),
        ]),
    paidCalls !== null && `at most ${formatCounted(paidCalls, 'paid call')}`,
    items === null && fresh !== null && 'and more',
    seconds !== null && seconds > 0 && `about ${formatAbout(seconds)}`,
  ]
    .filter(Boolean)
    .join(', ')
  return [of, comesTo].filter(Boolean).join(fresh === null ? ', ' : ': ')
}

/** `3 skipped (2 repeated, 1 empty)`: the parts add up to it. */
function summed(count: number, words: KindWords['result'], parts: (string | 0 | null)[]): string | false {
  return count > 0 && `${formatCounted(count, ...words)} (${parts.filter(Boolean).join(', ')})`
}
