import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseAddress } from './parse.ts'

const long = (count: number) => 'a'.repeat(count)
const labels = (count: number) => Array.from({ length: count }, () => long(61)).join('.')

describe('an address in normal form', () => {
  it.each([
    ['info@acme.com', 'info@acme.com'],
    ['  Info@ACME.Com\n', 'info@acme.com'],
    ['first.last+tag@mail.acme.co.uk', 'first.last+tag@mail.acme.co.uk'],
    ["!#$%&'*+-/=?^_`{|}~@acme.com", "!#$%&'*+-/=?^_`{|}~@acme.com"],
    ['"john doe"@acme.com', '"john doe"@acme.com'],
    ['"John.Doe"@acme.com', 'john.doe@acme.com'],
    ['"a@b"@acme.com', '"a@b"@acme.com'],
    [String.raw`"a\"b\\c\d"@acme.com`, String.raw`"a\"b\\cd"@acme.com`],
    ['".dot"@acme.com', '".dot"@acme.com'],
    ['info@bücher.de', 'info@xn--bcher-kva.de'],
    ['info@BÜCHER.DE', 'info@xn--bcher-kva.de'],
    ['info@xn--bcher-kva.de', 'info@xn--bcher-kva.de'],
    ['info@例子。公司', 'info@xn--fsqu00a.xn--55qx5d'],
    ['Dörte@sörensen.de', 'dörte@xn--srensen-90a.de'],
    ['用户@例子.公司', '用户@xn--fsqu00a.xn--55qx5d'],
    // one letter and a combining mark, or one composed letter: the same mailbox
    ['cafe\u0301@acme.com', 'caf\u00e9@acme.com'],
    ['a@r4---sn.acme.com', 'a@r4---sn.acme.com'],
    [`${long(64)}@acme.com`, `${long(64)}@acme.com`],
    [`a@${long(63)}.com`, `a@${long(63)}.com`],
    ['1@126.com', '1@126.com'],
    ['💌@acme.com', '💌@acme.com'],
    ['info@💌.la', 'info@xn--rr8h.la'],
  ])('%j is %j', (text, address) => {
    expect(parseAddress(text)).toMatchObject({ ok: true, address })
  })

  it('tells its parts', () => {
    expect(parseAddress('Info@Bücher.de')).toEqual({
      ok: true,
      address: 'info@xn--bcher-kva.de',
      local: 'info',
      domain: 'xn--bcher-kva.de',
      domainUnicode: 'bücher.de',
    })
  })
})

