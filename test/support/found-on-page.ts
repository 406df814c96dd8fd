import { extractPage } from '../../jobs/engines/page/extract-page.ts'

/** What is found on a page of a site of its own, as "method address", in order. */
export function foundOnPage(body: string, contentType = 'text/html'): string[] {
  const page = extractPage({ url: 'https://www.site.de/contact', body, contentType })
  return page.emails.map(({ method, address }) => `${method} ${address}`)
}
