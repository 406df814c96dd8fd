import { parseAddress } from '../../address/parse.ts'
import { isPlaceholder, isPlaceholderDomain } from '../../address/placeholder.ts'
import { suffixFacts } from '../../address/public-suffix.ts'
import { trapInAddress } from './traps.ts'

/** An address that may stand in a result. */
export interface Admitted {
  address: string
  local: string
  domain: string
  /** The page's own site. */
  own: boolean
  /** The domain can receive nothing as the internet stands: it ends in `.test`, or in an international suffix that the list lacks. */
  unreachable: boolean
  /** Words against robots were taken out: jane@NOSPAM.acme.com. */
  decoy: boolean
}

/** The one gate before a result: what does not pass is no address, however it was found. */
export class Admission {
  private readonly own: readonly string[]
  /** The first domain at which addresses were turned away because none there is anybody's. */
  placeholderDomain: string | undefined

  /** `url` of the page and further domains whose addresses are expected, so that no name among them counts as made up. */
  constructor(url: string, ownDomains: readonly string[] = []) {
    const host = URL.parse(url)?.hostname ?? ''
    const registrable = /^[\d.]+$|^\[|^localhost$/.test(host) ? undefined : (suffixFacts(host).registrable ?? host)
    this.own = [...ownDomains, ...(registrable ? [registrable] : [])].map((domain) => domain.toLowerCase())
  }

  admit(local: string, domain: string): Admitted | undefined {
    const verdict = judgeOnce(local, domain)
    if (verdict === undefined) return undefined
    const own = this.isOwn(verdict.domain)
    if (!own && (verdict.placeholder || !verdict.reachable)) {
      if (verdict.placeholderDomain) this.placeholderDomain ??= verdict.domain
      return undefined
    }
    return {
      address: verdict.address,
      local: verdict.local,
      domain: verdict.domain,
      own,
      unreachable: verdict.unknownSuffix && !own,
      decoy: verdict.decoy,
    }
  }

  private isOwn(domain: string): boolean {
    return this.own.some((own) => domain === own || domain.endsWith(`.${own}`))
  }
}

/** What can be said of an address wherever it stands. */
interface Verdict {
  address: string
  local: string
  domain: string
  placeholder: boolean
  /** ...whatever stands before the @. */
  placeholderDomain: boolean
  /** There may be such a domain. */
  reachable: boolean
  /** ...though no list knows of it. */
  unknownSuffix: boolean
  decoy: boolean
}

/** The pages of a site name the same few addresses again and again. */
function judgeOnce(local: string, domain: string): Verdict | undefined {
  const key = `${local}@${domain}`
  const known = memo.get(key)
  if (known !== undefined || memo.has(key)) return known
  const verdict = judge(local, domain)
  if (memo.size >= 4096) memo.clear()
  memo.set(key, verdict)
  return verdict
}

const memo = new Map<string, Verdict | undefined>()

function judge(writtenLocal: string, writtenDomain: string): Verdict | undefined {
  const plain = withoutDecoys(writtenLocal, writtenDomain)
  const parsed = parseAddress(`${plain.local}@${plain.domain}`)
  if (!parsed.ok) return undefined
  const { address, local, domain, domainUnicode } = parsed
  if (trapInAddress(local, domain) !== undefined) return undefined
  const { registrable, knownSuffix } = suffixFacts(domain)
  const tld = domainUnicode.slice(domainUnicode.lastIndexOf('.') + 1)
  // new international domains come faster than lists; in Latin letters there are hardly any
  const unknownSuffix = !knownSuffix && (tld === 'test' || /^[^\0-\u024f]+$/.test(tld))
  const reachable = knownSuffix ? registrable !== undefined : unknownSuffix
  const placeholder = isPlaceholder(local, domain, registrable)
  return {
    address,
    local,
    domain,
    placeholder,
    placeholderDomain: placeholder && isPlaceholderDomain(domain, registrable),
    reachable,
    unknownSuffix,
    decoy: plain.decoy,
  }
}

/** Words that a reader is meant to take out; in capitals anywhere, else only as a part of their own. */
const capitals = /([._-]?)(?:NO-?SPAM|REMOVE-?THIS|REMOVE-?ME|DELETE-?THIS|ANTI-?SPAM|STOP-?SPAM)([._-]?)/
const separate = /(^|[._-])(?:no-?spam|remove-?this|remove-?me|delete-?this|anti-?spam|stop-?spam)([._-]|$)/

function withoutDecoys(local: string, domain: string): { local: string; domain: string; decoy: boolean } {
  const newLocal = withoutDecoy(local)
  const newDomain = withoutDecoy(domain)
  // "nospam@acme.com" and "nospam.com" are somebody's own
  if (newLocal === '' || !newDomain.includes('.')) return { local, domain, decoy: false }
  return { local: newLocal, domain: newDomain, decoy: newLocal !== local || newDomain !== domain }
}

function withoutDecoy(text: string): string {
  if (text.length < 6 || !/spam|this|me/i.test(text)) return text
  const pattern = /[a-z]/.test(text) && capitals.test(text) ? capitals : separate
  return text.replace(pattern, (found: string, before: string, after: string, at: number) =>
    at === 0 || at + found.length === text.length ? '' : after || before,
  )
}
