import { suffixFacts } from '../address/public-suffix.ts'
import type { Quality } from './found-email.ts'
import { gradeOf, leastConfidence } from './quality.ts'

/** So many sites that have nothing to do with each other do not share a mailbox: it is that of whoever made or hosts them. */
export const manySites = 5

/**
 * What an address is worth that a crawl met on pages of all these `sites` (registrable domains, or hosts with their port where there are none):
 * less where they are many and none of them is its own. Undefined where nothing changes.
 */
export function demoted(
  { confidence, domain }: { confidence: number; domain: string },
  sites: readonly string[],
): { confidence: number; quality: Quality; reason: string } | undefined {
  const distinct = new Set(sites.map(siteOf))
  if (distinct.size < manySites || distinct.has(siteOf(domain))) return undefined
  const less = Math.max(leastConfidence, Math.round((confidence - 0.3) * 100) / 100)
  return { confidence: less, quality: gradeOf(less), reason: `stands on ${distinct.size} sites, none of them its own` }
}

function siteOf(domain: string): string {
  return suffixFacts(domain).registrable ?? domain
}
