import { parse } from 'tldts'

export interface SuffixFacts {
  /** What somebody registered: `acme.co.uk` for `mail.acme.co.uk`; undefined where the domain is a public suffix itself. */
  registrable: string | undefined
  /** Whether the domain ends in a suffix that ICANN's root knows (public suffix list). */
  knownSuffix: boolean
}

/** Facts from the name alone, by the public suffix list that comes with the product. The domain is in A-label form. */
export function suffixFacts(domain: string): SuffixFacts {
  const known = memo.get(domain)
  if (known !== undefined) return known
  const { domain: registrable, isIcann } = parse(domain, { allowPrivateDomains: false, validateHostname: false })
  const facts = { registrable: registrable ?? undefined, knownSuffix: isIcann === true }
  // Pages of one site name the same few domains again and again; a hostile one names millions.
  if (memo.size >= 4096) memo.clear()
  memo.set(domain, facts)
  return facts
}

const memo = new Map<string, SuffixFacts>()
