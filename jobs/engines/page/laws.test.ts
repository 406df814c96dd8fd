import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseAddress } from '../address/parse.ts'
import { suffixFacts } from '../address/public-suffix.ts'
import { extractFrom, extractPage } from './extract-page.ts'
import { methods } from './found-email.ts'
import { readHtml } from './reading/light-reader.ts'
import { readHtmlAsTree } from './reading/tree-reader.ts'

const url = 'https://www.site.de/a/'
const read = (body: string, contentType = 'text/html') => extractPage({ url, body, contentType })
const addresses = (body: string): string[] => [...new Set(read(body).emails.map(({ address }) => address))]

const word = fc.stringMatching(/^[a-z]{3,9}$/)
const local = fc.oneof(
  word,
  fc.tuple(word, word).map((parts) => parts.join('.')),
  fc.tuple(word, word).map((parts) => parts.join('_')),
)
const tld = fc.constantFrom('com', 'org', 'de', 'co.uk', 'fr', 'info')
const address = fc
  .tuple(local, word, tld)
  .map(([name, domain, suffix]) => `${name}@${domain}.${suffix}`)
  // the few that our lists of placeholders and hosts know
  .filter((text) => addresses(`<a href="mailto:${text}">x</a>`).length === 1)

describe('an address', () => {
  const around = fc.constantFrom(
    '',
    ' ',
    'Write to ',
    'E-Mail: ',
    '(',
    '<b>',
    '<p>',
    '„',
    ', ',
    '<br>',
    '&lt;',
    '<td>',
    '— ',
  )
  const behind = fc.constantFrom(
    '',
    ' ',
    '.',
    ', or',
    ')',
    '</b>',
    '</p>',
    '“',
    '!',
    '<br>',
    '&gt;',
    '</td>',
    ' –',
    '?',
  )

  it('that is written out in visible text is found, and nothing else is', () => {
    fc.assert(
      fc.property(around, address, behind, (before, text, after) => {
        expect(addresses(`<div>${before}${text}${after}</div>`)).toEqual([text])
      }),
      { numRuns: 500 },
    )
  })

  it('is found however its letters are spelled', () => {
    const spellings: ((text: string) => string)[] = [
      (text) => Array.from(text, (char) => `&#${char.charCodeAt(0)};`).join(''),
      (text) => Array.from(text, (char) => `&#x${char.charCodeAt(0).toString(16)};`).join(''),
      (text) => text.replace('@', ' [at] ').replaceAll('.', ' [dot] '),
      (text) => text.replace('@', '(at)'),
      (text) => text.replace('@', '＠').replaceAll('.', '．'),
      (text) => Array.from(text).join('\u200b'),
      (text) => Array.from(text).join('&shy;'),
      (text) => Array.from(text).join('<!-- x -->'),
      (text) => `<span style="unicode-bidi:bidi-override;direction:rtl">${Array.from(text).reverse().join('')}</span>`,
      (text) => `<i data-x="${Buffer.from(text).toString('base64')}"></i>`,
      (text) => `<i data-x="${Buffer.from(text).toString('hex')}"></i>`,
      (text) => `<i data-user="${text.split('@')[0]}" data-domain="${text.split('@')[1]}"></i>`,
      (text) => `<a href="mailto:${Array.from(text, (char) => `%${char.charCodeAt(0).toString(16)}`).join('')}">x</a>`,
      (text) => `<i data-cfemail="${cloudflare(text, 0x5a)}"></i>`,
      (text) => `<script>x = ${JSON.stringify(text.split('@'))}.join('@')</script>`,
      (text) => `<script>x = String.fromCharCode(${Array.from(text, (char) => char.charCodeAt(0)).join(',')})</script>`,
      (text) =>
        `<script>x = '${Array.from(text, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}'</script>`,
      (text) => `<script>x = ${Array.from(text, (char) => JSON.stringify(char)).join('+')}</script>`,
      (text) => `<script>x = atob('${Buffer.from(text).toString('base64')}')</script>`,
      (text) => `<script type="application/ld+json">{"email":"${text}"}</script>`,
    ]
    fc.assert(
      fc.property(address, fc.constantFrom(...spellings), (text, spell) => {
        expect(addresses(`<p>Mail: ${spell(text)}</p>`)).toEqual([text])
      }),
      { numRuns: 1000 },
    )
  })
})

