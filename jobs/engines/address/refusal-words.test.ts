import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseAddress } from './parse.ts'
import { refusalWords } from './refusal-words.ts'

const long = (count: number) => 'a'.repeat(count)
const labels = (count: number) => Array.from({ length: count }, () => long(61)).join('.')
const wordsOf = (text: string) => {
  const parsed = parseAddress(text)
  return parsed.ok ? undefined : refusalWords(text, parsed)
}

test.each([
  ['', 'is empty'],
  ['acme.com', 'has no @'],
  ['@acme.com', 'has nothing before the @'],
  ['a b@acme.com', 'has a blank before the @, which no address has'],
  ['a\tb@acme.com', 'has a tab before the @, which no address has'],
  ['a,b@acme.com', 'has “,” before the @, which no address has'],
  ['a\u200bb@acme.com', 'has the unseen character U+200B before the @, which no address has'],
  ['a\uff20b@acme.com', 'has “＠” (U+FF20) before the @, which no address has'],
  ['\ud800@acme.com', 'has the unseen character U+D800 before the @, which no address has'],
  ['a@ac_me.com', 'has “_” behind the @, which no domain has'],
  ['a@acme .com', 'has a blank behind the @, which no domain has'],
  ['  .a@acme.com', 'begins with a dot'],
  ['a.@acme.com', 'has a dot right before the @'],
  ['a..b@acme.com', 'has two dots in a row before the @'],
  ['a..@acme.com', 'has two dots in a row before the @'],
  ['a@.acme.com', 'has a dot right behind the @'],
  ['a@acme..com', 'has two dots in a row behind the @'],
  ['a@acme.com. ', 'ends with a dot'],
  ['a@-acme.com', 'has “-acme” in the domain, where nothing may begin or end with a hyphen'],
  ['a@localhost', 'has the domain “localhost”, which has no dot'],
  ['a@192.0.2.1', 'ends in “.1”: no top-level domain is a number'],
  [`${long(70)}@acme.com`, 'has 70 characters before the @, 6 more than mail allows'],
  [`"${long(70)}"@acme.com`, 'has 72 characters before the @, 8 more than mail allows'],
  [`${'é'.repeat(33)}@acme.com`, 'has 66 octets before the @, 2 more than mail allows'],
  [`${long(64)}@${labels(3)}.${long(10)}.com`, 'is 265 characters long, 11 more than mail allows'],
  [`a@${labels(5)}`, 'has 309 characters behind the @, 56 more than a domain may have'],
  [`a@${long(64)}.com`, `has “${long(23)}…” in the domain: 64 characters without a dot, 1 more than a domain may have`],
  // Only in A-labels.
  [`a@${'ü'.repeat(60)}.com`, 'has more than 63 octets without a dot in the domain'],
])('%j %s', (text, words) => expect(wordsOf(text)).toBe(words))

test('has words for whatever is no address', () => {
  const character = fc.constantFrom('@', '.', '-', '"', '(', '<', ' ', '\0', 'a', '1', 'ü', '\u200b', '\ud800')
  fc.assert(
    fc.property(fc.array(character, { maxLength: 20 }), (parts) => {
      const text = parts.join('')
      expect(wordsOf(text) ?? 'is one').toMatch(/^(?:is|has|ends|begins|stands|names) \S/)
    }),
  )
})
