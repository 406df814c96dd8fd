import type { Browser, Page } from 'playwright-core'

import { addressLikeTokens } from './tokens.ts'

export interface ScannedPage {
  /** From the root of the site on. */
  path: string
  tokens: Set<string>
}

export interface Scan {
  /** Answered with 200 and shown as a page. */
  pages: ScannedPage[]
  /** Linked, but not there or no page. */
  missing: { path: string; why: string }[]
}

/**
 * Reads a site as a person would: a browser opens each page that links lead to from the start, and what is looked at is the text that it shows and the mail
 * links that it offers, those that name who made it among them. Parser, links, hidden parts and URLs are the browser's, so nothing here is the product's.
 */
export async function scanSite(browser: Browser, startUrls: string[]): Promise<Scan> {
  const { origin } = new URL(startUrls[0]!)
  const context = await browser.newContext()
  await context.route('**/*', (route) => {
    const request = route.request()
    const wanted = request.url().startsWith(`${origin}/`) && ['document', 'stylesheet'].includes(request.resourceType())
    return wanted ? route.continue() : route.abort()
  })
  const scan: Scan = { pages: [], missing: [] }
  const seen = new Set(startUrls)
  const waiting = [...startUrls]
  let open = 0

  const walk = async () => {
    const page = await context.newPage()
    while (waiting.length > 0 || open > 0) {
      const url = waiting.shift()
      if (url === undefined) {
        await page.waitForTimeout(20)
        continue
      }
      open += 1
      const shown = await show(page, url)
      open -= 1
      const path = url.slice(origin.length)
      if (typeof shown === 'string') {
        scan.missing.push({ path, why: shown })
        continue
      }
      scan.pages.push({ path, tokens: tokensOf(shown) })
      for (const link of shown.links) {
        const target = link.replace(/#.*$/s, '')
        if (!target.startsWith(`${origin}/`) || seen.has(target)) continue
        seen.add(target)
        waiting.push(target)
      }
    }
  }
  await Promise.all([walk(), walk()])
  await context.close()
  scan.pages.sort((a, b) => (a.path < b.path ? -1 : 1))
  return scan
}

interface Shown {
  text: string
  mailLinks: string[]
  links: string[]
}

async function show(page: Page, url: string): Promise<Shown | string> {
  try {
    const response = await page.goto(url, { waitUntil: 'load' })
    if (response?.status() !== 200) return `status ${response?.status()}`
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0]! : String(error)
  }
  return await page.evaluate(() => {
    const anchors = [...document.links]
    const made = [...document.querySelectorAll<HTMLLinkElement>('link[rev], link[rel]')]
    const mailLinks = [...anchors, ...made]
      .map((link) => link.href)
      .filter((href) => href.toLowerCase().startsWith('mailto:'))
    const followed = anchors
      .filter((anchor) => !anchor.rel.split(' ').includes('nofollow'))
      .map((anchor) => anchor.href)
    const frames = [...document.querySelectorAll<HTMLIFrameElement>('iframe, frame')].map((frame) => frame.src)
    return { text: document.body?.innerText ?? '', mailLinks, links: [...followed, ...frames] }
  })
}

function tokensOf(shown: Shown): Set<string> {
  const links = shown.mailLinks.map((link) => {
    const target = link.slice('mailto:'.length)
    try {
      // translators set spaces around the parts of an address; in a link none belongs to it
      return decodeURIComponent(target).replaceAll(/\s+/g, '')
    } catch {
      return target // a lone % in a link is taken as it is
    }
  })
  return addressLikeTokens([shown.text, ...links.map((link) => link.replaceAll(/[?&=]/g, ' '))].join('\n'))
}
