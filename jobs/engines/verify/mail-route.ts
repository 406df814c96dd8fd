import type { MailRoute, MxHost } from './evidence.ts'

/** What DNS said to one question. */
export type DnsAnswer<T> =
  | { kind: 'records'; records: T[] }
  /** NXDOMAIN: nothing of that name exists (RFC 8020). */
  | { kind: 'no_domain' }
  /** The name exists, without records of that type. */
  | { kind: 'no_records' }
  /** No answer: `code` as `SERVFAIL`, `TIMEOUT`, `REFUSED`. */
  | { kind: 'error'; code: string }

export interface MxRecord {
  exchange: string
  priority: number
}

/** A domain with more lists hosts that no sender ever reaches, or means harm. */
const hostsAtMost = 16

/**
 * The hosts whose addresses are to be looked up before `mailRoute` can tell, the best first: those of the MX records, or the domain
 * itself where there are none (RFC 5321 §5.1). Empty where the answer to the MX question says it all.
 */
export function mailHosts(domain: string, mx: DnsAnswer<MxRecord>): { host: string; priority: number }[] {
  if (mx.kind === 'no_records') return [{ host: domain, priority: 0 }]
  if (mx.kind !== 'records') return []
  const best = new Map<string, number>()
  for (const { exchange, priority } of mx.records) {
    const host = exchange.toLowerCase().replace(/\.$/, '')
    // RFC 7505 §3: beside others, a "." is a mistake, and names nobody
    if (host !== '') best.set(host, Math.min(priority, best.get(host) ?? priority))
  }
  const hosts = Array.from(best, ([host, priority]) => ({ host, priority }))
  return hosts.sort((a, b) => a.priority - b.priority || (a.host < b.host ? -1 : 1)).slice(0, hostsAtMost)
}

/** A and AAAA of one name as one answer, IPv4 first: what was found counts, though the other question went wrong. */
export function bothFamilies(a: DnsAnswer<string>, aaaa: DnsAnswer<string>): DnsAnswer<string> {
  const records = [a, aaaa].flatMap((answer) => (answer.kind === 'records' ? answer.records : []))
  if (records.length > 0) return { kind: 'records', records }
  const error = [a, aaaa].find((answer) => answer.kind === 'error')
  return error ?? (a.kind === 'no_domain' ? a : { kind: 'no_records' })
}

/**
 * Where the mail of a domain goes. `addressesOf` has an answer (both families) for each of `mailHosts`; `mayDial` tells public addresses
 * from those that are never dialled. A DNS fault anywhere is a fault, unless another host can be dialled: it never makes a domain one
 * that takes no mail.
 */
export function mailRoute(
  domain: string,
  mx: DnsAnswer<MxRecord>,
  addressesOf: ReadonlyMap<string, DnsAnswer<string>>,
  mayDial: (address: string) => boolean,
): MailRoute {
  if (mx.kind === 'no_domain') return { kind: 'not_found' }
  if (mx.kind === 'error') return { kind: 'dns_error', code: mx.code, hosts: [] }
  const names = mailHosts(domain, mx)
  if (names.length === 0) return { kind: 'null_mx' }
  const hosts = names.map(({ host, priority }) => mxHost(host, priority, addressesOf.get(host), mayDial))
  if (hosts.some(({ addresses }) => addresses.length > 0))
    return { kind: mx.kind === 'records' ? 'mx' : 'implicit', hosts }
  const failed = hosts.find(({ error }) => error !== null)
  if (failed !== undefined) return { kind: 'dns_error', code: failed.error!, hosts }
  return { kind: hosts.some(({ refused }) => refused.length > 0) ? 'unroutable' : 'no_mail_host', hosts }
}

function mxHost(
  host: string,
  priority: number,
  answer: DnsAnswer<string> | undefined,
  mayDial: (address: string) => boolean,
): MxHost {
  const [addresses, refused]: [string[], string[]] = [[], []]
  if (answer?.kind === 'records')
    for (const address of answer.records) (mayDial(address) ? addresses : refused).push(address)
  return {
    host,
    priority,
    addresses,
    refused,
    error: answer === undefined ? 'NOT_ASKED' : answer.kind === 'error' ? answer.code : null,
  }
}
