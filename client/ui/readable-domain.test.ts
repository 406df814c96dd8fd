import { expect, test } from 'vitest'

import { readable } from './readable-domain.ts'

test.each([
  ['xn--bcher-kva.de', 'bücher.de'],
  ['xn--strae-oqa.de', 'straße.de'],
  ['www.XN--Bcher-KVA.de', 'www.bücher.de'],
  ['xn--80a1acny.xn--p1ai', 'почта.рф'],
  ['xn--fsqu00a.xn--55qx5d', '例子.公司'],
  ['xn--r8jz45g.jp', '例え.jp'],
  ['xn--3e0b707e', '한국'],
  ['xn--mgbh0fb.xn--kgbechtv', 'مثال.إختبار'],
  ['xn--4dbrk0ce.example.com', 'ישראל.example.com'],
])('%s is shown as %s', (spelled, letters) => expect(readable(spelled)).toBe(letters))

test.each([
  ['Cyrillic that looks like apple.com', 'xn--80ak6aa92e.com'],
  ['a Latin label with one Cyrillic letter', 'xn--pple-43d.com'],
  ['Latin between Cyrillic labels', 'xn--80a1acny.mail.xn--p1ai'],
  ['Greek before a Latin end', 'xn--jxalpdlp.com'],
  ['two alphabets', 'xn--80a1acny.xn--fsqu00a'],
  ['Latin and Japanese in one label', 'xn--sony-jo4c6cxq.jp'],
  ['a Latin letter that looks like another', 'xn--pple-p5b.com'],
  ['a symbol', 'xn--rr8h.la'],
  ['what decodes to nothing', 'xn--a.com'],
  ['Armenian before a Latin end', 'xn--mbbzb.com'],
  ['what is no spelling of what it decodes to', 'xn--potify-9pb.com'],
])('%s stays as it is spelled', (_, domain) => expect(readable(domain)).toBe(domain))

test('in addresses and sentences domains alone are touched', () => {
  expect(readable('jörg@xn--bcher-kva.de')).toBe('jörg@bücher.de')
  expect(readable('https://xn--bcher-kva.de:8080/xn--/ answered 404, xn--bcher-kva.de did not')).toBe(
    'https://bücher.de:8080/xn--/ answered 404, bücher.de did not',
  )
  expect(readable('nothing to do')).toBe('nothing to do')
})
