import { expect, test } from 'vitest'

import { facetOptions } from './facet-options.ts'

const counts = [
  { value: 'a.com', count: 1_200 },
  { value: 'b.com', count: 3 },
]
const labels = (...args: Parameters<typeof facetOptions>) => facetOptions(...args).map(({ label }) => label)

test('each choice says how many there are, or that there are more', () => {
  expect(labels('Any', 'b.com', counts)).toEqual(['Any', 'a.com (1,200)', 'b.com (3)'])
  expect(labels('Any', '', counts, { exact: false })).toEqual(['Any', 'a.com (≥ 1,200)', 'b.com (≥ 3)'])
})

test('what is chosen can be seen and taken back where there is none of it, or nothing is counted yet', () => {
  const words = (value: string) => value.toUpperCase()
  expect(facetOptions('Any', 'c.com', counts, { words })[1]).toEqual({ value: 'c.com', label: 'C.COM' })
  expect(labels('Any', 'c.com')).toEqual(['Any', 'c.com'])
})
