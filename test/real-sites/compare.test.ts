import { describe, expect, test } from 'vitest'

import { compare } from './compare.ts'
import { hashOf, truthOf } from './review.ts'
import type { Review } from './review.ts'
import type { Scan } from './scan.ts'

const scan: Scan = {
  pages: [
    { path: '/a.html', tokens: new Set(['anna@firm.com', 'you@gmail.com', 'user@domain.tld']) },
    { path: '/b.html', tokens: new Set(['anna@firm.com', 'ben@firm.com', 'writetocara@firm.com']) },
    { path: '/c.html?x=1', tokens: new Set(['cara@firm.com']) },
  ],
  missing: [],
}
const review: Review = {
  package: 'made-up',
  version: '1',
  pages: 3,
  missing: [],
  addresses: [
    { hash: hashOf('anna@firm.com'), pages: 2 },
    { hash: hashOf('ben@firm.com'), pages: 1 },
    { hash: hashOf('cara@firm.com'), pages: 1 },
  ],
  glued: [{ hash: hashOf('writetocara@firm.com'), means: hashOf('cara@firm.com'), pages: 1 }],
  either: [{ hash: hashOf('you@gmail.com'), pages: 1, why: 'a stand-in' }],
  rejected: [{ text: 'user@domain.tld', pages: 1, why: 'unknown top-level domain' }],
}
const truth = truthOf(scan, review)
const everything = [
  { address: 'anna@firm.com', sourceUrl: 'http://127.0.0.1:1/a.html' },
  { address: 'Anna@firm.com', sourceUrl: 'http://127.0.0.1:1/b.html' },
  { address: 'ben@firm.com', sourceUrl: 'http://127.0.0.1:2/b.html' },
  { address: 'cara@firm.com', sourceUrl: 'http://127.0.0.1:1/b.html' },
  { address: 'cara@firm.com', sourceUrl: 'http://127.0.0.1:1/c.html?x=1' },
]

describe('truthOf', () => {
  test('places each address on its pages, glued ones by what they mean', () => {
    expect(truth.drift).toEqual([])
    expect(truth.places.map(({ address, path }) => `${address} ${path}`)).toEqual([
      'anna@firm.com /a.html',
      'anna@firm.com /b.html',
      'ben@firm.com /b.html',
      'cara@firm.com /b.html',
      'cara@firm.com /c.html?x=1',
    ])
  })

  test('tells what the review does not know, and what it knows otherwise', () => {
    const other: Scan = {
      ...scan,
      pages: [{ path: '/a.html', tokens: new Set(['anna@firm.com', 'new@firm.com']) }],
      missing: [{ path: '/b.html', why: 'status 404' }],
    }
    expect(truthOf(other, review).drift).toEqual(
      expect.arrayContaining([
        'not reviewed: new@firm.com',
        `reviewed on 2 pages, now on 1: ${hashOf('anna@firm.com')}`,
        'reviewed on 1 pages, now on 0: user@domain.tld',
        'reviewed with 3 pages, now 1',
        'a link that led somewhere when reviewed: /b.html',
      ]),
    )
  })
})

describe('compare', () => {
  test('all found and nothing else is one and one', () => {
    const { addresses, places, either } = compare(truth, everything)
    expect(addresses).toEqual({ expected: 3, right: 3, recall: 1, precision: 1, missing: [], wrong: [] })
    expect(places).toEqual({ expected: 5, right: 5, recall: 1, precision: 1, missing: [], wrong: [] })
    expect(either).toEqual([])
  })

  test('what may be left or taken counts neither way', () => {
    const { addresses, places, either } = compare(truth, [
      ...everything,
      { address: 'you@gmail.com', sourceUrl: 'http://127.0.0.1:1/a.html' },
    ])
    expect([addresses.precision, places.precision]).toEqual([1, 1])
    expect(either).toEqual([{ address: 'you@gmail.com', why: 'a stand-in' }])
  })

  test('names what is missing, and what is wrong and why', () => {
    const { addresses, places } = compare(truth, [
      ...everything.slice(0, 1),
      { address: 'user@domain.tld', sourceUrl: 'http://127.0.0.1:1/a.html' },
      { address: 'writetocara@firm.com', sourceUrl: 'http://127.0.0.1:1/b.html' },
      { address: 'dora@firm.com', sourceUrl: 'http://127.0.0.1:1/b.html' },
      { address: 'anna@firm.com', sourceUrl: 'http://127.0.0.1:1/c.html?x=1' },
      { address: 'anna@firm.com', sourceUrl: 'http://127.0.0.1:1/d.html' },
    ])
    expect(addresses).toMatchObject({
      expected: 3,
      right: 1,
      recall: 1 / 3,
      precision: 1 / 4,
      missing: ['ben@firm.com', 'cara@firm.com'],
    })
    expect(addresses.wrong).toEqual([
      { address: 'user@domain.tld', why: 'unknown top-level domain' },
      { address: 'writetocara@firm.com', why: 'glued to the words around it' },
      { address: 'dora@firm.com', why: 'not seen' },
    ])
    expect(places).toMatchObject({ expected: 5, right: 1, recall: 1 / 5, precision: 1 / 6 })
    expect(places.wrong.slice(-2).map(({ why }) => why)).toEqual([
      'an address, but not on this page',
      'the page is not one that links lead to',
    ])
  })

  test('nothing found is no recall, and no false word', () => {
    expect(compare(truth, []).addresses).toMatchObject({ recall: 0, precision: 1, right: 0 })
  })
})
