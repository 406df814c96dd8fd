import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { linkKey } from '../address/link-key.ts'
import type { MailRoute, TextFacts } from './evidence.ts'
import { isDisposableDomain, textFacts } from './text-facts.ts'

describe('the text of an address', () => {
  it.each<[text: string, facts: Partial<TextFacts>]>([
    ['Info@ACME.com', { address: 'info@acme.com', registrable: 'acme.com', role: true, free: false, tldKnown: true }],
    ['anna.schmidt@acme.com', { role: false }],
    ['no-reply@acme.com', { role: true }],
    ['mailer-daemon@acme.com', { role: true }],
    ['anna@gmail.com', { free: true, suggestion: null }],
    ['anna@gmial.com', { free: false, suggestion: 'anna@gmail.com' }],
    ['anna+shop@acme.com', { plusTag: true }],
    ['+shop@acme.com', { plusTag: false }],
    ['"a+b c"@acme.com', { plusTag: false }],
    ['anna@mailinator.com', { disposable: true }],
    ['asdfasdf@acme.com', { gibberish: true }],
    ['owner-qzjxvkqw@acme.com', { role: true, gibberish: false }],
    ['anna@internode.on.net', { free: true }],
    ['anna@acme.on.net', { free: false }],
    ['info@bücher.de', { domain: 'xn--bcher-kva.de', tldKnown: true }],
    ['a@acme.doesnotexist', { tldKnown: false }],
    ['anna@gmail.con', { tldKnown: false, suggestion: 'anna@gmail.com' }],
    ['a@acme.co.uk', { registrable: 'acme.co.uk' }],
    ['a@co.uk', { registrable: null, tldKnown: true }],
  ])('%s', (text, facts) => {
    expect(textFacts(text)).toMatchObject({ ok: true, ...facts })
  })

  it('that is none says why and where, and is kept as it was given', () => {
    expect(textFacts('a@[192.0.2.1]')).toEqual({
      ok: false,
      given: 'a@[192.0.2.1]',
      refusal: 'domain_literal',
      position: 2,
    })
  })

  it('is cut, and loses what a database does not take', () => {
    const { given } = textFacts(`a\0\ud800${'x'.repeat(1_000)}`) as { given: string }
    expect(given).toHaveLength(400)
    expect(given).toMatch(/^a\ufffd\ufffdx/)
  })

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const facts = textFacts(text)
        expect(JSON.parse(JSON.stringify(facts))).toEqual(facts)
      }),
    )
  })
})

describe('the key that links addresses', () => {
  it.each([
    ['anna.b+x', 'gmail.com', 'annab@gmail.com'],
    ['annab', 'googlemail.com', 'annab@gmail.com'],
    ['anna.b+x', 'acme.com', 'anna.b@acme.com'],
    ['"a+b c"', 'acme.com', '"a+b c"@acme.com'],
    ['+x', 'acme.com', '+x@acme.com'],
  ])('of %s at %s is %s', (local, domain, key) => {
    expect(linkKey(local, domain)).toBe(key)
  })
})

it('a domain is disposable too where its mail goes to one that is', () => {
  const route = (host: string): MailRoute => ({
    kind: 'mx',
    hosts: [{ host, priority: 0, addresses: ['198.51.100.1'], refused: [], error: null }],
  })
  expect(isDisposableDomain('acme.com', route('mail.mailinator.com'))).toBe(true)
  expect(isDisposableDomain('acme.com', route('mx.acme.com'))).toBe(false)
  expect(isDisposableDomain('yopmail.com', { kind: 'null_mx' })).toBe(true)
})
