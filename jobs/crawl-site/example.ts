import type { CrawlInput } from './input.ts'

/** A crawl of `exampleSites`, served at these origins, such as `http://127.0.0.1:8080`. */
export function exampleInput(origins: readonly string[]): CrawlInput {
  return { startUrls: origins.map((origin) => `${origin}/`), maxPagesPerDomain: 50, scope: 'domain' }
}

/** Works without a network where `exampleSites` are served on these ports and 127.0.0.1 is listed as the operator's own. */
export const example = exampleInput(['http://127.0.0.1:47811', 'http://127.0.0.1:47812', 'http://127.0.0.1:47813'])

/** By site and path: three small firms, with addresses that stand on two of them, pages that are missing and some that robots.txt forbids. */
export function exampleSites(): Record<string, string>[] {
  const maker = site('Maker', ['info@maker-works.com', 'sales@maker-works.com'], {
    '/people': page(
      'People',
      'Ada Lovelace: <a href="mailto:ada@maker-works.com">write</a>. <a href="/people/more">More</a>',
    ),
    '/people/more': page('More people', 'grace@maker-works.com and alan@maker-works.com'),
    '/robots.txt': 'User-agent: *\nDisallow: /internal/',
  })
  return [
    maker,
    site('Dealer', ['shop@dealer-works.com', 'sales@maker-works.com']),
    site('Press', ['news@press-works.com', 'info@maker-works.com']),
  ]
}

function site(name: string, addresses: string[], more: Record<string, string> = {}): Record<string, string> {
  const pages: Record<string, string> = {
    '/': page(
      name,
      `<a href="/contact">Contact</a> <a href="/people">People</a> <a href="/news/1">News</a> <a href="/missing">Old</a> <a href="/internal/a">Staff</a>`,
    ),
    '/contact': page('Contact', addresses.join(' or ')),
    '/internal/a': page('Internal', 'secret@maker-works.com'),
    ...more,
  }
  for (let number = 1; number <= 8; number++) {
    pages[`/news/${number}`] = page(
      `News ${number}`,
      `<a href="/news/${number + 1}">next</a> press${number}@${name.toLowerCase()}-works.com`,
    )
  }
  return pages
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><title>${title}</title><body><h1>${title}</h1><p>${body}</p></body></html>`
}
