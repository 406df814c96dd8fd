import { collectAddresses } from './collect-addresses.ts'
import type { FoundEmail } from './found-email.ts'
import { type Link, LinkResolver, readLinks } from './links.ts'
import { type PageRobots, readRefresh, readRobots } from './page-head.ts'
import { readJsonPage } from './reading/json-page.ts'
import { readHtml } from './reading/light-reader.ts'
import type { PageContent } from './reading/page-content.ts'
import { readPlainText } from './reading/text-reader.ts'
import { readXml } from './reading/xml-reader.ts'
import { Admission } from './spelling/admission.ts'

export interface PageInput {
  /** Absolute URL that the body was got from, after redirects. */
  url: string
  /** Decoded text. */
  body: string
  /** As the server said it, parameters allowed: `text/html; charset=utf-8`. Where it says nothing, the body tells. */
  contentType: string
  /** Domains that addresses are expected at, besides the page's own: there no name counts as a placeholder. */
  ownDomains?: readonly string[]
}

export interface ExtractedPage {
  /** One for each address and method; in the order of the page, the surest ways of one address first. */
  emails: FoundEmail[]
  /** The first domain such as `example.com` at which there were addresses; none of them is in `emails`. */
  placeholderDomain?: string
  links: Link[]
  title?: string
  /** As the page says it: `de`, `pt-BR`. */
  language?: string
  /** What relative URLs are resolved against. */
  base: string
  canonical?: string
  robots: PageRobots
  metaRefresh?: { url: string; delaySeconds: number }
}

/** Everything that a page says, in one pass. Pure; linear in the length of the body, whatever the body is; never throws on any body. */
export function extractPage(page: PageInput): ExtractedPage {
  return extractFrom(readBody(page), page)
}

/** The same from content that is read already: what tests compare the readers by. */
export function extractFrom(content: PageContent, { url, ownDomains }: PageInput): ExtractedPage {
  const resolver = new LinkResolver(url, content.base)
  const admission = new Admission(url, ownDomains)
  const emails = collectAddresses(content, admission)
  const canonical = content.canonical === undefined ? undefined : resolver.resolve(content.canonical)
  const refresh = content.refresh === undefined ? undefined : readRefresh(content.refresh)
  const refreshUrl = refresh && resolver.resolve(refresh.href)
  return {
    emails,
    ...(admission.placeholderDomain !== undefined && { placeholderDomain: admission.placeholderDomain }),
    links: readLinks(content, resolver),
    ...(content.title !== undefined && { title: content.title }),
    ...(content.language !== undefined && { language: content.language }),
    base: resolver.base,
    ...(canonical !== undefined && { canonical }),
    robots: readRobots(content.robots),
    ...(refreshUrl !== undefined && { metaRefresh: { url: refreshUrl, delaySeconds: refresh!.delaySeconds } }),
  }
}

function readBody({ body, contentType }: PageInput): PageContent {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'text/html' || type === 'application/xhtml+xml') return readHtml(body)
  if (type.endsWith('/json') || type.endsWith('+json') || type.endsWith('/x-ndjson')) return readJsonPage(body, type)
  const start = body.slice(0, 1000).trimStart().toLowerCase()
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype html|html|head|body)[\s>]/.test(start))
    return readHtml(body)
  if (type.endsWith('/xml') || type.endsWith('+xml')) return readXml(body)
  if (type === '' && start.startsWith('<?xml')) return readXml(body)
  return readPlainText(body)
}
