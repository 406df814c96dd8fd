import { expect, test } from 'vitest'

import { countFacets } from './count-facets.ts'

test('counts by quality, method and domain, the most frequent first', () => {
  const rows = [
    { address: 'ada@maker-works.com', quality: 'LOW', method: 'text' },
    { address: 'grace@maker-works.com', quality: 'HIGH', method: 'mailto' },
    { address: 'press@fernhill.example', quality: 'HIGH', method: 'text' },
  ]
  expect(countFacets(rows)).toEqual({
    counted: 3,
    exact: true,
    quality: [
      { value: 'high', count: 2 },
      { value: 'low', count: 1 },
    ],
    method: [
      { value: 'text', count: 2 },
      { value: 'mailto', count: 1 },
    ],
    domain: [
      { value: 'maker-works.com', count: 2 },
      { value: 'fernhill.example', count: 1 },
    ],
  })
})

test('shows the domains with the most addresses', () => {
  const rows = Array.from({ length: 20 }, (_, i) => ({
    address: `a${i}@d${Math.floor(i / 1.5)}.example`,
    quality: 'LOW',
  }))
  const { domain, counted } = countFacets(rows)
  expect(domain).toHaveLength(12)
  expect(domain[0]!.count).toBe(2)
  expect(counted).toBe(20)
})
