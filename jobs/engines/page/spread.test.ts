import { expect, test } from 'vitest'

import { demoted } from './spread.ts'

const sites = (count: number): string[] => Array.from({ length: count }, (_, i) => `site-${i}.de`)
const address = { confidence: 0.85, domain: 'agency.com' }

test('an address on five sites that have nothing to do with it is worth less', () => {
  expect(demoted(address, sites(5))).toEqual({
    confidence: 0.55,
    quality: 'medium',
    reason: 'stands on 5 sites, none of them its own',
  })
  expect(demoted({ ...address, confidence: 0.2 }, sites(5))).toMatchObject({ confidence: 0.05, quality: 'low' })
})

test('fewer sites are partners, and hosts of one site are one', () => {
  expect(demoted(address, sites(4))).toBeUndefined()
  expect(
    demoted(
      address,
      ['a', 'b', 'c', 'd', 'e'].map((host) => `${host}.site.de`),
    ),
  ).toBeUndefined()
})

test('on its own site an address is at home, wherever else it stands', () => {
  expect(demoted({ ...address, domain: 'mail.agency.com' }, [...sites(9), 'www.agency.com'])).toBeUndefined()
})