/** Pieces of pages, good and bad, of which random pages are made. */
const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'info@acme.com',
      'a.b@acme.de',
      ' [at] ',
      ' at ',
      ' dot ',
      '@',
      '.com',
      'acme',
      'info',
      '&#64;',
      '&amp;',
      '&nbsp;',
      '﹫',
      '\u200b',
      '\u202e',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'text ',
      'Jane Roe ',
      '+49 30 123456 ',
      ' ',
      '\n',
      '<',
      '>',
      '"',
      "'",
      '&',
      '(',
      ')',
      'ä',
      '邮箱',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '<p>',
      '</p>',
      '<div>',
      '</div>',
      '<b>',
      '</b>',
      '<span>',
      '</span>',
      '<br>',
      '<ul><li>',
      '<li>',
      '</ul>',
      '<h2>',
      '</h2>',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '<a href="mailto:x@acme.com">',
      '<a href="/y?a&amp;b" rel=nofollow>',
      '</a>',
      '<span hidden>',
      '<i style="display:none">',
      '</i>',
      '<!-- a@b.de -->',
      '<img alt="@">',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '<table><tr><td>',
      '<td>',
      '<tr><td>',
      '</table>',
      '<script>x="a"+"@acme.com"</script>',
      '<style>.h{display:none}</style>',
      '<span class=h>',
      '<textarea>',
      '</textarea>',
      '<dl><dt>',
      '<dd>',
      '</dl>',
    ),
  },
)
const sloppyPage = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))

