import { describe, expect, it } from 'vitest'

import { extractPage } from './extract-page.ts'

const page = (body: string) => extractPage({ url: 'https://acme.com/a/', body, contentType: 'text/html' })

describe('the head of a page', () => {
  it('tells title, language, canonical URL and base', () => {
    expect(
      page(`<!doctype html><html lang="de-AT"><head><title> Über
        uns &amp; mehr </title><base href="/b/"><link rel="canonical" href="c"></head><body><title>other</title><svg><title>icon</title></svg>`),
    ).toMatchObject({
      title: 'Über uns & mehr',
      language: 'de-AT',
      base: 'https://acme.com/b/',
      canonical: 'https://acme.com/b/c',
    })
  })

  it('leaves out what it does not say', () => {
    const { title, language, canonical, metaRefresh, base } = page('<p>x')
    expect([title, language, canonical, metaRefresh, base]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'https://acme.com/a/',
    ])
  })

  it.each([
    [
      '<meta name="robots" content="noindex, nofollow">',
      { noindex: true, nofollow: true, noarchive: false, nosnippet: false },
    ],
    ['<META NAME=ROBOTS CONTENT=NONE>', { noindex: true, nofollow: true, noarchive: false, nosnippet: false }],
    [
      '<meta name="robots" content="noarchive,nosnippet"><meta name="robots" content="nofollow">',
      { noindex: false, nofollow: true, noarchive: true, nosnippet: true },
    ],
    [
      '<meta name="mailquarry" content="noindex">',
      { noindex: true, nofollow: false, noarchive: false, nosnippet: false },
    ],
    [
      '<meta name="otherbot" content="noindex">',
      { noindex: false, nofollow: false, noarchive: false, nosnippet: false },
    ],
    [
      '<meta name="robots" content="index, follow">',
      { noindex: false, nofollow: false, noarchive: false, nosnippet: false },
    ],
  ])('%s', (body, robots) => expect(page(body).robots).toEqual(robots))

  it.each([
    ['5; url=/next', { url: 'https://acme.com/next', delaySeconds: 5 }],
    ["0;URL='next'", { url: 'https://acme.com/a/next', delaySeconds: 0 }],
    ['0, https://other.org/#x', { url: 'https://other.org/', delaySeconds: 0 }],
    ['5', undefined],
    ['5; url=javascript:x()', undefined],
  ])('refresh %j', (content, expected) =>
    expect(page(`<meta http-equiv="Refresh" content="${content}">`).metaRefresh).toEqual(expected),
  )
})
