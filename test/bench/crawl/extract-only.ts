import { Parser } from 'htmlparser2'

import { extractPage } from '../../../jobs/engines/page/extract-page.ts'
import { pageHtml, pagesOfHost, pathOf, type SitePlan } from './site.ts'

export interface ExtractRun {
  pagesPerSecond: number
  addresses: number
  links: number
}

export interface Page {
  url: string
  body: string
}

export function pagesInMemory(plan: SitePlan): Page[] {
  const pages: Page[] = []
  for (let host = 0; host < plan.hosts; host++)
    for (let page = 0; page < pagesOfHost(plan, host); page++) {
      // As a response gives it: one flat string, not the pieces that it was put together from.
      const body = Buffer.from(pageHtml(plan, host, page)).toString('utf8')
      pages.push({ url: `http://host-${host + 1}.example${pathOf(page)}`, body })
    }
  return pages
}

/** Our whole extraction: every way, with people and quality. */
export function extractByOurs(pages: readonly Page[]): ExtractRun {
  let [addresses, links] = [0, 0]
  const seconds = timed(() => {
    for (const { url, body } of pages) {
      const page = extractPage({ url, body, contentType: 'text/html; charset=utf-8' })
      addresses += new Set(page.emails.map(({ address }) => address)).size
      links += page.links.length
    }
  })
  return { pagesPerSecond: pages.length / seconds, addresses, links }
}

/** The least that can be done with htmlparser2: links, `mailto`, and what stands around each `@` of the text. URLs are resolved only when they are new. */
export function extractByPeer(pages: readonly Page[]): ExtractRun {
  let [addresses, links] = [0, 0]
  const seconds = timed(() => {
    const resolved = new Map<string, string | undefined>()
    for (const { url, body } of pages) {
      const found = new Set<string>()
      const led = new Set<string>()
      let text = ''
      let skipped = 0
      const parser = new Parser({
        onopentag(name, attributes) {
          if (name === 'script' || name === 'style') skipped++
          const { href } = attributes
          if (name !== 'a' || href === undefined) return
          if (href.startsWith('mailto:')) return void found.add(href.slice(7).split('?', 1)[0]!.toLowerCase())
          const key = href.startsWith('/') ? `${url.slice(0, url.indexOf('/', 8))}${href}` : `${url} ${href}`
          if (!resolved.has(key)) resolved.set(key, URL.parse(href, url)?.href)
          const target = resolved.get(key)
          if (target !== undefined) led.add(target)
        },
        ontext(piece) {
          if (skipped === 0) text += piece
        },
        onclosetag(name) {
          if (name === 'script' || name === 'style') skipped--
        },
      })
      parser.end(body)
      for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
        const address = around(text, at)
        if (address !== undefined) found.add(address)
      }
      addresses += found.size
      links += led.size
    }
  })
  return { pagesPerSecond: pages.length / seconds, addresses, links }
}

function around(text: string, at: number): string | undefined {
  let from = at
  while (from > 0 && /[\w.+-]/.test(text[from - 1]!)) from--
  let to = at + 1
  while (to < text.length && /[\w.-]/.test(text[to]!)) to++
  const domain = text.slice(at + 1, to).replace(/\.+$/, '')
  return from < at && /\.[a-z]{2,}$/i.test(domain) ? `${text.slice(from, at)}@${domain}`.toLowerCase() : undefined
}

function timed(work: () => void): number {
  const started = performance.now()
  work()
  return (performance.now() - started) / 1_000
}
