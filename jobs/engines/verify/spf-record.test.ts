import { expect, test } from 'vitest'

import { isInRange, parseSpf, spfTexts } from './spf-record.ts'

test.each<[text: string, terms: string[] | undefined, redirect?: string]>([
  ['v=spf1 ip4:198.51.100.7 -all', ['pass ip4 198.51.100.7', 'fail all null']],
  ['v=spf1 +mx a:out.example/24 ~all', ['pass mx null', 'pass a out.example', 'softfail all null']],
  ['V=SPF1  ?include:_spf.example IP6:2001:db8::/32', ['neutral include _spf.example', 'pass ip6 2001:db8::/32']],
  ['v=spf1 redirect=other.example exp=why.example', [], 'other.example'],
  ['v=spf1 exists:%{i}.list.example ptr', ['pass exists %{i}.list.example', 'pass ptr null']],
  ['v=spf1', []],
  ['v=spf1 ip4:198.51.100.300 -all', undefined],
  ['v=spf1 include -all', undefined],
  ['v=spf1 a/33 -all', undefined],
  ['v=spf1 mail.example -all', undefined],
])('reads %s', (text, terms, redirect) => {
  const record = parseSpf(text)
  expect(record?.terms.map(({ result, mechanism, value }) => `${result} ${mechanism} ${value}`)).toEqual(terms)
  expect(record?.redirect ?? undefined).toBe(redirect)
})

test('knows records of SPF from other texts', () => {
  expect(spfTexts(['google-site-verification=1', 'v=spf1 -all', 'v=spf10 -all', 'V=spf1'])).toEqual([
    'v=spf1 -all',
    'V=spf1',
  ])
})

test.each([
  ['198.51.100.7', '198.51.100.7', true],
  ['198.51.100.7', '198.51.100.0/24', true],
  ['198.51.101.7', '198.51.100.0/24', false],
  ['2001:db8::7', '2001:db8::/32', true],
  ['198.51.100.7', '2001:db8::/32', false],
])('%s in %s: %s', (address, range, isIn) => {
  expect(isInRange(address, range)).toBe(isIn)
})
