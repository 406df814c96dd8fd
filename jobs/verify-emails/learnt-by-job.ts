import type { KnownDomain } from '../../db/domain-facts.ts'

/** Facts about domains that a process has met for a job, whose shards come back to the same domains: they need not be read again. */
export type LearntByJob = (jobId: number) => Map<string, KnownDomain>

const mostDomains = 30_000

/** Remembers for one job at a time: beside another one, what was forgotten is read once more. */
export function createLearntByJob(): LearntByJob {
  const learnt = { jobId: 0, domains: new Map<string, KnownDomain>() }
  return (jobId) => {
    if (learnt.jobId !== jobId || learnt.domains.size > mostDomains) learnt.domains = new Map()
    learnt.jobId = jobId
    return learnt.domains
  }
}
