import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { urlFilter } from './url-pattern.ts'

const url = 'https://www.example.com/blog/2026/team.html?page=2'

test.each([
  ['/blog/*', true],
  ['/blog', false],
  ['/blog/2026/team.html', false],
  ['/*team*', true],
  ['/*page=2', true],
  ['/team*', false],
  ['*', true],
  ['/*', true],
  ['https://www.example.com/*', true],
  ['https://*.example.com/*.html*', true],
  ['http://*', false],
  ['team', true],
  ['blog*page', true],
  ['page*blog', false],
  ['?page=', true],
  ['.html', true],
  ['Team', false],
  ['/blog/**/team**', true],
])('%s', (pattern, follows) => {
  expect(urlFilter({ include: [pattern], exclude: [] })(url)).toBe(follows)
  expect(urlFilter({ include: [], exclude: [pattern] })(url)).toBe(!follows)
})

test('without patterns every link is followed, and what is excluded stays out', () => {
  expect(urlFilter({ include: [], exclude: [] })(url)).toBe(true)
  expect(urlFilter({ include: ['/shop/*', '/blog/*'], exclude: [] })(url)).toBe(true)
  expect(urlFilter({ include: ['/blog/*'], exclude: ['page='] })(url)).toBe(false)
})

test('fits as a regular expression would', () => {
  fc.assert(
    fc.property(letters('a', 'b', '*'), letters('a', 'b'), (pattern, path) => {
      const expression = new RegExp(`^/${pattern.replaceAll('*', '.*')}$`)
      expect(urlFilter({ include: [`/${pattern}`], exclude: [] })(`http://h/${path}`)).toBe(expression.test(`/${path}`))
    }),
    { numRuns: 2_000 },
  )
})

function letters(...alphabet: string[]) {
  return fc.array(fc.constantFrom(...alphabet), { maxLength: 8 }).map((chars) => chars.join(''))
}