describe('any page', () => {
  it('gives only addresses in normal form, of known domains, with all that belongs to a sighting', () => {
    fc.assert(
      fc.property(
        fc.oneof(sloppyPage, fc.string({ unit: 'binary' })),
        fc.constantFrom('text/html', 'text/plain', 'application/xml', 'application/json'),
        (body, type) => {
          const { emails } = read(body, type)
          for (const { address, method, snippet, confidence, quality, reasons } of emails) {
            expect(parseAddress(address)).toMatchObject({ ok: true, address })
            const domain = address.slice(address.lastIndexOf('@') + 1)
            expect(suffixFacts(domain).knownSuffix || quality === 'low').toBe(true)
            expect(methods).toContain(method)
            expect(snippet).not.toMatch(/[\n\ue000]/)
            expect(snippet.length).toBeLessThanOrEqual(200)
            expect(confidence > 0 && confidence < 1).toBe(true)
            expect(['high', 'medium', 'low']).toContain(quality)
            expect(reasons.length).toBeGreaterThan(0)
          }
          const keys = emails.map(({ address, method }) => `${method} ${address}`)
          expect(new Set(keys).size).toBe(keys.length)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('is read the same by tokens and by a tree, as long as it is well formed', () => {
    fc.assert(
      fc.property(wellFormed, (inner) => {
        const body = `<!doctype html><title>x</title><body>${inner}`
        const page = { url, body, contentType: 'text/html' }
        expect(extractFrom(readHtml(body), page)).toEqual(extractFrom(readHtmlAsTree(body), page))
      }),
      { numRuns: 500 },
    )
  })

  // Each takes a second or two; where some place looks at the rest again and again it is minutes, or there is no end.
  it.each([
    ['lists in a script that nobody closes', `<script>${'['.repeat(100_000)}"@"</script>`],
    ['lists in JSON that nobody closes', `<script type="application/ld+json">${'['.repeat(100_000)}"@"</script>`],
    ['spaces in JSON', `<script type="application/ld+json">{${' '.repeat(1_000_000)}"@"</script>`],
    ['members of members in a script', `<script>"@";${'a.'.repeat(500_000)}b</script>`],
    ['spaces in a link', `<a href="mailto:${' '.repeat(1_000_000)}x">x</a>`],
    ['spaces in a link for mail', `<a href="mailto:x${' '.repeat(1_000_000)}y">x</a>`],
    ['groups of rules that nobody closes', `<style>display:none${'@media x{'.repeat(300_000)}</style>`],
    ['groups of rules of which one ends', `<style>display:none${'@media x{'.repeat(1_000_000)}}</style>`],
    ['ends of groups of rules that nobody opened', `<style>display:none{${'}'.repeat(3_000_000)}</style>`],
    ['pages in frames of pages', `${framed('@', 1700)}</iframe>`],
    ['breaks behind signs', 'x@<br>'.repeat(300_000)],
    [
      'text that a style puts everywhere',
      `<style>.a:after{content:"${'x@'.repeat(900)}"}</style>${'<b class=a>'.repeat(300_000)}`,
    ],
  ])('is read to its end with ever more %s', { timeout: 30_000 }, (_, body) => {
    expect(addresses(`${body}<p>info@acme.com</p>`)).toEqual(['info@acme.com'])
  })

  it('is read the same in a line of many links, some letters of which are references', () => {
    const link = (number: number): string =>
      `Jane Roe <a href="mailto:j${number}@acme.com">&lt;j${number}@acme.com&gt;</a>\n`
    const body = Array.from({ length: 12 }, (_, number) => link(number)).join('')
    const page = { url, body, contentType: 'text/html' }
    expect(extractFrom(readHtml(body), page)).toEqual(extractFrom(readHtmlAsTree(body), page))
  })

  it('is read the same where end tags are left out that may be', () => {
    const items = fc.array(inline, { minLength: 1, maxLength: 5 })
    const list = items.map((all) => `<ul>${all.map((item) => `<li>${item}`).join('')}</ul>`)
    const table = fc
      .array(items, { minLength: 1, maxLength: 3 })
      .map((rows) => `<table>${rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}`).join('')}`).join('')}</table>`)
    const paragraphs = items.map((all) => all.map((item) => `<p>${item}`).join(''))
    const terms = items.map((all) => `<dl>${all.map((item) => `<dt>${item}<dd>x`).join('')}</dl>`)
    fc.assert(
      fc.property(fc.array(fc.oneof(list, table, paragraphs, terms), { maxLength: 5 }), (parts) => {
        const body = parts.join('<hr>')
        const page = { url, body, contentType: 'text/html' }
        expect(extractFrom(readHtml(body), page)).toEqual(extractFrom(readHtmlAsTree(body), page))
      }),
      { numRuns: 300 },
    )
  })
})

const text = fc.constantFrom(
  'info@acme.com',
  'Jane Roe',
  'jane.roe',
  '@',
  'acme',
  '.com',
  ' ',
  ', ',
  ' at ',
  ' [at] ',
  ' dot ',
  '&#64;',
  '&amp;',
  '&lt;',
  'Tel. 030 1234567',
  'CEO',
  'CEO, ',
  '\u00ad',
  '\n',
  '<br>',
  '<!-- x@acme.com -->',
  '<wbr>',
  '<img alt="@">',
  'a < b',
  '邮箱',
)
const attributes = fc.constantFrom(
  '',
  ' hidden',
  ' style="display:none"',
  ' class="h"',
  ' data-mail="aW5mb0BhY21lLmNvbQ=="',
  ' title="x@acme.com"',
  ' data-user=a data-domain=acme.com',
  ' style="unicode-bidi:bidi-override;direction:rtl"',
  " onclick=\"go('a'+'@acme.com')\"",
)
const { inline } = fc.letrec<{ inline: string }>((tie) => ({
  inline: fc
    .array(
      fc.oneof(
        { weight: 5, arbitrary: text },
        {
          weight: 1,
          arbitrary: fc
            .tuple(fc.constantFrom('b', 'span', 'em', 'code', 'x-y'), attributes, tie('inline'))
            .map(([tag, more, inner]) => `<${tag}${more}>${inner}</${tag}>`),
        },
        {
          weight: 1,
          arbitrary: fc
            .constantFrom('mailto:info@acme.com', '/b', 'c?x=1&amp;y=2#z', 'javascript:x(&quot;a@acme.com&quot;)')
            .map((href) => `<a href="${href}">more</a>`),
        },
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
}))
const { block: wellFormed } = fc.letrec<{ block: string }>((tie) => ({
  block: fc
    .array(
      fc.oneof(
        inline,
        fc
          .tuple(fc.constantFrom('div', 'section', 'blockquote', 'address'), attributes, tie('block'))
          .map(([tag, more, inner]) => `<${tag}${more}>${inner}</${tag}>`),
        fc
          .tuple(fc.constantFrom('p', 'h2', 'pre'), attributes, inline)
          .map(([tag, more, inner]) => `<${tag}${more}>${inner}</${tag}>`),
        inline.map((inner) => `<ul><li>${inner}</li><li>x</li></ul>`),
        inline.map((inner) => `<table><tr><td>${inner}</td><td>x</td></tr></table>`),
        fc.constantFrom(
          '<style>.h{display:none}</style>',
          '<script>x("b"+"@acme.com")</script>',
          '<script type="application/ld+json">{"email":"j@acme.com"}</script>',
          '<noscript>n@acme.com</noscript>',
          '<template>t@acme.com</template>',
          '<textarea>a <b>@acme.com</textarea>',
        ),
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
}))

function cloudflare(text: string, key: number): string {
  return Buffer.from([key, ...Buffer.from(text).map((byte) => byte ^ key)]).toString('hex')
}

/** A page in a frame of a page, and so on. */
function framed(page: string, times: number): string {
  let outer = page
  for (let i = 0; i < times; i++) outer = `<iframe/srcdoc=${outer.replaceAll('&', '&amp;').replaceAll('>', '&gt;')}>`
  return outer
}
