import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createSitemapReader, NoSitemap, type SitemapEntry } from './sitemap.ts'

/** In pieces of so many characters. */
function read(text: string, size = text.length): SitemapEntry[] {
  const reader = createSitemapReader()
  const entries: SitemapEntry[] = []
  for (let at = 0; at < text.length; at += size) entries.push(...reader.write(text.slice(at, at + size)))
  return [...entries, ...reader.end()]
}

const page = (url: string): SitemapEntry => ({ url, of: 'page' })
const xml = '<?xml version="1.0" encoding="UTF-8"?>\n'

const forms: [what: string, text: string, entries: SitemapEntry[]][] = [
  [
    'a list',
    `${xml}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc> https://a.example/?a=1&amp;b=2 </loc><lastmod>2026-01-01</lastmod></url>
     <url><priority>1</priority><loc><![CDATA[https://a.example/b]]></loc></url></urlset>`,
    [page('https://a.example/?a=1&b=2'), page('https://a.example/b')],
  ],
  [
    'an index',
    `\ufeff${xml}<!-- made by hand --><sitemapindex><sitemap><loc>https://a.example/1.xml.gz</loc></sitemap></sitemapindex>`,
    [{ url: 'https://a.example/1.xml.gz', of: 'sitemap' }],
  ],
  [
    'a list with a prefix, images, videos and other languages',
    `<sm:urlset><sm:url><sm:loc>https://a.example/</sm:loc><image:image><image:loc>https://a.example/i.png</image:loc></image:image>
     <video:video><video:player_loc>https://a.example/v</video:player_loc></video:video><xhtml:link rel="alternate" hreflang="de" href="https://a.example/de"/></sm:url></sm:urlset>`,
    [page('https://a.example/')],
  ],
  [
    'RSS',
    '<rss version="2.0"><channel><link>https://a.example/</link><item><title>x</title><link>https://a.example/news</link></item></channel></rss>',
    [page('https://a.example/news')],
  ],
  [
    'Atom',
    '<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://a.example/"/><entry><link rel="edit" href="https://a.example/e"/><link href="https://a.example/1"/></entry></feed>',
    [page('https://a.example/1')],
  ],
  [
    'text',
    'https://a.example/1\r\n\r\n  http://a.example/2 \nno address\nhttps://a.example/3',
    [page('https://a.example/1'), page('http://a.example/2'), page('https://a.example/3')],
  ],
  [
    'a list that breaks off',
    '<urlset><url><loc>https://a.example/1</loc></url><url><loc>https://a.exa',
    [page('https://a.example/1')],
  ],
  ['an address that is too long', `<urlset><url><loc>https://a.example/${'x'.repeat(3_000)}</loc></url></urlset>`, []],
  ['nothing', ' \n ', []],
]

test.each(forms)('%s is read', (_what, text, entries) => {
  expect(read(text)).toEqual(entries)
})

test.each(forms)('%s is read the same in whatever pieces', (_what, text, entries) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (size) => {
      expect(read(text, size)).toEqual(entries)
    }),
    { numRuns: 40 },
  )
})

describe('what is no sitemap is refused early', () => {
  test.each<[what: string, piece: string]>([
    ['a page', '<!doctype html><html><body><p>Not found</p></body></html>'],
    ['elements in elements for ever', `<urlset>${'<url>'.repeat(1_000)}`],
    ['a comment without end', `<urlset><!--${'x'.repeat(1_000)}`],
    ['a tag without end', `<urlset a="${'x'.repeat(1_000)}`],
    ['text without addresses', 'lorem ipsum '.repeat(100)],
    ['zeros', '\0'.repeat(1_000)],
  ])('%s', (_what, piece) => {
    const reader = createSitemapReader()
    const more = piece.slice(-1_000)
    expect(() => {
      reader.write(piece)
      for (let written = 0; written < 1_000_000; written += more.length) reader.write(more)
    }).toThrow(NoSitemap)
  })
})

test('any text in any pieces is read or refused', () => {
  const text = fc.string({
    unit: fc.constantFrom('<', '>', '/', 'url', 'loc', 'urlset', ' ', '&', '!--', '[CDATA[', 'http://a'),
  })
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 10 }), (written, size) => {
      try {
        read(`<urlset>${written}`, size)
      } catch (error) {
        expect(error).toBeInstanceOf(NoSitemap)
      }
    }),
  )
})
