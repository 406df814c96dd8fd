import type { Seen } from './evidence.ts'
import type { Policy } from './policy.ts'
import type { Flags, Reason } from './terms.ts'

/** 0 to 100, whole: where the reason starts, plus and minus what is known of the address, within the reason's cap. */
export function score(reason: Reason, flags: Flags, seen: Seen | undefined, policy: Policy, now: Date): number {
  const { score: base, scoreCap } = policy.reasons[reason]
  const points = policy.score
  let sum = base
  if (flags.role) sum -= points.role
  if (flags.gibberish) sum -= points.gibberish
  if (seen !== undefined) {
    if (seen.ownSite && seen.stillOnPage) sum += points.ownSiteStillOnPage
    sum += Math.min(Math.max(seen.sources - 1, 0) * points.furtherSource, points.furtherSourcesAtMost)
    if (seen.patternMatch) sum += points.patternMatch
    if (seen.nameMatch) sum += points.nameMatch
    if (seen.generatedOnly) sum -= points.generatedOnly
    if (seen.lastSeenAt !== null && now.getTime() - Date.parse(seen.lastSeenAt) > points.notSeenForMs)
      sum -= points.notSeen
  }
  return Math.round(Math.max(0, Math.min(sum, scoreCap ?? 100, 100)))
}
