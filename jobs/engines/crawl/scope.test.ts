import { describe, expect, test } from 'vitest'

import { hostList } from './host-list.ts'
import { readDomain, readStartUrl, shardOf, domainOf } from './scope.ts'

const listed = hostList(['127.0.0.1:8080', 'localhost:3000', 'dev.internal', 'dev.example:443'])

describe('refuses with a reason each', () => {
  test.each([
    ['not a domain', 'not_a_domain'],
    ['ex ample.com', 'not_a_domain'],
    ['', 'not_a_domain'],
    ['info@example.com', 'not_a_domain'],
    ['example.com/path', 'not_a_domain'],
    ['exa_mple..com', 'not_a_domain'],
    ['-', 'not_a_domain'],
    ['co.uk', 'not_a_domain'],
    [`${'a'.repeat(64)}.com`, 'not_a_domain'],
    ['http://10.0.0.1/', 'private_address'],
    ['10.0.0.1', 'private_address'],
    ['0x0a000001', 'private_address'],
    ['[::1]', 'private_address'],
    ['127.0.0.1:8081', 'private_address'],
    ['http://[::ffff:127.0.0.1]/', 'private_address'],
    ['8.8.8.8', 'ip_address'],
    ['localhost', 'local_name'],
    ['localhost:8080', 'local_name'],
    ['www.localhost', 'local_name'],
    ['intranet', 'local_name'],
    ['printer.local', 'unknown_tld'],
    ['example.notatld', 'unknown_tld'],
    ['abcdef.onion', 'unknown_tld'],
    ['https://', 'not_a_url'],
    ['ftp://example.com', 'not_a_domain'],
  ])('domain "%s": %s', (text, code) => {
    expect(readDomain(text, listed)).toMatchObject({ ok: false, code })
  })

  test.each([
    ['example.com', 'not_a_url'],
    ['mailto:a@example.com', 'not_a_url'],
    ['http://localhost/', 'local_name'],
    ['http://192.168.1.1:8080/', 'private_address'],
    [`http://example.com/${'a'.repeat(3_000)}`, 'not_a_url'],
  ])('start URL "%.40s": %s', (text, code) => {
    expect(readStartUrl(text, listed)).toMatchObject({ ok: false, code })
  })
})

test.each(['example.com', 'example.com:8080', 'www.example.com/contact?to=us'])(
  'start URL "%s" lacks its scheme',
  (text) => {
    const advice = `"${text}" cannot be crawled: put https:// in front, or name it among the domains`
    expect(readStartUrl(text, listed)).toMatchObject({ code: 'not_a_url', message: advice })
  },
)

test('a start URL of a listed host lacks http://, unless its port is that of https', () => {
  expect(readStartUrl('127.0.0.1:8080/', listed)).toMatchObject({ message: expect.stringContaining('put http:// in') })
  expect(readStartUrl('dev.example:443/', listed)).toMatchObject({
    message: expect.stringContaining('put https:// in'),
  })
})

test.each([
  ['http://127.0.0.1:8099/', 'ALLOW_HOSTS=127.0.0.1:8099'],
  ['127.0.0.1:8099', 'ALLOW_HOSTS=127.0.0.1:8099'],
  ['10.0.0.1', 'ALLOW_HOSTS=10.0.0.1'],
  ['http://[::1]:3001/', 'ALLOW_HOSTS=[::1]:3001'],
  ['localhost:8080', 'ALLOW_HOSTS=localhost:8080'],
])('the refusal of "%s" tells how a host of our own is crawled', (text, setting) => {
  const refused = readDomain(text, listed)
  expect(refused).toMatchObject({ message: expect.stringContaining(`the server is started with ${setting}`) })
  const [, entry] = setting.split('=')
  expect(readDomain(text, hostList([entry!]))).toMatchObject({ ok: true })
})

test.each([
  ['ada@acme.com', ': it is an e-mail address; give its domain, acme.com, or verify it'],
  ['mailto:ada@acme.com', ': it is an e-mail address; give its domain, acme.com, or verify it'],
  ['/etc/hosts', ': it is the path of a file'],
  ['./sites.csv', ': it is the path of a file'],
  ['C:\\sites.csv', ': it is the path of a file'],
  ['file:///home/ada/sites.csv', ': it is the path of a file'],
  ['htp://acme.com', ': it begins with htp://, but URLs of sites begin with http:// or https://'],
  ['https//acme.com', ': it begins with https//, but URLs of sites begin with http:// or https://'],
  ['https:/acme.com', ': it begins with https:/, but URLs of sites begin with http:// or https://'],
  ['ftp://acme.com', ': it begins with ftp://, but URLs of sites begin with http:// or https://'],
  ['hello there', ': it is several words'],
  ['acme.com, b.org', ': it is several; give each as an entry of its own'],
  ['acme.com/team', ': it goes on behind the host; give acme.com alone, or the URL with https:// in front'],
  ['exa_mple..com', ''],
])('"%s" is not a domain%s', (text, what) => {
  expect(readDomain(text, listed)).toMatchObject({ message: `"${text}" is not a domain${what}` })
})

test.each([
  ['example.com', 'https://example.com/', true],
  [' Example.COM ', 'https://example.com/', true],
  ['example.com.', 'https://example.com/', true],
  ['www.example.co.uk', 'https://www.example.co.uk/', true],
  ['münchen.de', 'https://xn--mnchen-3ya.de/', true],
  ['user.github.io', 'https://user.github.io/', true],
  ['github.io', 'https://github.io/', true],
  ['example.com:8443', 'https://example.com:8443/', true],
  ['http://example.com', 'http://example.com/', false],
  ['https://example.com/team#x', 'https://example.com/team', false],
  ['127.0.0.1:8080', 'http://127.0.0.1:8080/', false],
  ['http://127.0.0.1:8080/a', 'http://127.0.0.1:8080/a', false],
  ['localhost:3000', 'http://localhost:3000/', false],
  ['dev.internal:81', 'http://dev.internal:81/', false],
  ['dev.internal:80', 'http://dev.internal/', false],
  ['dev.internal', 'https://dev.internal/', true],
  ['dev.example', 'https://dev.example/', true],
])('domain "%s" starts at %s', (text, url, guessed) => {
  expect(readDomain(text, listed)).toEqual({ ok: true, url, guessed })
})

test.each([
  ['https://www.example.co.uk/a', 'www.example.co.uk', 'example.co.uk'],
  ['http://www.example.co.uk:81/a', 'www.example.co.uk:81', 'example.co.uk'],
  ['https://anna.github.io/', 'anna.github.io', 'anna.github.io'],
  ['http://127.0.0.1:8080/', '127.0.0.1:8080', '127.0.0.1:8080'],
  ['http://localhost:3000/', 'localhost:3000', 'localhost:3000'],
  ['http://[::1]:3000/', '[::1]:3000', '[::1]:3000'],
  ['http://www.shop.test:3000/', 'www.shop.test:3000', 'shop.test'],
])('%s: shard %s, domain %s', (url, shard, site) => {
  expect(shardOf(url)).toBe(shard)
  expect(domainOf(url, 'domain')).toBe(site)
  expect(domainOf(url, 'host')).toBe(shard)
})
