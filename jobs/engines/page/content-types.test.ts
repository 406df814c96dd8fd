import { describe, expect, it } from 'vitest'

import { foundOnPage } from '../../../test/support/found-on-page.ts'

describe('other types of content', () => {
  it.each([
    ['text/plain', 'Write to info@acme.com\nor sales [at] acme.com', ['text info@acme.com', 'at-words sales@acme.com']],
    ['text/plain', 'a &lt; b: info@acme.com', ['text info@acme.com']],
    ['', '<!DOCTYPE html><p>info&#64;acme.com', ['entities info@acme.com']],
    ['text/plain', '<html><body><a href="mailto:info@acme.com">', ['mailto info@acme.com']],
    [
      'application/xhtml+xml',
      '<html xmlns="http://www.w3.org/1999/xhtml"><p>info&#64;acme.com</p></html>',
      ['entities info@acme.com'],
    ],
    [
      'text/xml; charset=utf-8',
      '<staff><email>info@acme.com</email><p mail="x@acme.com"/></staff>',
      ['text info@acme.com', 'attribute x@acme.com'],
    ],
    [
      'application/rss+xml',
      '<rss><managingEditor>jane@acme.com (Jane)</managingEditor><description>&lt;a href="mailto:b@acme.com"&gt;x&lt;/a&gt;</description></rss>',
      ['text jane@acme.com', 'mailto b@acme.com'],
    ],
    [
      'application/atom+xml',
      '<feed><content><![CDATA[<p>in<b>fo</b>@acme.com</p>]]></content></feed>',
      ['text info@acme.com'],
    ],
    [
      'application/json',
      '{"staff":[{"mail":"info@acme.com"},"b@acme.com"]}',
      ['json info@acme.com', 'json b@acme.com'],
    ],
    ['application/ld+json', '{"email":"info@acme.com"}', ['json-ld info@acme.com']],
    ['application/json', 'not json: "info@acme.com"', ['json info@acme.com']],
    [
      'text/vcard',
      'BEGIN:VCARD\r\nFN:Jane Roe\r\nitem1.EMAIL:jane\r\n @acme.com\r\nEND:VCARD',
      ['vcard jane@acme.com'],
    ],
  ])('%s: %s', (type, body, expected) => expect(foundOnPage(body, type)).toEqual(expected))
})
