import { expect, test } from 'vitest'

import { refusalOf } from './request-guard.ts'

const options = { host: '127.0.0.1', port: 4000, allowedHosts: ['mail.example.org', 'http://localhost:5173'] }

test.each([
  ['our own address', { host: '127.0.0.1:4000' }],
  ['localhost', { host: 'localhost:4000' }],
  ['localhost in capitals, with a dot at the end', { host: 'LOCALHOST.:4000' }],
  ['IPv6 loopback', { host: '[::1]:4000' }],
  ['an allowed name on whatever port', { host: 'mail.example.org:8443' }],
  ['our own page', { host: 'localhost:4000', origin: 'http://localhost:4000' }],
  ['our own page behind a proxy with TLS', { host: 'mail.example.org', origin: 'https://mail.example.org' }],
  ['an allowed page', { host: 'localhost:4000', origin: 'http://localhost:5173' }],
])('lets through %s', (_what, headers) => {
  expect(refusalOf(headers, options)).toBeUndefined()
})

test.each([
  ['a name that leads to us by rebinding', { host: 'evil.example:4000' }],
  ['a name that begins like ours', { host: 'localhost.evil.example:4000' }],
  ['another port', { host: 'localhost:4001' }],
  ['no port, which is 80', { host: 'localhost' }],
  ['an allowed host on another port than was allowed', { host: 'localhost:5174' }],
  ['user info', { host: 'localhost:4000@evil.example' }],
  ['nonsense', { host: 'localhost:4000/../x' }],
  ['no host', {}],
  ['a page of another site', { host: 'localhost:4000', origin: 'https://evil.example' }],
  ['a page of another port', { host: 'localhost:4000', origin: 'http://localhost:9999' }],
  ['a page of another name for us', { host: 'localhost:4000', origin: 'http://127.0.0.1:4000' }],
  ['a sandboxed page', { host: 'localhost:4000', origin: 'null' }],
  ['a file', { host: 'localhost:4000', origin: 'file://' }],
  ['an extension', { host: 'localhost:4000', origin: 'chrome-extension://localhost:4000' }],
  ['an empty origin', { host: 'localhost:4000', origin: '' }],
])('refuses %s', (_what, headers) => {
  expect(refusalOf(headers, options)).toEqual(expect.any(String))
})

test.each([
  ['192.168.1.5', '192.168.1.5:4000', true],
  ['fd00::5', '[fd00::5]:4000', true],
  ['192.168.1.5', '192.168.1.6:4000', false],
  ['127.0.0.1', '192.168.1.5:4000', false],
  ['0.0.0.0', '192.168.1.5:4000', true],
  ['::', '[fd00::5]:4000', true],
  ['0.0.0.0', '192.168.1.5:4001', false],
  ['0.0.0.0', 'evil.example:4000', false],
  ['0.0.0.0', 'mail.example.org:4000', true],
])('listening on %s, the host %s is ours: %s', (host, asked, ours) => {
  expect(refusalOf({ host: asked }, { ...options, host }) === undefined).toBe(ours)
})
