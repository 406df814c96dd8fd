import type { PageContent } from './reading/page-content.ts'

export interface Link {
  /** Absolute, http or https, without fragment. */
  url: string
  /** Every link of the page to it says so. */
  nofollow: boolean
  /** Its words, at most 200 characters; those of the first link that has any. */
  text: string
}

/** Each place that a page links to once, in the order of the page. */
export function readLinks(content: PageContent, resolver: LinkResolver): Link[] {
  const byHref = new Map<string, Link | null>()
  const byUrl = new Map<string, Link>()
  for (const { href, rel, from, to } of content.links) {
    let link = byHref.get(href)
    if (link === undefined) {
      const url = resolver.resolve(href)
      link = url === undefined ? null : (byUrl.get(url) ?? null)
      if (link === null && url !== undefined) byUrl.set(url, (link = { url, nofollow: true, text: '' }))
      byHref.set(href, link)
    }
    if (link === null) continue
    if (link.nofollow && (rel === undefined || !/(?:^|\s)nofollow(?:\s|$)/i.test(rel))) link.nofollow = false
    if (link.text === '' && to > from) link.text = content.text.readRun(from, to).slice(0, 200)
  }
  return [...byUrl.values()]
}

/** Makes links of one page absolute. Most are plain paths, which need no parser of URLs. */
export class LinkResolver {
  readonly base: string
  private readonly origin: string
  private readonly folder: string

  /** `baseHref` is what `<base>` says; a bad one counts for nothing (HTML §4.2.3). */
  constructor(url: string, baseHref: string | undefined) {
    const base =
      baseHref !== undefined && URL.canParse(baseHref.trim(), url) ? new URL(baseHref.trim(), url) : undefined
    this.base = base !== undefined && /^https?:$/.test(base.protocol) ? base.href : new URL(url).href
    const parsed = new URL(this.base)
    const plain = /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === ''
    this.origin = plain ? parsed.origin : ''
    this.folder = plain ? parsed.origin + parsed.pathname.slice(0, parsed.pathname.lastIndexOf('/') + 1) : ''
  }

  /** Absolute http or https URL without fragment, exactly as the URL standard makes it; undefined for all else and for the page itself by "#". */
  resolve(href: string): string | undefined {
    const hash = href.indexOf('#')
    const path = hash < 0 ? href : href.slice(0, hash)
    if (path === '' && hash === 0) return undefined
    if (this.folder !== '' && plainPath.test(path) && !odd.test(path)) {
      return (path.charCodeAt(0) === 0x2f ? this.origin : this.folder) + path
    }
    // oxlint-disable-next-line no-control-regex -- URL §4.4: C0 controls and spaces around it do not count
    const trimmed = href.replace(/^[\0- ]+|[\0- ]+$/g, '')
    if (trimmed === '' || isAddressOrScript(trimmed)) return undefined
    const url = URL.parse(trimmed, this.base)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
    if (url.pathname.startsWith('/cdn-cgi/l/email-protection')) return undefined
    url.hash = ''
    return url.href
  }
}

/** Paths that may be an address without "mailto:", or lead to Cloudflare's page about its protection. */
const odd = /@|email-protection/

/** Relative paths that the standard only appends: no "." or ".." part, nothing to encode, no scheme, no empty part. */
const plainPath =
  /^(?:\/|(?=[\w-]))(?:(?!\.\.?\/)[\w.,~!$&'()*+;=@-]+\/)*(?:(?!\.\.?(?:\?|$))[\w.,~!$&'()*+;=@-]+)?(?:\?[\w.,~!$&()*+;=@:/?%[\]-]*)?$/

function isAddressOrScript(href: string): boolean {
  return (
    /^(?:mailto|javascript|tel|data|sms|skype|whatsapp|about|blob|file|ftp|sip|xmpp|callto|fax|geo|viber|tg|intent):/i.test(
      href,
    ) || /^[^/?:]+@[^/?:]+\.[a-z]{2,}$/i.test(href)
  )
}

/** Http and https URLs in plain text. */
export function urlsInText(text: string): string[] {
  const urls: string[] = []
  for (let at = text.indexOf('://'); at >= 0;) {
    const scheme = /https?$/i.exec(text.slice(Math.max(0, at - 5), at))
    const rest = scheme && /^[^\s"'<>`\\{}|^]{1,2000}/.exec(text.slice(at + 3, at + 2003))
    if (rest) urls.push(`${scheme[0]}://${rest[0].replace(/[.,;:!?)\]]+$/, '')}`)
    at = text.indexOf('://', at + 3 + (rest ? rest[0].length : 0))
  }
  return urls
}
