import { expect, test } from 'vitest'

import { trapIn } from './traps.ts'

test.each([
  ['/', 0, undefined],
  ['/team/jane-doe', 4, undefined],
  ['/a/b/a', 2, undefined],
  ['/docs/2019/report', 2, undefined],
  ['/product?id=2031', 2, undefined],
  ['/events/2026/11/', 2, undefined],
  ['/events/2027/01/', 2, undefined],
  ['/news?page=3', 3, undefined],
  ['/setup.php', 1, undefined],
  ['/photos', 1, undefined],
  ['/file.pdf.html', 1, undefined],
  [`/${'a'.repeat(1_000)}`, 1, 'long'],
  ['/a/b/a/b/a/b', 3, 'repeated path'],
  ['/x/x/x/', 3, 'repeated path'],
  [`/${Array.from({ length: 21 }, (_, i) => i).join('/')}`, 3, 'deep path'],
  ['/s?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1', 3, 'many parameters'],
  ['/s?a=1&a=1&a=1', 3, 'many parameters'],
  ['/calendar/2031/05', 2, 'far date'],
  ['/calendar?year=1999&month=2', 2, 'far date'],
  ['/events?date=2199-01-01', 2, 'far date'],
  ['/kalender/20310517', 2, 'far date'],
  ['/calendar?offset=99', 31, 'endless series'],
  ['/news?page=31', 31, 'endless series'],
  ['/chapter-31', 31, undefined],
  ['/shop/logout', 1, 'action'],
  ['/shop?add-to-cart=7', 1, 'action'],
  ['/post?replytocom=12', 1, 'action'],
  ['/wiki?title=A&action=edit', 1, 'action'],
  ['/logo.PNG', 1, 'no page'],
  ['/brochure.pdf?v=2', 1, 'no page'],
  ['/cdn-cgi/l/email-protection', 1, 'no page'],
] as const)('%.60s at depth %d: %s', (path, depth, trap) => {
  expect(trapIn(`https://example.com${path}`, depth, 2026)).toBe(trap)
})
