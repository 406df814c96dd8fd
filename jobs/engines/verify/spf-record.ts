import ipaddr from 'ipaddr.js'

/** RFC 7208 §2.6. `unknown`: the record asks for what stands in macros, or is found by PTR; nothing is said of those here. */
export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'permerror' | 'temperror' | 'unknown'

export interface SpfTerm {
  /** What the record says of a sender that this term fits. */
  result: 'pass' | 'fail' | 'softfail' | 'neutral'
  mechanism: 'all' | 'include' | 'a' | 'mx' | 'ip4' | 'ip6' | 'exists' | 'ptr'
  /** Domain or range; null: the domain of the record. */
  value: string | null
  /** Of `a` and `mx`. */
  prefix4: number
  prefix6: number
}

export interface SpfRecord {
  terms: SpfTerm[]
  /** Whose record holds where no term fits. */
  redirect: string | null
}

/** The records of SPF among the TXT records of a domain; there is to be one. */
export function spfTexts(texts: readonly string[]): string[] {
  return texts.filter((text) => /^v=spf1(?: |$)/i.test(text))
}

const results = { '': 'pass', '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const

/** RFC 7208 §4.6.1 and §5; undefined where it has a mistake, which makes the whole record worthless. */
export function parseSpf(text: string): SpfRecord | undefined {
  const record: SpfRecord = { terms: [], redirect: null }
  for (const word of text.trim().split(/ +/).slice(1)) {
    const modifier = /^([a-z][a-z\d_.-]*)=(.*)$/i.exec(word)
    if (modifier) {
      if (modifier[1]!.toLowerCase() === 'redirect') record.redirect = modifier[2]!
      continue
    }
    const term = parseTerm(word)
    if (!term) return undefined
    record.terms.push(term)
  }
  return record
}

function parseTerm(word: string): SpfTerm | undefined {
  const [, sign = '', name = '', value, length4, length6] =
    /^([-+~?]?)(all|include|a|mx|exists|ptr)(?::([^/]+))?(?:\/(\d{1,2}))?(?:\/\/(\d{1,3}))?$/i.exec(word) ?? []
  const [, sign46 = '', family, range] = /^([-+~?]?)(ip4|ip6):(.+)$/i.exec(word) ?? []
  if (family !== undefined) {
    const mechanism = family.toLowerCase() as 'ip4' | 'ip6'
    return isRange(range!) ? { ...termOf(sign46, mechanism), value: range! } : undefined
  }
  if (name === '') return undefined
  const mechanism = name.toLowerCase() as Exclude<SpfTerm['mechanism'], 'ip4' | 'ip6'>
  if ((mechanism === 'include' || mechanism === 'exists') && value === undefined) return undefined
  const [prefix4, prefix6] = [Number(length4 ?? 32), Number(length6 ?? 128)]
  if (prefix4 > 32 || prefix6 > 128) return undefined
  return { ...termOf(sign, mechanism), value: value ?? null, prefix4, prefix6 }
}

function termOf(sign: string, mechanism: SpfTerm['mechanism']): SpfTerm {
  return { result: results[sign as keyof typeof results], mechanism, value: null, prefix4: 32, prefix6: 128 }
}

function isRange(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text)
}

/** Whether an address lies in a range, as `198.51.100.7`, `198.51.100.0/24` or `2001:db8::/32`. */
export function isInRange(address: string, range: string): boolean {
  const parsed = ipaddr.parse(address)
  const [base, bits] = range.includes('/')
    ? ipaddr.parseCIDR(range)
    : [ipaddr.parse(range), parsed.kind() === 'ipv4' ? 32 : 128]
  return parsed.kind() === base.kind() && parsed.match(base, bits)
}
