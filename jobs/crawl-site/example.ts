import { sql } from 'kysely'

import type { Example } from '../job-kind.ts'
import type { CrawlInput } from './input.ts'

const found = ['snippet', 'confidence', 'quality', 'reasons', 'person_name', 'position', 'phone', 'organisation']

/** Three small firms, with addresses that stand on two of them, pages that are missing and some that robots.txt forbids. */
export const example: Example<CrawlInput> = {
  sites: [
    site('Maker', ['info@maker-works.com', 'sales@maker-works.com'], {
      '/people': page(
        'People',
        'Ada Lovelace: <a href="mailto:ada@maker-works.com">write</a>. <a href="/people/more">More</a>',
      ),
      '/people/more': page('More people', 'grace@maker-works.com and alan@maker-works.com'),
      '/robots.txt': 'User-agent: *\nDisallow: /internal/\nSitemap: /pages.xml',
      '/pages.xml': `<urlset>${['/news/1', '/listed/1', '/listed/2'].map((path) => `<url><loc>${path}</loc></url>`).join('')}</urlset>`,
      '/listed/1': page('Listed', 'listed@maker-works.com'),
      '/listed/2': page('Listed too', 'info@maker-works.com'),
    }),
    site('Dealer', ['shop@dealer-works.com', 'sales@maker-works.com']),
    site('Press', ['news@press-works.com', 'info@maker-works.com']),
  ],
  input: (origins) => ({
    startUrls: origins.map((origin) => `${origin}/`),
    leaveOutBadRows: false,
    maxPagesPerDomain: 50,
    sitemap: 'use',
    scope: 'domain',
  }),
  refused: [
    { input: {}, path: ['domains'] },
    { input: { domains: ['exa mple.com'] }, path: ['domains', 0] },
    { input: { domains: ['good.com', '10.0.0.1'] }, path: ['domains', 1] },
    { input: { domains: ['localhost'] }, path: ['domains', 0] },
    { input: { startUrls: ['https://good.com/', 'ftp://good.com/'] }, path: ['startUrls', 1] },
    { input: { startUrls: ['http://169.254.169.254/latest'] }, path: ['startUrls', 0] },
    { input: { domains: ['good.com'], maxPagesPerDomain: 0 }, path: ['maxPagesPerDomain'] },
    { input: { domains: ['good.com'], maxPagesPerDomain: 1.5 }, path: ['maxPagesPerDomain'] },
    { input: { domains: ['good.com'], scope: 'world' }, path: ['scope'] },
    { input: { domains: 'good.com' }, path: ['domains'] },
    { input: { domains: [7] }, path: ['domains', 0] },
  ],
  compared: {
    pages: [
      'url',
      'shard_key',
      'domain',
      'parent_url',
      'depth',
      'priority',
      'status',
      'http_status',
      'error_category',
      'error_message',
      'error_details',
      'email_count',
    ],
    sightings: ['address', 'source_url', 'method', ...found],
    job_addresses: ['address', 'domain', 'source_url', 'method', ...found],
  },
  async duplicates(db, jobId) {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from (
        select s.address from sightings s join pages p on p.job_id = s.job_id and p.url = s.source_url
        where s.job_id = ${jobId} group by s.address having count(distinct p.shard_key) > 1) shared`.execute(db)
    return rows[0]!.n
  },
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
