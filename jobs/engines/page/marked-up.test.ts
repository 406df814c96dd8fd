import { describe, expect, it } from 'vitest'

import { foundOnPage } from '../../../test/support/found-on-page.ts'

describe('mailto', () => {
  it.each([
    ['<a href="mailto:info@acme.com">Mail</a>', ['mailto info@acme.com']],
    ['<a href="mailto:Info@ACME.com">Mail</a>', ['mailto info@acme.com']],
    ['<a href=MAILTO:info@acme.com>Mail</a>', ['mailto info@acme.com']],
    ["<A HREF='mailto:info@acme.com?subject=Hi%20you&body=x'>Mail</A>", ['mailto info@acme.com']],
    ['<a href="mailto:%69nfo%40acme.com">Mail</a>', ['mailto info@acme.com']],
    [
      '<a href="mailto:a@acme.com,b@acme.com;c@acme.com">x</a>',
      ['mailto a@acme.com', 'mailto b@acme.com', 'mailto c@acme.com'],
    ],
    ['<a href="mailto:a@acme.com%2Cb@acme.com">x</a>', ['mailto a@acme.com', 'mailto b@acme.com']],
    [
      '<a href="mailto:a@acme.com?cc=b@acme.com&amp;BCC=c%40acme.com">x</a>',
      ['mailto a@acme.com', 'mailto b@acme.com', 'mailto c@acme.com'],
    ],
    ['<a href="mailto:?to=a@acme.com&cc=b@acme.com">x</a>', ['mailto a@acme.com', 'mailto b@acme.com']],
    ['<a href="mailto:info@acme.com&subject=no question mark">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto: info@acme.com ">x</a>', ['mailto info@acme.com']],
    ['<a href=" mailto:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:info @ acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto://info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:mailto:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="http://mailto:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="/mailto:info@acme.com?subject=x">x</a>', ['mailto info@acme.com']],
    ['<a href="https://www.site.de/mailto:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto%3Ainfo%40acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mail:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="email:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="/?url=mailto:info@acme.com">x</a>', []],
    ['<a href="mailto:info@acme.com.">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:Jane%20Roe%20%3Cjane@acme.com%3E">x</a>', ['mailto jane@acme.com']],
    [`<a href="mailto:o'hara+x/y=z@acme.com">x</a>`, ["mailto o'hara+x/y=z@acme.com"]],
    ['<a href="mailto:%22john%20roe%22@acme.com">x</a>', ['mailto "john roe"@acme.com']],
    ['<a href="&#109;&#97;&#105;&#108;&#116;&#111;&#58;info&#64;acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:info[at]acme.com">x</a>', ['at-words info@acme.com']],
    ['<map><area href="mailto:info@acme.com"></map>', ['mailto info@acme.com']],
    ['<link rev="made" href="mailto:info@acme.com">', ['mailto info@acme.com']],
    ['<form action="mailto:info@acme.com" method="post"></form>', ['mailto info@acme.com']],
    ['<button formaction="mailto:info@acme.com">x</button>', ['mailto info@acme.com']],
    ['<svg><a xlink:href="mailto:info@acme.com"><text>x</text></a></svg>', ['mailto info@acme.com']],
    [`<a :href="'mailto:' + 'info@acme.com'">x</a>`, ['script info@acme.com']],
    ['<a href="mailto:info@acme.com">info@acme.com</a>', ['mailto info@acme.com', 'text info@acme.com']],
    ['<a href="info@acme.com">x</a>', ['attribute info@acme.com']],
    ['<a href="https://mail.google.com/mail/?view=cm&to=info@acme.com">x</a>', ['link-parameter info@acme.com']],
    ['<a href="/form?email=info%40acme.com&x=1">x</a>', ['link-parameter info@acme.com']],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
})

describe("Cloudflare's protection", () => {
  const hidden = '4b22252d240b2a28262e65282426'
  it.each([
    [`<span class="__cf_email__" data-cfemail="${hidden}">[email&#160;protected]</span>`, ['cloudflare info@acme.com']],
    [`<a href="/cdn-cgi/l/email-protection#${hidden}">[email protected]</a>`, ['cloudflare info@acme.com']],
    [`<a href="https://acme.com/cdn-cgi/l/email-protection#${hidden}">Write</a>`, ['cloudflare info@acme.com']],
    [`<a href="/cdn-cgi/l/email-protection" data-cfemail="${hidden}">x</a>`, ['cloudflare info@acme.com']],
    ['<a href="/cdn-cgi/l/email-protection">x</a> [email&#160;protected]', []],
    ['<a data-cfemail="nonsense">x</a>', []],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
})

describe('attributes', () => {
  it.each([
    ['<span data-email="info@acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="moc.emca@ofni"></span>', ['reversed info@acme.com']],
    ['<span data-email="aW5mb0BhY21lLmNvbQ=="></span>', ['base64 info@acme.com']],
    ['<span data-email="aW5mb0BhY21lLmNvbQ"></span>', ['base64 info@acme.com']],
    ['<span data-email="aW5mb0BhY21lLmNvbQ%3D%3D"></span>', ['base64 info@acme.com']],
    ['<span data-email="696e666f4061636d652e636f6d"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="105,110,102,111,64,97,99,109,101,46,99,111,109"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="info%40acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="info[at]acme.com"></span>', ['at-words info@acme.com']],
    ['<span data-email="vasb@npzr.pbz"></span>', ['rot13 info@acme.com']],
    ['<span data-enc-email="vasb[at]npzr.pbz"></span>', ['rot13 info@acme.com']],
    ['<span data-mail-name="info" data-mail-domain="acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-local-part="info" data-domain-part="acme.com"></span>', ['data-attribute info@acme.com']],
    ['<x-mail address="info@acme.com"></x-mail>', ['data-attribute info@acme.com']],
    [
      '<x-island props="{&quot;mail&quot;:[0,&quot;info@acme.com&quot;]}"></x-island>',
      ['data-attribute info@acme.com'],
    ],
    ['<i wire:snapshot="{&quot;mail&quot;:&quot;info@acme.com&quot;}"></i>', ['data-attribute info@acme.com']],
    [`<i x-data="{ mail: 'info' + '@' + 'acme.com' }"></i>`, ['script info@acme.com']],
    ['<span data-user="info" data-domain="acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-name="info" data-domain="acme" data-tld="com"></span>', ['data-attribute info@acme.com']],
    ['<span data-email-user="info" data-email-host="acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-part1="info" data-part2="acme" data-part3="com"></span>', ['data-attribute info@acme.com']],
    ['<span data-user="ofni" data-website="moc.emca"></span>', ['reversed info@acme.com']],
    ['<span data-user="aW5mbw==" data-domain="YWNtZS5jb20="></span>', ['base64 info@acme.com']],
    [`<i data-x='{"user":"info","domain":"acme.com"}'></i>`, ['data-attribute info@acme.com']],
    [`<i data-email='["info","acme","com"]'></i>`, ['data-attribute info@acme.com']],
    ['<i data-local="info" data-domain="acme" data-suffix="com"></i>', ['data-attribute info@acme.com']],
    ['<i data-prefix="info" data-suffix="acme.com"></i>', ['data-attribute info@acme.com']],
    [`<i data-props='{"mail":"info\\u0040acme.com"}'></i>`, ['data-attribute info@acme.com']],
    ['<i data-mail="\\x69nfo\\x40acme.com"></i>', ['data-attribute info@acme.com']],
    ['<i data-email="info|acme.com"></i>', ['data-attribute info@acme.com']],
    ['<i data-name="info" data-at="@" data-domain="acme.com"></i>', ['data-attribute info@acme.com']],
    ['<a data-mail="info" data-host="acme.com" href="#">x</a>', ['data-attribute info@acme.com']],
    ['<a title="info (at) acme.com" href="#">x</a>', ['at-words info@acme.com']],
    ['<meta property="og:email" content="info@acme.com">', ['attribute info@acme.com']],
    [`<span data-props='{"mail":"info@acme.com"}'></span>`, ['data-attribute info@acme.com']],
    [
      '<a href="#" data-mailto-token="nbjmup+jogpAbdnf/dpn" data-mailto-vector="1">x</a>',
      ['data-attribute info@acme.com'],
    ],
    [
      '<joomla-hidden-mail first="aW5mbw==" last="YWNtZS5jb20=" text="x"></joomla-hidden-mail>',
      ['base64 info@acme.com'],
    ],
    ['<img src="mail.png" alt="info@acme.com">', ['attribute info@acme.com']],
    ['<img src="mail.png" alt="info [at] acme.com">', ['at-words info@acme.com']],
    ['<a title="Write to info@acme.com" href="/x">x</a>', ['attribute info@acme.com']],
    ['<button aria-label="Mail info@acme.com">x</button>', ['attribute info@acme.com']],
    ['<meta name="author" content="Jane &lt;jane@acme.com&gt;">', ['attribute jane@acme.com']],
    ['<input name="recipient" type="hidden" value="info@acme.com">', ['attribute info@acme.com']],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
})

describe('structured data', () => {
  const jsonLd = (data: unknown): string => `<script type="application/ld+json">${JSON.stringify(data)}</script>`
  it.each([
    [jsonLd({ '@type': 'Person', email: 'jane@acme.com' }), ['json-ld jane@acme.com']],
    [
      jsonLd({ '@graph': [{ '@type': 'Organization', contactPoint: [{ email: 'mailto:info@acme.com' }] }] }),
      ['json-ld info@acme.com'],
    ],
    [jsonLd([{ email: ['a@acme.com', 'b@acme.com'] }]), ['json-ld a@acme.com', 'json-ld b@acme.com']],
    [jsonLd({ description: 'Write to <b>info@acme.com</b>' }), ['json-ld info@acme.com']],
    ['<script type="application/ld+json">{"email": "info@acme.com",}</script>', ['json-ld info@acme.com']],
    ['<script type="application/ld+json">{"x": "a\nb", "email": "info@acme.com"}</script>', ['json-ld info@acme.com']],
    [
      '<div itemscope itemtype="https://schema.org/Person"><b itemprop="email">jane@acme.com</b></div>',
      ['text jane@acme.com', 'microdata jane@acme.com'],
    ],
    ['<div itemscope><meta itemprop="email" content="info@acme.com"></div>', ['microdata info@acme.com']],
    [
      '<div itemscope><a itemprop="url email" href="mailto:info@acme.com">x</a></div>',
      ['mailto info@acme.com', 'microdata info@acme.com'],
    ],
    [
      '<div vocab="http://schema.org/" typeof="Person"><b property="email">jane@acme.com</b></div>',
      ['text jane@acme.com', 'rdfa jane@acme.com'],
    ],
    [
      '<div class="vcard"><a class="email" href="mailto:jane@acme.com">Mail</a></div>',
      ['mailto jane@acme.com', 'hcard jane@acme.com'],
    ],
    [
      '<div class="vcard"><b class="email"><i class="type">work</i><i class="value">jane@acme.com</i></b></div>',
      ['text jane@acme.com', 'hcard jane@acme.com'],
    ],
    [
      '<div class="h-card"><span class="u-email">info [at] acme.com</span></div>',
      ['at-words info@acme.com', 'hcard info@acme.com'],
    ],
    [
      '<pre>BEGIN:VCARD\nVERSION:3.0\nFN:Jane Roe\nEMAIL;TYPE=work:jane@acme.com\nEND:VCARD</pre>',
      ['text jane@acme.com', 'vcard jane@acme.com'],
    ],
    [
      '<a href="data:text/vcard,BEGIN%3AVCARD%0AFN%3AJane%0AEMAIL%3Ajane%40acme.com%0AEND%3AVCARD">x</a>',
      ['vcard jane@acme.com'],
    ],
  ])('%s', (body, expected) => expect(foundOnPage(body).toSorted()).toEqual(expected.toSorted()))
})
