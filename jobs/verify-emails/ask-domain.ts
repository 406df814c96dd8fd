import type { NewFacts } from '../../db/domain-facts.ts'
import { specialRange } from '../engines/crawl/address-range.ts'
import { hostList } from '../engines/crawl/host-list.ts'
import type { MailRoute } from '../engines/verify/evidence.ts'
import { bothFamilies, type DnsAnswer, mailHosts, mailRoute, type MxRecord } from '../engines/verify/mail-route.ts'
import { mxOrganisation } from '../engines/verify/mx-organisation.ts'
import type { Policy } from '../engines/verify/policy.ts'
import { routeReason } from '../engines/verify/verdict.ts'
import { createGate } from './gate.ts'

/** Questions to DNS; they reject with the codes of `node:dns`. */
export interface DnsDoor {
  mx(domain: string): Promise<MxRecord[]>
  a(host: string): Promise<string[]>
  aaaa(host: string): Promise<string[]>
}

export interface AskOptions {
  dns: DnsDoor
  policy: Policy
  /** Hosts that may be dialled although they are not on the public Internet. */
  ownHosts: readonly string[]
  smtpPort: number
}

/** `faults`: in a row so far. Undefined where the signal trips before it is asked. */
export type AskDomain = (
  domain: string,
  about: { askedAt: Date; faults: number },
  signal: AbortSignal,
) => Promise<NewFacts | undefined>

/** Over all shards of a process. */
const atOnce = 100
/** Thousands of domains have their mail at a few hosts: what those are called is asked once in a while. */
const hostsHoldMs = 300_000
const mostHosts = 20_000

/** Asks DNS where the mail of a domain goes, with many questions under way. */
export function createDomainAsker({ dns, policy, ownHosts, smtpPort }: AskOptions): AskDomain {
  const gate = createGate(atOnce)
  const listed = hostList(ownHosts)
  const mayDial = (address: string) =>
    specialRange(address) === undefined || listed.has(address.includes(':') ? `[${address}]` : address, smtpPort)
  const hosts = new Map<string, { answer: Promise<DnsAnswer<string>>; until: number }>()

  const addressesOf = (host: string): Promise<DnsAnswer<string>> => {
    const known = hosts.get(host)
    if (known && known.until > performance.now()) return known.answer
    const answer = lookUp(host)
    if (hosts.size >= mostHosts) hosts.clear()
    hosts.set(host, { answer, until: performance.now() + hostsHoldMs })
    // A fault may be over the next time.
    void answer.then(({ kind }) => kind !== 'error' || hosts.delete(host))
    return answer
  }

  const lookUp = async (host: string): Promise<DnsAnswer<string>> => {
    const a = await gate.through(() => answerOf(dns.a(host)))
    // Who has an address of the old kind can be reached by it, and a name that does not exist has none of the new.
    if (a.kind === 'records' || a.kind === 'no_domain') return a
    return bothFamilies(a, await gate.through(() => answerOf(dns.aaaa(host))))
  }

  const routeOf = async (domain: string, signal: AbortSignal): Promise<MailRoute | undefined> => {
    // It may have waited for long at the gate.
    const mx = await gate.through(async () => (signal.aborted ? undefined : answerOf(dns.mx(domain))))
    if (!mx || signal.aborted) return undefined
    const answers = new Map<string, DnsAnswer<string>>()
    const found = mailHosts(domain, mx).map(({ host }) => [host, addressesOf(host)] as const)
    for (const [host, answer] of found) answers.set(host, await answer)
    return mailRoute(domain, mx, answers, mayDial)
  }

  return async (domain, { askedAt, faults }, signal) => {
    const route = await routeOf(domain, signal)
    if (!route) return undefined
    const inRow = route.kind === 'dns_error' ? faults + 1 : 0
    const { holdsForMs, retryAfterMs } = policy.reasons[routeReason(route)]
    const holdsMs = retryAfterMs[inRow - 1] ?? holdsForMs ?? 0
    const best = 'hosts' in route ? route.hosts[0] : undefined
    return {
      domain,
      route,
      mxOrganisation: best ? mxOrganisation(best.host) : null,
      askedAt,
      holdsUntil: new Date(askedAt.getTime() + holdsMs),
      faults: inRow,
    }
  }
}

/** What became of a question to DNS: trouble is an answer, too. */
export async function answerOf<T>(question: Promise<T[]>): Promise<DnsAnswer<T>> {
  try {
    const records = await question
    return records.length > 0 ? { kind: 'records', records } : { kind: 'no_records' }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN'
    if (code === 'ENODATA') return { kind: 'no_records' }
    if (code === 'ENOTFOUND') return { kind: 'no_domain' }
    return { kind: 'error', code: code.replace(/^E/, '') }
  }
}
