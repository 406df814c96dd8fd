import type { PageContent } from './reading/page-content.ts'

export interface Link {
  /** Absolute, http or https, without fragment. */
  url: string
  /** True where all links of the page to it have `rel=nofollow`. */
  nofollow: boolean
  /** At most 200 characters: the words of the first link to it that has words. */
  text: string
}

/** Each place that a page links to once, in the order of the page. */
export function readLinks(content: PageContent, resolver: LinkResolver): Link[] {
  const byUrl = new Map<string, Link>()
  for (const { href, rel, from, to } of content.links) {
    const url = resolver.resolve(href)
    if (url === undefined) continue
    let link = byUrl.get(url)
    if (link === undefined) byUrl.set(url, (link = { url, nofollow: true, text: '' }))
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
  /** Plain paths of this origin that were met before, on any page, with their URLs. */
  private readonly paths: Map<string, string> | undefined

  /** `baseHref` is what `<base>` says; a bad one counts for nothing (HTML §4.2.3). */
  constructor(url: string, baseHref: string | undefined) {
    const base =
      baseHref !== undefined && URL.canParse(baseHref.trim(), url) ? new URL(baseHref.trim(), url) : undefined
    this.base = base !== undefined && /^https?:$/.test(base.protocol) ? base.href : new URL(url).href
    const parsed = new URL(this.base)
    const plain = /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === ''
    this.origin = plain ? parsed.origin : ''
    this.folder = plain ? parsed.origin + parsed.pathname.slice(0, parsed.pathname.lastIndexOf('/') + 1) : ''
    this.paths = plain ? pathsOf(this.origin) : undefined
  }

  /**
   * Absolute http or https URL without fragment, exactly as the URL standard makes it; undefined for all else and for the page itself by "#". It may be kept: it
   * is no piece of the page.
   */
  resolve(href: string): string | undefined {
    const hash = href.indexOf('#')
    const path = hash < 0 ? href : href.slice(0, hash)
    if (path === '' && hash === 0) return undefined
    if (this.paths !== undefined && path.charCodeAt(0) === 0x2f) {
      const known = this.paths.get(path)
      if (known !== undefined) return known
    }
    if (this.folder !== '' && plainPath.test(path) && !odd.test(path)) {
      if (path.charCodeAt(0) !== 0x2f) return ownAscii(this.folder + path)
      return this.remember(ownAscii(this.origin + path))
    }
    const trimmed = withoutEdges(href)
    if (trimmed === '' || isAddressOrScript(trimmed)) return undefined
    const url = URL.parse(trimmed, this.base)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
    if (url.pathname.startsWith('/cdn-cgi/l/email-protection')) return undefined
    url.hash = ''
    return url.href
  }

  private remember(url: string): string {
    if (this.paths!.size >= mostPaths) this.paths!.clear()
    this.paths!.set(url.slice(this.origin.length), url)
    return url
  }
}

/** URL §4.4: C0 controls and spaces around it do not count. A pattern would look at each space inside of it for the end. */
function withoutEdges(href: string): string {
  let start = 0
  let end = href.length
  while (start < end && href.charCodeAt(start) <= 0x20) start++
  while (end > start && href.charCodeAt(end - 1) <= 0x20) end--
  return href.slice(start, end)
}

/** A piece of the page would keep all of it in memory. */
function ownAscii(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** The pages of a site lead to the same places again and again: each is told apart and put together once. */
const knownPaths = new Map<string, Map<string, string>>()
const mostOrigins = 32
const mostPaths = 4_096

function pathsOf(origin: string): Map<string, string> {
  let paths = knownPaths.get(origin)
  if (paths === undefined) {
    if (knownPaths.size >= mostOrigins) knownPaths.clear()
    knownPaths.set(origin, (paths = new Map()))
  }
  return paths
}

/** Paths that may be an address without "mailto:", or lead to Cloudflare's page about its protection. */
const odd = /@|email-protection/

/** Relative paths that the standard only appends: no "." or ".." part, nothing to encode, no scheme, no empty part. */
const plainPath =
  /^(?:\/|(?=[\w-]))(?:(?!\.\.?\/)[\w.,~!$&'()*+;=@-]+\/)*(?:(?!\.\.?(?:\?|$))[\w.,~!$&'()*+;=@-]+)?(?:\?[\w.,~!$&()*+;=@:/?%[\]-]*)?$/

function isAddressOrScript(href: string): boolean {
  return (
    /^(?:(?:https?:\/\/)?mailto|javascript|tel|data|sms|skype|whatsapp|about|blob|file|ftp|sip|xmpp|callto|fax|geo|viber|tg|intent):/i.test(
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
