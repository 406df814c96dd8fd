import { expect, test } from 'vitest'

import { linkableUrl, readableUrl } from './web-address.ts'

test.each([
  ['http://127.0.0.1:4100/team?x=1#a', '127.0.0.1:4100', '/team?x=1#a'],
  ['https://example.com/%C3%BCber-uns', 'example.com', '/über-uns'],
  ['https://example.com/100%', 'example.com', '/100%'],
  ['https://xn--bcher-kva.de:8080/', 'bücher.de:8080', '/'],
  ['not a url', '', 'not a url'],
])('%s reads as %s and %s', (url, host, path) => expect(readableUrl(url)).toEqual({ host, path }))

test.each([
  ['https://example.com/', 'https://example.com/'],
  ['javascript:alert(1)', undefined],
  ['data:text/html,x', undefined],
  ['nonsense', undefined],
])('%s in a link is %s', (url, href) => expect(linkableUrl(url)).toBe(href))
