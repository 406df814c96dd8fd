import { describe, expect, it } from 'vitest'

import { extractPage } from './extract-page.ts'
import { methods } from './found-email.ts'
import { judge } from './quality.ts'

const admitted = {
  address: 'jane@acme.com',
  local: 'jane',
  domain: 'acme.com',
  own: false,
  unreachable: false,
  decoy: false,
}
const plain = { admitted, method: 'text', named: false, inSample: false, ways: 1 } as const

describe('confidence', () => {
  it.each(methods)('is between 0 and 1 for %s, with a reason', (method) => {
    const { confidence, reasons } = judge({ ...plain, method })
    expect(confidence > 0 && confidence < 1 && reasons.length === 1).toBe(true)
  })

  it.each([
    [
      'a mail link to the own domain',
      { ...plain, method: 'mailto', admitted: { ...admitted, own: true } },
      0.97,
      'high',
    ],
    ['plain text', plain, 0.85, 'high'],
    ['text with a fitting name beside it', { ...plain, named: true }, 0.9, 'high'],
    ['spaces around the sign', { ...plain, method: 'spaced' }, 0.6, 'medium'],
    ['nobody reads it', { ...plain, admitted: { ...admitted, local: 'no-reply' } }, 0.45, 'low'],
    ['a machine reads it', { ...plain, admitted: { ...admitted, local: 'mailer-daemon' } }, 0.4, 'low'],
    ['a domain that cannot be reached', { ...plain, admitted: { ...admitted, unreachable: true } }, 0.35, 'low'],
    ['a sample of code', { ...plain, inSample: true }, 0.7, 'medium'],
    ['letters of a machine', { ...plain, admitted: { ...admitted, local: 'xkcdqwrtzpl9x8y7' } }, 0.55, 'medium'],
  ] as const)('%s', (_, circumstances, confidence, quality) => {
    expect(judge(circumstances)).toMatchObject({ confidence, quality })
  })

  it('says why, the way first', () => {
    const [email] = extractPage({
      url: 'https://acme.com/',
      body: '<p>no-reply@acme.com</p>',
      contentType: 'text/html',
    }).emails
    expect(email!.reasons).toEqual(['written in the text', "at the site's own domain", 'nobody reads answers there'])
  })
})

describe('snippets', () => {
  const snippet = (body: string) =>
    extractPage({ url: 'https://acme.com/', body, contentType: 'text/html' }).emails.map((email) => email.snippet)

  it.each([
    ['<p>Write to\n  <b>info@acme.com</b>   today</p><p>more</p>', 'Write to info@acme.com today'],
    ['<p>Questions? <a href="mailto:info@acme.com">Write to us</a> now.</p>', 'Questions? Write to us now.'],
    ['<p>Mail in&shy;fo@acme.com</p>', 'Mail info@acme.com'],
    [
      '<p>Mail <span style="unicode-bidi:bidi-override;direction:rtl">moc.emca@ofni</span> us</p>',
      'Mail info@acme.com us',
    ],
    ['<script>\n  write("info" +\n "@acme.com")\n</script>', 'write("info" + "@acme.com")'],
  ])('%s', (body, text) => expect(snippet(body)).toEqual([text]))

  it('are one line of at most 200 characters around the address, cut at spaces', () => {
    const [text] = snippet(`<p>${'before '.repeat(100)}info@acme.com ${'after '.repeat(100)}</p>`)
    expect(text!.length).toBeLessThanOrEqual(200)
    expect(text).toMatch(/^before (?:before )+info@acme\.com (?:after )+after$/)
  })
})
