import { expect, test } from 'vitest'

import { nameOfBranch, problemOfPage } from './page-branches.ts'

const page = {}

test.each([
  ['', null, 'a.example'],
  ['/team/', null, 'team/'],
  ['/team/old/', null, 'old/'],
  ['/', page, '/'],
  ['/team/', page, '/'],
  ['/team/ann.html', page, 'ann.html'],
  ['/team/?page=/2', page, '?page=/2'],
  ['/%C3%BCber.html', page, 'über.html'],
  ['/100%.html', page, '100%.html'],
])('%s is called by its last part', (path, of, name) => {
  expect(nameOfBranch({ host: 'a.example', path, page: of })).toBe(name)
})

test('a host is called in its letters', () => {
  expect(nameOfBranch({ host: 'xn--bcher-kva.de', path: '', page: null })).toBe('bücher.de')
})

test('the trouble of a page in one line', () => {
  expect(problemOfPage({ errorCategory: 'HTTP_4XX', errorMessage: 'the host answered 404' })).toBe(
    'HTTP 4xx: the host answered 404',
  )
  expect(problemOfPage({ errorCategory: null, errorMessage: 'redirect' })).toBe('redirect')
  expect(problemOfPage({ errorCategory: null, errorMessage: null })).toBe('')
})
