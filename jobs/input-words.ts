import type { z } from 'zod'

/** What an input breaks, in words for people; undefined where the schema's own say it as well. For `safeParse`, which prefers words that a field brings. */
export function inputWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'too_small') return `This must ${bound(issue.origin, 'least', issue.minimum)}.`
  if (issue.code === 'too_big') return `This must ${bound(issue.origin, 'most', issue.maximum)}.`
  return issue.code === 'invalid_type' && issue.expected === 'int' ? 'This must be a whole number.' : undefined
}

function bound(origin: string, which: 'least' | 'most', limit: number | bigint): string {
  const count = Number(limit).toLocaleString('en')
  if (origin === 'string') return `have at ${which} ${count} ${limit === 1 ? 'character' : 'characters'}`
  if (origin === 'array') return `have at ${which} ${count} ${limit === 1 ? 'entry' : 'entries'}`
  return `be at ${which} ${count}`
}
