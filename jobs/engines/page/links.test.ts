import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { extractPage } from './extract-page.ts'
import { LinkResolver } from './links.ts'

const page = (body: string, url = 'https://acme.com/a/b.html') => extractPage({ url, body, contentType: 'text/html' })

describe('links', () => {
  it.each([
    ['<a href="c.html">x</a>', 'https://acme.com/a/c.html'],
    ['<a href="/c">x</a>', 'https://acme.com/c'],
    ['<a href="../c">x</a>', 'https://acme.com/c'],
    ['<a href="?q=1">x</a>', 'https://acme.com/a/b.html?q=1'],
    ['<a href="//other.org/x">x</a>', 'https://other.org/x'],
    ['<a href="HTTP://Other.org/x#top">x</a>', 'http://other.org/x'],
    ['<a href=" c d.html ">x</a>', 'https://acme.com/a/c%20d.html'],
    ['<a href="c?a=1&amp;b=2">x</a>', 'https://acme.com/a/c?a=1&b=2'],
    ['<a href="ä">x</a>', 'https://acme.com/a/%C3%A4'],
    ['<a href=c/d>x</a>', 'https://acme.com/a/c/d'],
    ['<base href="/z/"><a href="c">x</a>', 'https://acme.com/z/c'],
    ['<base href="https://other.org/"><a href="c">x</a>', 'https://other.org/c'],
    ['<base href="mailto:x"><a href="c">x</a>', 'https://acme.com/a/c'],
    ['<area href="c">', 'https://acme.com/a/c'],
    ['<iframe src="c"></iframe>', 'https://acme.com/a/c'],
    ['<frameset><frame src="c"></frameset>', 'https://acme.com/a/c'],
    ['<link rel="next" href="c">', 'https://acme.com/a/c'],
    ['<div hidden><a href="c">x</a></div>', 'https://acme.com/a/c'],
  ])('%s', (body, url) => expect(page(body).links.map((link) => link.url)).toEqual([url]))

  it.each([
    'mailto:a@acme.com',
    'javascript:x()',
    'tel:+49',
    '#top',
    '',
    'data:text/html,x',
    'http://',
    'http://mailto:info@acme.com',
    'info@acme.com',
    '/cdn-cgi/l/email-protection#00',
  ])('leads nowhere: %j', (href) => expect(page(`<a href="${href}">x</a>`).links).toEqual([]))

  it('are told once each, followed if one of them may be, with the first words', () => {
    const { links } = page(`<a href="c" rel="nofollow"><img src=x></a><a href="/a/c#x" rel="nofollow"> The <b>team</b>
      &amp; more </a><a href="d" rel="external NoFollow">d</a><a href="c" rel="nofollow">x</a><a href="e" rel=nofollow>e</a><a href="e">E</a>`)
    expect(links).toEqual([
      { url: 'https://acme.com/a/c', nofollow: true, text: 'The team & more' },
      { url: 'https://acme.com/a/d', nofollow: true, text: 'd' },
      { url: 'https://acme.com/a/e', nofollow: false, text: 'e' },
    ])
  })

  it('of plain text and of feeds', () => {
    const body = 'See https://acme.com/x, (http://acme.com/y) and ftp://acme.com/z.'
    expect(
      extractPage({ url: 'https://acme.com/', body, contentType: 'text/plain' }).links.map(({ url }) => url),
    ).toEqual(['https://acme.com/x', 'http://acme.com/y'])
    const feed =
      '<feed><link href="/a"/><entry><link>https://acme.com/b</link><content>&lt;a href="/c"&gt;c&lt;/a&gt;</content></entry></feed>'
    expect(
      extractPage({ url: 'https://acme.com/', body: feed, contentType: 'application/atom+xml' }).links.map(
        ({ url }) => url,
      ),
    ).toEqual(['https://acme.com/a', 'https://acme.com/b', 'https://acme.com/c'])
  })

  it('are made absolute exactly as the URL standard does', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '0',
      '.',
      '..',
      '/',
      '//',
      '?',
      '#',
      '%',
      '%2e',
      '%41',
      ':',
      '@',
      ' ',
      'ä',
      "'",
      '(',
      '&',
      '=',
      '+',
      '~',
      '\\',
      '|',
      '-',
      '_',
      ';',
      '"',
    )
    const href = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''))
    const resolver = new LinkResolver('https://acme.com/a/b.html?q#h', undefined)
    fc.assert(
      fc.property(href, (text) => {
        const resolved = resolver.resolve(text)
        if (resolved === undefined) return
        const standard = new URL(text, resolver.base)
        standard.hash = ''
        expect(resolved).toBe(standard.href)
      }),
      { numRuns: 5000 },
    )
  })
})
