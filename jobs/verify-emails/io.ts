import { Resolver } from 'node:dns/promises'

import {
  claimDomains,
  type DomainClaim,
  type KnownDomain,
  knownDomains,
  type NewFacts,
  releaseDomains,
  renewDomainClaims,
  saveDomainFacts,
} from '../../db/domain-facts.ts'
import { findVerifyList, type ListRange, type OpenItem, openItems, type VerifyList } from '../../db/verify-lists.ts'
import { defaultPolicy, type Policy } from '../engines/verify/policy.ts'
import type { IoDeps } from '../job-kind.ts'
import { createDomainAsker, type DnsDoor } from './ask-domain.ts'
import type { VerifyRules } from './verify-batch.ts'

/** What a verification sees of the world. */
export interface VerifyIo {
  policy: Policy
  now(): Date

  list(jobId: number): Promise<VerifyList | undefined>
  openItems(jobId: number, range: ListRange): Promise<OpenItem[]>

  knownDomains(domains: readonly string[], rules: VerifyRules): Promise<Map<string, KnownDomain>>
  claimDomains(domains: readonly string[], lease: string, rules: VerifyRules): Promise<DomainClaim[]>
  renewDomains(lease: string): Promise<void>
  saveDomains(lease: string, facts: readonly NewFacts[]): Promise<void>
  releaseDomains(lease: string, domains: readonly string[]): Promise<void>
  /** Asks DNS where the mail of a domain goes. `faults`: in a row so far. Undefined where the signal trips first. */
  askDomain(domain: string, faults: number, signal: AbortSignal): Promise<NewFacts | undefined>
}

export function verifyIo({ db, workerId, now, settings }: IoDeps): VerifyIo {
  const policy = defaultPolicy
  const { dnsServers, ownHosts } = settings
  const askDomain = createDomainAsker({ dns: openDns(dnsServers), policy, now, ownHosts, smtpPort: 25 })
  return {
    policy,
    now,
    list: (jobId) => findVerifyList(db, jobId),
    openItems: (jobId, range) => openItems(db, jobId, range, range.to - range.from),
    knownDomains: (domains, rules) => knownDomains(db, domains, rules),
    claimDomains: (domains, lease, rules) => claimDomains(db, domains, { ...rules, lease, workerId: workerId() }),
    renewDomains: (lease) => renewDomainClaims(db, workerId(), lease),
    saveDomains: (lease, facts) => saveDomainFacts(db, lease, facts),
    releaseDomains: (lease, domains) => releaseDomains(db, lease, domains),
    askDomain,
  }
}

/** The system's resolvers unless others are named, as `address` or `address:port`. */
function openDns(servers: readonly string[]): DnsDoor {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 })
  if (servers.length > 0) resolver.setServers([...servers])
  return {
    mx: (domain) => resolver.resolveMx(domain),
    a: (host) => resolver.resolve4(host),
    aaaa: (host) => resolver.resolve6(host),
  }
}
