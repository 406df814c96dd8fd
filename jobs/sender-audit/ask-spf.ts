import { bothFamilies, type DnsAnswer } from '../engines/verify/mail-route.ts'
import { isInRange, parseSpf, type SpfResult, spfTexts, type SpfTerm } from '../engines/verify/spf-record.ts'
import type { SenderDns } from './io.ts'

/** RFC 7208 §4.6.4: terms that ask DNS, over all records on the way. */
const mostLookUps = 10

/** What SPF of a domain says of mail from an address, RFC 7208 §4. */
export async function askSpf(
  dns: SenderDns,
  domain: string,
  address: string,
  left = { lookUps: mostLookUps },
): Promise<SpfResult> {
  const answer = await dns.txt(domain)
  if (answer.kind === 'error') return 'temperror'
  const [text, ...others] = answer.kind === 'records' ? spfTexts(answer.records) : []
  if (text === undefined) return 'none'
  const record = others.length > 0 ? undefined : parseSpf(text)
  if (!record) return 'permerror'
  for (const term of record.terms) {
    if (!asksNobody(term) && left.lookUps-- === 0) return 'permerror'
    const fits = await termFits(dns, term, domain, address, left)
    if (fits === true) return term.result
    if (fits !== false) return fits
  }
  if (record.redirect === null || record.terms.some(({ mechanism }) => mechanism === 'all')) return 'neutral'
  if (record.redirect.includes('%')) return 'unknown'
  if (left.lookUps-- === 0) return 'permerror'
  const result = await askSpf(dns, record.redirect, address, left)
  return result === 'none' ? 'permerror' : result
}

function asksNobody({ mechanism }: SpfTerm): boolean {
  return mechanism === 'all' || mechanism === 'ip4' || mechanism === 'ip6'
}

/** A result: that is what the whole record comes to. */
async function termFits(
  dns: SenderDns,
  { mechanism, value, prefix4, prefix6 }: SpfTerm,
  domain: string,
  address: string,
  left: { lookUps: number },
): Promise<boolean | SpfResult> {
  if (value?.includes('%')) return 'unknown'
  const target = value ?? domain
  const isThere = (answer: DnsAnswer<string>): boolean =>
    answer.kind === 'records' &&
    answer.records.some((one) => isInRange(address, `${one}/${one.includes(':') ? prefix6 : prefix4}`))
  switch (mechanism) {
    case 'all':
      return true
    case 'ip4':
    case 'ip6':
      return isInRange(address, target)
    case 'a': {
      const answer = await addressesOf(dns, target)
      return answer.kind === 'error' ? 'temperror' : isThere(answer)
    }
    case 'mx': {
      const hosts = await dns.mx(target)
      if (hosts.kind === 'error') return 'temperror'
      for (const { exchange } of hosts.kind === 'records' ? hosts.records.slice(0, mostLookUps) : [])
        if (exchange !== '' && isThere(await addressesOf(dns, exchange))) return true
      return false
    }
    case 'include': {
      const result = await askSpf(dns, target, address, left)
      // RFC 7208 §5.2
      if (result === 'none' || result === 'permerror') return 'permerror'
      return result === 'temperror' || result === 'unknown' ? result : result === 'pass'
    }
    case 'exists':
      return (await dns.a(target)).kind === 'records'
    case 'ptr':
      return 'unknown'
  }
}

/** A and AAAA of a name. */
export async function addressesOf(dns: SenderDns, host: string): Promise<DnsAnswer<string>> {
  const [a, aaaa] = await Promise.all([dns.a(host), dns.aaaa(host)])
  return bothFamilies(a, aaaa)
}
