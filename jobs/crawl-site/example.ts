import type { CrawlInput } from './input.ts'

/** Ports that the example's sites are served on, each on 127.0.0.1. */
export const examplePorts = [47_811, 47_812, 47_813] as const

/** Works without a network where `exampleSites` are served and their hosts are listed as the operator's own. */
export const example: CrawlInput = {
  startUrls: examplePorts.map((port) => `http://127.0.0.1:${port}/`),
  maxPagesPerDomain: 50,
  scope: 'domain',
}

/** By port and path: three small firms that know each other, with an address on two hosts, a page that is missing and one that robots.txt forbids. */
export function exampleSites(): Record<number, Record<string, string>> {
  const [maker, dealer, press] = examplePorts
  return {
    [maker]: site('Maker', ['info@maker.example', 'sales@maker.example'], {
      '/people': page('People', 'Ada Lovelace: <a href="mailto:ada@maker.example">write</a>. <a href="/people/more">More</a>'),
      '/people/more': page('More people', 'grace@maker.example and alan@maker.example'),
      '/robots.txt': 'User-agent: *\nDisallow: /internal/',
    }),
    [dealer]: site('Dealer', ['shop@dealer.example', 'sales@maker.example'], {}),
    [press]: site('Press', ['news@press.example', 'info@maker.example'], {}),
  }
}

function site(name: string, addresses: string[], more: Record<string, string>): Record<string, string> {
  const pages: Record<string, string> = {
    '/': page(name, `<a href="/contact">Contact</a> <a href="/people">People</a> <a href="/news/1">News</a> <a href="/missing">Old</a> <a href="/internal/a">Staff</a>`),
    '/contact': page('Contact', addresses.join(' or ')),
    '/internal/a': page('Internal', 'secret@maker.example'),
    ...more,
  }
  for (let number = 1; number <= 8; number++) {
    pages[`/news/${number}`] = page(`News ${number}`, `<a href="/news/${number + 1}">next</a> press${number}@${name.toLowerCase()}.example`)
  }
  return pages
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><title>${title}</title><body><h1>${title}</h1><p>${body}</p></body></html>`
}
