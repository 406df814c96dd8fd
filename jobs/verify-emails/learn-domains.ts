import { randomUUID } from 'node:crypto'

import type { KnownDomain, NewFacts } from '../../db/domain-facts.ts'
import type { VerifyIo } from './io.ts'
import type { VerifyRules } from './verify-batch.ts'

const claimedAtOnce = 1_000
/** Then what has been learnt is used first. */
const longEnoughMs = 1_000
const renewEveryMs = 15_000

export interface LearntDomains {
  known: Map<string, KnownDomain>
  /** Somebody else is asking about so many right now. */
  held: number
}

/**
 * What is known of these domains. DNS is asked about each once, over all shards, jobs and workers: who claims it asks and stores the answer for all, at once and
 * outside of any step. `remembered`: what need not be read again. Ends early after a while and when the signal trips; what was claimed and not asked is given back.
 */
export async function learnDomains(
  io: VerifyIo,
  signal: AbortSignal,
  domains: readonly string[],
  rules: VerifyRules,
  remembered: Map<string, KnownDomain>,
): Promise<LearntDomains> {
  const known = new Map<string, KnownDomain>()
  const learn = (learnt: ReadonlyMap<string, KnownDomain>) => {
    for (const [domain, facts] of learnt) {
      known.set(domain, facts)
      if (facts.faults === 0) remembered.set(domain, facts)
    }
  }
  for (const domain of domains) {
    const facts = remembered.get(domain)
    if (facts && holds(facts, rules)) known.set(domain, facts)
  }
  const unread = domains.filter((domain) => !known.has(domain))
  learn(await io.knownDomains(unread, rules))
  const missing = domains.filter((domain) => !known.has(domain))
  const enough = performance.now() + longEnoughMs
  let held = 0
  for (let at = 0; at < missing.length && !signal.aborted && performance.now() < enough; at += claimedAtOnce) {
    const portion = missing.slice(at, at + claimedAtOnce)
    const learnt = await askAbout(io, signal, portion, rules)
    learn(learnt)
    held += portion.length - learnt.size
  }
  return { known, held }
}

function holds({ holdsUntil, askedAt }: KnownDomain, { now, notBefore }: VerifyRules): boolean {
  return holdsUntil > now && (notBefore === null || askedAt >= notBefore)
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
  const askedAt = io.now()
  try {
    const asked = claims.map(async ({ domain, faults, catchAll, catchAllAt }) => {
      const facts = await io.askDomain(domain, { askedAt, faults }, signal)
      if (facts && !signal.aborted) learnt.set(domain, { ...facts, catchAll, catchAllAt })
    })
    await untilAborted(Promise.all(asked), signal)
  } finally {
    clearInterval(renewing)
    await io.saveDomains(lease, [...learnt.values()])
    const left = claims.map(({ domain }) => domain).filter((domain) => !learnt.has(domain))
    await io.releaseDomains(lease, left)
  }
  return learnt
}

async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => resolve()
  signal.addEventListener('abort', abort, { once: true })
  work.then(() => resolve(), reject)
  await promise.finally(() => signal.removeEventListener('abort', abort))
}
