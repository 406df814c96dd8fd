import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseRobots, robotsMaxBytes } from './robots.ts'

const read = (text: string | Uint8Array) =>
  parseRobots(typeof text === 'string' ? Buffer.from(text) : text, 'Mailquarry')
const allowed = (robots: string | Uint8Array, path: string) => read(robots).decide(`https://example.com${path}`).allowed
const rules = (...lines: string[]) => ['User-agent: *', ...lines].join('\n')

describe('the longest match wins, and on a tie allow', () => {
  test.each<[rules: string[], path: string, allowed: boolean]>([
    [['Disallow: /'], '/a', false],
    [['Disallow:'], '/a', true],
    [['Allow:', 'Disallow: /a'], '/a', false],
    [['Disallow: /a'], '/b', true],
    [['Disallow: /a'], '/a', false],
    [['Disallow: /a'], '/ab/c?d', false],
    [['Disallow: /A'], '/a', true],
    [['Allow: /p', 'Disallow: /'], '/page', true],
    [['Disallow: /', 'Allow: /p'], '/page', true],
    [['Allow: /folder', 'Disallow: /folder'], '/folder/page', true],
    [['Disallow: /folder', 'Allow: /folder'], '/folder/page', true],
    [['Allow: /page', 'Disallow: /*.htm'], '/page.htm', false],
    [['Allow: /page', 'Disallow: /*.ph'], '/page.php5', true],
    [['Allow: /$', 'Disallow: /'], '/', true],
    [['Allow: /$', 'Disallow: /'], '/page.htm', false],
    [['Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'], '/example/page/disallowed.gif', false],
    [['Disallow: /a'], '/robots.txt', true],
    [['Disallow: /'], '/robots.txt', true],
    [['Disallow: a'], '/a', true],
  ])('%j %s', (lines, path, expected) => {
    expect(allowed(rules(...lines), path)).toBe(expected)
  })
})

describe('stars and dollars', () => {
  test.each<[rule: string, path: string, matches: boolean]>([
    ['/*', '/', true],
    ['*', '/a', true],
    ['*/b', '/a/b', true],
    ['/fish*', '/fishheads/yummy.html', true],
    ['/fish*', '/Fish.asp', false],
    ['/*.php', '/filename.php?parameters', true],
    ['/*.php', '/windows.PHP', false],
    ['/*.php$', '/folder/filename.php', true],
    ['/*.php$', '/filename.php?parameters', false],
    ['/*.php$', '/filename.php5', false],
    ['/fish*.php', '/fishheads/catfish.php?x', true],
    ['/fish*.php', '/fish', false],
    ['/a*b*c', '/aXXbYYc', true],
    ['/a*b*c', '/acb', false],
    ['/a***b', '/ab', true],
    ['/a*b$', '/abab', true],
    ['/a*ab$', '/ab', false],
    ['/aba*aba$', '/aba', false],
    ['/a$', '/a', true],
    ['/a$', '/a$', false],
    ['/a$b', '/a$b', true],
    ['/a$b', '/ab', false],
    ['/$', '/', true],
    ['/a*$', '/abc', true],
    // RFC 9309 §2.2.3
    ['/path/file-with-a-%2A.html', '/path/file-with-a-*.html', true],
    ['/path/file-with-a-%2A.html', '/path/file-with-a-x.html', false],
    ['/path/foo-%24', '/path/foo-$', true],
    ['/path/foo-%24', '/path/foo-', false],
  ])('%s on %s', (rule, path, expected) => {
    expect(allowed(rules(`Disallow: ${rule}`), path)).toBe(!expected)
  })
})

// RFC 9309 §2.2.2, each spelling of the table against each other
test.each([
  ['/foo/bar?baz=quz', '/foo/bar?baz=quz'],
  ['/foo/bar?baz=http://foo.bar', '/foo/bar?baz=http%3A%2F%2Ffoo.bar'],
  ['/foo/bar/ツ', '/foo/bar/%E3%83%84'],
  ['/foo/bar/%E3%83%84', '/foo/bar/%e3%83%84'],
  ['/foo/bar/%62%61%7A', '/foo/bar/baz'],
  ['/~joe/', '/%7Ejoe/'],
])('compares %s and %s as equal', (one, other) => {
  expect(allowed(rules(`Disallow: ${one}`), other)).toBe(false)
  expect(allowed(rules(`Disallow: ${other}`), one)).toBe(false)
  expect(allowed(rules(`Disallow: ${one}`), one)).toBe(false)
})