describe('a refusal says why and where', () => {
  it.each([
    ['', 'empty', 0],
    ['  ', 'empty', 2],
    ['acme.com', 'no_at', 8],
    ['ex ample.com', 'no_at', 2],
    ['@acme.com', 'local_empty', 0],
    ['""@acme.com', 'local_empty', 0],
    ['a b@acme.com', 'local_character', 1],
    ['a(b)@acme.com', 'comment', 1],
    ['a@acme.com (Anna)', 'domain_character', 10],
    ['a@(Anna)acme.com', 'comment', 2],
    ['Anna <a@acme.com>', 'angle_brackets', 5],
    ['"Anna <b>" <a@acme.com>', 'angle_brackets', 11],
    ['<a@acme.com>', 'angle_brackets', 0],
    ['Anna > a@acme.com', 'local_character', 4],
    ['a\u200bb@acme.com', 'local_character', 1],
    ['a\uff20b@acme.com', 'local_character', 1],
    ['\ud800@acme.com', 'local_character', 0],
    ['m\ufffdller@acme.com', 'local_character', 1],
    ['anna@m\ufffdller.com', 'domain_character', 6],
    ['.a@acme.com', 'local_dot', 0],
    ['a.@acme.com', 'local_dot', 1],
    ['a..b@acme.com', 'local_dot', 2],
    ['"a@acme.com', 'local_quote', 0],
    ['"a"b@acme.com', 'local_quote', 2],
    ['"a\n"@acme.com', 'local_quote', 2],
    ['a\u0000b@acme.com', 'local_character', 1],
    ['a@ac\u0000me.com', 'domain_character', 4],
    ['a\r\nRCPT TO:<b@acme.com>', 'angle_brackets', 11],
    ['a\r\n@acme.com', 'local_character', 1],
    ['💌@acme.com\u0007', 'domain_character', 11],
    [`${long(65)}@acme.com`, 'local_too_long', 0],
    [`${'é'.repeat(33)}@acme.com`, 'local_too_long', 0],
    // RFC 3696 has 64 + 1 + 255 = 320, which no path of RFC 5321 can hold
    [`${long(64)}@${labels(4)}.${long(7)}`, 'domain_too_long', 65],
    ['a@', 'domain_empty', 2],
    ['a@[192.0.2.1]', 'domain_literal', 2],
    ['a@[IPv6:2001:db8::1]', 'domain_literal', 2],
    ['a@localhost', 'domain_unqualified', 2],
    ['a@192.0.2.1', 'tld_numeric', 2],
    ['a@b@acme.com', 'several_at', 3],
    ['a@@acme.com', 'several_at', 2],
    ['a@acme.com, b@acme.com', 'several_at', 10],
    ['a@acme .com', 'domain_character', 6],
    ['a@ac_me.com', 'domain_character', 4],
    ['a@acme..com', 'domain_label_empty', 7],
    ['a@.acme.com', 'domain_label_empty', 2],
    ['a@acme.com.', 'domain_label_empty', 10],
    ['a@-acme.com', 'domain_hyphen', 2],
    ['a@acme-.com', 'domain_hyphen', 2],
    [`a@${long(64)}.com`, 'domain_label_too_long', 2],
    [`a@${labels(5)}`, 'domain_too_long', 2],
    [`${long(64)}@${labels(3)}.${long(10)}.com`, 'too_long', 0],
    ['a@xn--a.com', 'domain_idn', 2],
    ['a@xn--.com', 'domain_hyphen', 2],
    ['a@acme\u200d.com', 'domain_character', 2 + 4],
    ['a@\u0301a.com', 'domain_idn', 2],
  ])('%j: %s at %i', (text, reason, at) => {
    expect(parseAddress(text)).toEqual({ ok: false, reason, at })
  })
})

describe('a law', () => {
  const anyCharacter = fc.oneof(
    fc.constantFrom('@', '.', '-', '"', '\\', ' ', 'a', 'B', 'ß', 'é', 'İ', 'Σ', '\u0301', '例', 'xn--', '1', 'com'),
    fc.string({ unit: 'binary', maxLength: 1 }),
  )
  const anyText = fc.array(anyCharacter, { maxLength: 24 }).map((parts) => parts.join(''))

  it('what is accepted is its own normal form at the second reading', () => {
    fc.assert(
      fc.property(anyText, anyText, (local, domain) => {
        const first = parseAddress(`${local}@${domain}.com`)
        if (first.ok) expect(parseAddress(first.address)).toEqual(first)
      }),
      { numRuns: 3000 },
    )
  })

  it('every dotted or quoted local part at every plain domain is accepted', () => {
    const atom = fc.stringMatching(/^[\w!#$%&'*+/=?^`{|}~-]{1,10}$/)
    const dotted = fc.array(atom, { minLength: 1, maxLength: 4 }).map((atoms) => atoms.join('.'))
    const quoted = fc.stringMatching(/^[ !#-[\]-~]{1,40}$/).map((text) => `"${text}"`)
    const label = fc.stringMatching(/^[a-zA-Z\d]([a-zA-Z\d]{0,8}[a-zA-Z\d])?$/)
    const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((all) => `${all.join('.')}.com`)
    fc.assert(
      fc.property(fc.oneof(dotted, quoted), domain, (local, at) => {
        expect(parseAddress(`${local}@${at}`)).toMatchObject({ ok: true, domain: at.toLowerCase() })
      }),
    )
  })

  it('never throws, and a refusal points into the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const parsed = parseAddress(text)
        if (!parsed.ok) expect(parsed.at >= 0 && parsed.at <= text.length).toBe(true)
      }),
    )
  })
})
