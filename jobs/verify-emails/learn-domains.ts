import { randomUUID } from 'node:crypto'

import type { KnownDomain, NewFacts } from '../../db/domain-facts.ts'
import type { VerifyIo } from './io.ts'
import type { VerifyRules } from './verify-batch.ts'

/** Few enough to be asked well within the time for which they are claimed. */
const claimedAtOnce = 250
const renewEveryMs = 15_000

export interface LearntDomains {
  known: Map<string, KnownDomain>
  /** Somebody else is asking about these right now. */
  held: string[]
}

/**
 * What is known of these domains. DNS is asked about each once, over all shards, jobs and workers: who claims it asks and stores the answer for all, at once and
 * outside of any step. Ends early when the signal trips; what was claimed and not asked is given back.
 */
export async function learnDomains(
  io: VerifyIo,
  signal: AbortSignal,
  domains: readonly string[],
  rules: VerifyRules,
): Promise<LearntDomains> {
  const known = await io.knownDomains(domains, rules)
  const missing = domains.filter((domain) => !known.has(domain))
  const held: string[] = []
  for (let at = 0; at < missing.length && !signal.aborted; at += claimedAtOnce) {
    const portion = missing.slice(at, at + claimedAtOnce)
    const learnt = await askAbout(io, signal, portion, rules)
    for (const domain of portion) {
      const facts = learnt.get(domain)
      if (facts) known.set(domain, facts)
      else held.push(domain)
    }
  }
  return { known, held }
}

async function askAbout(
  io: VerifyIo,
  signal: AbortSignal,
  domains: readonly string[],
  rules: VerifyRules,
): Promise<Map<string, KnownDomain>> {
  const lease = randomUUID()
  const claims = await io.claimDomains(domains, lease, rules)
  if (claims.length === 0) return new Map()
  const renewing = setInterval(() => void io.renewDomains(lease).catch(() => {}), renewEveryMs)
  const learnt = new Map<string, KnownDomain & NewFacts>()
  try {
    await Promise.all(
      claims.map(async ({ domain, faults, catchAll, catchAllAt }) => {
        const facts = await io.askDomain(domain, faults, signal)
        if (facts) learnt.set(domain, { ...facts, catchAll, catchAllAt })
      }),
    )
  } finally {
    clearInterval(renewing)
    await io.saveDomains(lease, [...learnt.values()])
    const left = claims.map(({ domain }) => domain).filter((domain) => !learnt.has(domain))
    await io.releaseDomains(lease, left)
  }
  return learnt
}