test('a slash in the path is not an encoded one', () => {
  expect(allowed(rules('Disallow: /a%2Fb'), '/a/b')).toBe(true)
  expect(allowed(rules('Disallow: /a%2fb'), '/a%2Fb')).toBe(false)
})

test('works on octets: a file in Latin-1 is not taken for UTF-8', () => {
  const latin1 = Buffer.from(rules('Disallow: /caf\u00e9', 'Disallow: /\u00a0'), 'latin1')
  expect(allowed(latin1, '/caf%E9')).toBe(false)
  expect(allowed(latin1, '/caf%C3%A9')).toBe(true)
  expect(allowed(latin1, '/%A0')).toBe(false)
})

describe('groups', () => {
  test.each<[what: string, robots: string, path: string, allowed: boolean]>([
    ['our own group wins over *', 'User-agent: *\nDisallow: /\n\nUser-agent: mailquarry\nDisallow: /b', '/a', true],
    ['the case of the token does not matter', 'USER-AGENT: MailQuarry\nDISALLOW: /a', '/a', false],
    ['a version behind the token', 'User-agent: Mailquarry/2.0 (x)\nDisallow: /a', '/a', false],
    ['a longer token is another crawler', 'User-agent: mailquarry-news\nDisallow: /a', '/a', true],
    ['a shorter token is another crawler', 'User-agent: mail\nDisallow: /a', '/a', true],
    [
      'groups of one token are one',
      'User-agent: mailquarry\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: mailquarry\nDisallow: /b',
      '/b',
      false,
    ],
    [
      'groups of * are one',
      'User-agent: *\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: *\nDisallow: /b',
      '/a',
      false,
    ],
    ['several agents share a group', 'User-agent: x\nUser-agent: mailquarry\nUser-agent: y\nDisallow: /a', '/a', false],
    ['* among several agents', 'User-agent: x\nUser-agent: *\nDisallow: /a', '/a', false],
    ['a rule ends the list of agents', 'User-agent: mailquarry\nDisallow:\nUser-agent: x\nDisallow: /a', '/a', true],
    [
      'a sitemap does not',
      'User-agent: mailquarry\nSitemap: https://example.com/s\nUser-agent: x\nDisallow: /a',
      '/a',
      false,
    ],
    [
      'nor does an unknown line',
      'User-agent: mailquarry\nNoindex: /\nCrawl-delay: 1\nUser-agent: x\nDisallow: /a',
      '/a',
      false,
    ],
    ['a blank line ends nothing', 'User-agent: *\n\nDisallow: /a', '/a', false],
    ['rules before any group', 'Disallow: /\nUser-agent: *\nDisallow: /b', '/a', true],
    ['an empty own group allows all', 'User-agent: *\nDisallow: /\nUser-agent: mailquarry', '/a', true],
    ['nobody is meant', 'User-agent: x\nDisallow: /', '/a', true],
    ['empty', '', '/a', true],
    ['a page of HTML', '<html><body>Disallow: /</body></html>', '/a', true],
  ])('%s', (_what, robots, path, expected) => {
    expect(allowed(robots, path)).toBe(expected)
  })
})

