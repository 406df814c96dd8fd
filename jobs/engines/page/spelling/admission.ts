import { parseAddress } from '../../address/parse.ts'
import { isPlaceholder } from '../../address/placeholder.ts'
import { domainFacts } from '../../address/public-suffix.ts'
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
  private readonly memo = new Map<string, Admitted | undefined>()

  /** `url` of the page and further domains whose addresses are expected, so that no name among them counts as made up. */
  constructor(url: string, ownDomains: readonly string[] = []) {
    const host = URL.canParse(url) ? new URL(url).hostname : ''
    const registrable = /^[\d.]+$|^\[|^localhost$/.test(host) ? undefined : (domainFacts(host).registrable ?? host)
    this.own = [...ownDomains, ...(registrable ? [registrable] : [])].map((domain) => domain.toLowerCase())
  }

  admit(local: string, domain: string): Admitted | undefined {
    const key = `${local}@${domain}`
    if (this.memo.has(key)) return this.memo.get(key)
    const admitted = this.judge(local, domain)
    // a hostile page may hold a million
    if (this.memo.size < 1000) this.memo.set(key, admitted)
    return admitted
  }

  private judge(local: string, domain: string): Admitted | undefined {
    const plain = withoutDecoys(local, domain)
    const parsed = parseAddress(`${plain.local}@${plain.domain}`)
    if (!parsed.ok || trapInAddress(parsed.local, parsed.domain) !== undefined) return undefined
    const own = this.isOwn(parsed.domain)
    const { registrable, knownSuffix } = domainFacts(parsed.domain)
    const tld = parsed.domain.slice(parsed.domain.lastIndexOf('.') + 1)
    const unreachable = !knownSuffix && (tld === 'test' || tld.startsWith('xn--'))
    if (!own) {
      if (knownSuffix ? registrable === undefined : !unreachable) return undefined
      if (isPlaceholder(parsed.local, parsed.domain, registrable)) return undefined
    }
    return {
      address: parsed.address,
      local: parsed.local,
      domain: parsed.domain,
      own,
      unreachable: unreachable && !own,
      decoy: plain.decoy,
    }
  }

  private isOwn(domain: string): boolean {
    return this.own.some((own) => domain === own || domain.endsWith(`.${own}`))
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
