import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { canonicalUrl, maxUrlLength } from './canonical-url.ts'

const ok = (text: string, base?: string) => {
  const result = canonicalUrl(text, base)
  return result.ok ? result.url : result.reason
}

describe('brings the spellings of one page to one form', () => {
  test.each([
    // fragment, default port, user-info, case of host, dot behind it
    ['https://example.com/a#top', 'https://example.com/a'],
    ['https://example.com', 'https://example.com/'],
    ['HTTP://EXAMPLE.com:80/A', 'http://example.com/A'],
    ['https://example.com:443/', 'https://example.com/'],
    ['https://example.com:80/', 'https://example.com:80/'],
    ['http://user:secret@example.com/', 'http://example.com/'],
    ['http://example.com./a', 'http://example.com/a'],
    ['http://münchen.example/ü?ö', 'http://xn--mnchen-3ya.example/%C3%BC?%C3%B6'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['  http://example.com/a\n ', 'http://example.com/a'],
    // percent-encoding
    ['http://example.com/%7euser/%e4', 'http://example.com/~user/%E4'],
    ['http://example.com/a%2fb', 'http://example.com/a%2Fb'],
    ['http://example.com/100%', 'http://example.com/100%25'],
    ['http://example.com/%%37E', 'http://example.com/%257E'],
    ['http://example.com/a/%2e%2e/b', 'http://example.com/b'],
    // query
    ['http://example.com/?', 'http://example.com/'],
    ['http://example.com/?&&b=2&&a=1&', 'http://example.com/?b=2&a=1'],
    ['http://example.com/?a=1&a=1', 'http://example.com/?a=1&a=1'],
    ['http://example.com/?utm_source=x&id=7&UTM_Medium=y&fbclid=z', 'http://example.com/?id=7'],
    ['http://example.com/?gclid=1', 'http://example.com/'],
    // session ids
    ['http://example.com/a;jsessionid=0A1B?x=1', 'http://example.com/a?x=1'],
    ['http://example.com/a?PHPSESSID=abc&x=1', 'http://example.com/a?x=1'],
    ['http://example.com/f?t=1&sid=0123456789abcdef0123456789abcdef', 'http://example.com/f?t=1'],
    ['http://example.com/f?sid=12', 'http://example.com/f?sid=12'],
    ['http://example.com/(S(lit3py55t21z5v55vlm25s55))/page.aspx', 'http://example.com/page.aspx'],
    ['http://example.com/a/..;jsessionid=1/b', 'http://example.com/b'],
    // what stays
    ['http://example.com/a/', 'http://example.com/a/'],
    ['http://example.com//a', 'http://example.com//a'],
    ['http://example.com/index.html', 'http://example.com/index.html'],
  ])('%s', (text, expected) => {
    expect(ok(text)).toBe(expected)
  })

  test('resolves against a base', () => {
    expect(ok('../b?c#d', 'https://example.com/x/y/z')).toBe('https://example.com/x/b?c')
    expect(ok('//cdn.example.com/', 'http://example.com/')).toBe('http://cdn.example.com/')
  })
})

describe('says why a text cannot be crawled', () => {
  test.each([
    ['not a url', 'not a URL'],
    ['', 'not a URL'],
    ['http://', 'not a URL'],
    ['http://exa mple.com/', 'not a URL'],
    ['http://example.com:99999/', 'not a URL'],
    ['mailto:a@example.com', 'not http or https'],
    ['javascript:void(0)', 'not http or https'],
    ['ftp://example.com/', 'not http or https'],
    [`http://example.com/${'a'.repeat(maxUrlLength)}`, 'longer than 2000 characters'],
    [`http://example.com/${'%'.repeat(1_000)}`, 'longer than 2000 characters'],
    [`http://example.com/${'a'.repeat(1_000_000)}`, 'longer than 2000 characters'],
  ])('%.60s', (text, reason) => {
    expect(ok(text)).toBe(reason)
  })
})

const piece = fc.oneof(
  fc.constantFrom(
    '%',
    '%3',
    '%37',
    '%2e',
    '%2E%2e',
    '..',
    '.',
    '/',
    '//',
    ';jsessionid=1',
    ';sid=',
    '(S(abcdefgh))',
    '?',
    '&',
    '=',
    '#',
    ':',
    '@',
  ),
  fc.constantFrom(
    'utm_a=1',
    'phpsessid',
    'sid=0123456789abcdef0123456789abcdef',
    '\\',
    '\t',
    ' ',
    '\0',
    '\ud800',
    'ü',
    '＠',
    '~',
    '+',
  ),
  fc.string({ maxLength: 4 }),
)

test('a canonical URL is its own canonical URL', () => {
  const texts = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.array(piece, { maxLength: 14 }).map((pieces) => `http://example.com/${pieces.join('')}`),
    fc.array(piece, { maxLength: 8 }).map((pieces) => `http://${pieces.join('')}`),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const once = canonicalUrl(text)
      if (!once.ok) return
      expect(canonicalUrl(once.url)).toEqual(once)
      expect(once.url).toMatch(/^https?:\/\/[^#\s]+$/)
      expect(once.url.length).toBeLessThanOrEqual(maxUrlLength)
      expect(new URL(once.url).href).toBe(once.url)
    }),
    { numRuns: 3_000 },
  )
})