describe('odd writing', () => {
  test.each<[what: string, robots: string]>([
    ['byte order mark', '\ufeffUser-agent: *\nDisallow: /a'],
    ['CR line ends', 'User-agent: *\rDisallow: /a\r'],
    ['CRLF line ends', 'User-agent: *\r\nDisallow: /a\r\n'],
    ['blanks around', '  User-agent \t:*\n\tDisallow\t: \t/a \t '],
    ['no blanks', 'user-agent:*\ndisallow:/a'],
    ['comments', '# hello\nUser-agent: * # all\nDisallow: /a# not this'],
    ['NUL bytes', 'User-agent: *\0\nDisallow: /a\0'],
  ])('%s', (_what, robots) => {
    expect(allowed(robots, '/a')).toBe(false)
    expect(allowed(robots, '/b')).toBe(true)
  })

  test('reads 500 KiB and leaves out the line that is cut', () => {
    const filler = `#${'x'.repeat(98)}\n`
    const head = 'User-agent: *\nDisallow: /a\n'
    const fill = filler.repeat(Math.floor((robotsMaxBytes - head.length - 12) / 100))
    const rest = robotsMaxBytes - head.length - fill.length
    const inside = `${head}${fill}${'\n'.repeat(rest - 12)}Disallow: /b`
    expect(inside.length).toBe(robotsMaxBytes)
    expect(allowed(inside, '/b')).toBe(false)
    expect(allowed(`${inside}c\nDisallow: /z`, '/bc')).toBe(true)
    expect(allowed(`${inside}c\nDisallow: /z`, '/a')).toBe(false)
    expect(allowed(`${inside}c\nDisallow: /z`, '/z')).toBe(true)
  })
})

test('gives the line that decided', () => {
  const robots = read(rules('Disallow: /a*', 'Allow: /a/b'))
  expect(robots.decide('http://example.com/ac')).toEqual({ allowed: false, rule: 'Disallow: /a*' })
  expect(robots.decide('http://example.com/a/b')).toEqual({ allowed: true, rule: 'Allow: /a/b' })
  expect(robots.decide('http://example.com/c')).toEqual({ allowed: true })
})

test('takes the longest Crawl-delay of our groups and every sitemap', () => {
  const robots = read(
    'Sitemap: https://example.com/1.xml\nUser-agent: x\nCrawl-delay: 99\nUser-agent: *\nDisallow: /q\nCrawl-delay: 0.5\nCrawl-delay: 2.5\nCrawl-delay: soon\nsitemap:https://example.com/2.xml\nSitemap: https://example.com/1.xml',
  )
  expect(robots.crawlDelaySeconds).toBe(2.5)
  expect(robots.sitemaps).toEqual(['https://example.com/1.xml', 'https://example.com/2.xml'])
  expect(read('User-agent: *\nDisallow: /').crawlDelaySeconds).toBeUndefined()
})

test('decides as a matcher that tries everything does', () => {
  const part = fc.constantFrom('/', 'a', 'b', 'ab', '*', '$', '?', '%2A', '%61')
  const rule = fc.record({
    allow: fc.boolean(),
    path: fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('')}`),
  })
  const path = fc
    .array(fc.constantFrom('/', 'a', 'b', '?', '*', '$'), { maxLength: 8 })
    .map((parts) => `/${parts.join('')}`)
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), path, (given, url) => {
      const text = rules(...given.map(({ allow, path }) => `${allow ? 'Allow' : 'Disallow'}: ${path}`))
      const octets = url.replaceAll('*', '%2A').replaceAll('$', '%24')
      const matching = given
        .map(({ allow, path }) => ({ allow, path: path.replaceAll('%61', 'a') }))
        .filter(({ path }) => naive(path).test(octets))
      const longest = Math.max(0, ...matching.map(({ path }) => path.length))
      const deciding = matching.filter(({ path }) => path.length === longest)
      expect(allowed(text, url)).toBe(deciding.length === 0 || deciding.some(({ allow }) => allow))
    }),
    { numRuns: 2_000 },
  )
})

function naive(rule: string): RegExp {
  const end = rule.endsWith('$')
  const body = (end ? rule.slice(0, -1) : rule).replaceAll('$', '%24')
  const source = body.replaceAll(/[.*+?^${}()|[\]\\]/g, (char) => (char === '*' ? '.*' : `\\${char}`))
  return new RegExp(`^${source}${end ? '$' : ''}`)
}

test('a hostile file costs no more than its length', () => {
  const stars = read(
    rules(`Disallow: /${'*a'.repeat(200_000)}b`, ...Array.from({ length: 5_000 }, () => 'Allow: /*a*a*a*a*a*a*ab$')),
  )
  const started = performance.now()
  for (let i = 0; i < 10; i++) stars.decide(`http://example.com/${'a'.repeat(1_900)}`)
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
      expect(typeof read(body).decide('http://example.com/%zz?ü').allowed).toBe('boolean')
    }),
  )
})
