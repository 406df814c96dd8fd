import { expect, test } from 'vitest'

import { hostList, portOf } from './host-list.ts'

const list = hostList(['localhost', '127.0.0.1:8080', 'Dev.Example:80', '::1', '[fd00::1]:9000', 'bad host', ''])

test.each([
  ['http://localhost/', true],
  ['https://localhost:9999/', true],
  ['http://127.0.0.1:8080/', true],
  ['http://127.0.0.1/', false],
  ['http://2130706433:8080/', true],
  ['http://dev.example/', true],
  ['https://dev.example/', false],
  ['http://www.dev.example/', false],
  ['http://[::1]:7/', true],
  ['http://[fd00::1]:9000/', true],
  ['http://[fd00::1]:9001/', false],
])('%s: %s', (text, listed) => {
  const url = new URL(text)
  expect(list.has(url.hostname, portOf(url))).toBe(listed)
})
