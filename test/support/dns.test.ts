import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'

import { encode } from 'dns-packet'
import { expect, test } from 'vitest'

import { reverseName } from './dns-zone.ts'
import { startDns } from './dns.ts'
import type { Dns, DnsOptions } from './dns.ts'

async function startWithResolver(options: DnsOptions): Promise<Dns & { resolver: Resolver }> {
  const dns = await startDns(options)
  const resolver = new Resolver({ timeout: 200, tries: 1 })
  resolver.setServers([dns.server])
  return Object.assign(dns, { resolver })
}

test('answers each type with what the zone has, in its order and with its TTL', async () => {
  await using dns = await startWithResolver({
    zone: {
      'shop.test': {
        mx: [
          [20, 'mx2.shop.test'],
          [10, 'mx1.shop.test'],
        ],
        txt: ['v=spf1 ip4:127.0.0.2 -all', 'long '.repeat(120)],
      },
      'mx1.shop.test': { a: ['127.0.0.2', '127.0.0.3'], aaaa: ['::1'], ttlSeconds: 77 },
      [reverseName('127.0.0.2')]: { ptr: ['mail.shop.test'] },
      [reverseName('::1')]: { ptr: ['six.shop.test'] },
    },
  })
  const { resolver } = dns
  expect(await resolver.resolveMx('Shop.Test')).toEqual([
    { priority: 20, exchange: 'mx2.shop.test', type: 'MX' },
    { priority: 10, exchange: 'mx1.shop.test', type: 'MX' },
  ])
  expect(await resolver.resolve4('mx1.shop.test', { ttl: true })).toEqual([
    { address: '127.0.0.2', ttl: 77 },
    { address: '127.0.0.3', ttl: 77 },
  ])
  expect(await resolver.resolve6('mx1.shop.test')).toEqual(['::1'])
  const texts = await resolver.resolveTxt('shop.test')
  expect(texts.map((parts) => parts.join(''))).toEqual(['v=spf1 ip4:127.0.0.2 -all', 'long '.repeat(120)])
  expect(await resolver.resolvePtr(reverseName('127.0.0.2'))).toEqual(['mail.shop.test'])
  expect(await resolver.resolvePtr(reverseName('::1'))).toEqual(['six.shop.test'])
})

test('tells null MX, no data, no such name and a circle of CNAMEs apart', async () => {
  await using dns = await startWithResolver({
    zone: {
      'no-mail.test': { mx: [[0, '.']] },
      'empty.test': {},
      'alias.test': { cname: 'real.test' },
      'real.test': { mx: [[5, 'mx.real.test']] },
      'dangling.test': { cname: 'gone.test' },
      'round.test': { cname: 'about.test' },
      'about.test': { cname: 'round.test' },
    },
  })
  const { resolver } = dns
  expect(await resolver.resolveMx('no-mail.test')).toMatchObject([{ priority: 0, exchange: '' }])
  await expect(resolver.resolveMx('empty.test')).rejects.toThrow('ENODATA')
  await expect(resolver.resolveMx('nowhere.test')).rejects.toThrow('ENOTFOUND')
  expect(await resolver.resolveMx('alias.test')).toMatchObject([{ exchange: 'mx.real.test' }])
  expect(await resolver.resolveCname('alias.test')).toEqual(['real.test'])
  await expect(resolver.resolveMx('dangling.test')).rejects.toThrow('ENOTFOUND')
  await expect(resolver.resolveMx('round.test')).rejects.toThrow('ESERVFAIL')
})

test('goes wrong as it is told: SERVFAIL, refusal, silence, garbage, for some types or so many times', async () => {
  const a = ['127.0.0.2']
  await using dns = await startWithResolver({
    zone: {
      'broken.test': { trouble: { what: 'servfail' } },
      'refused.test': { trouble: { what: 'refused' } },
      'silent.test': { trouble: { what: 'silent' } },
      'garbage.test': { trouble: { what: 'garbage' } },
      'half.test': { a, trouble: { what: 'servfail', types: ['MX'] } },
      'mends.test': { a, trouble: { what: 'servfail', times: 2 } },
      'slow.test': { a, delayMs: 30 },
    },
  })
  const { resolver } = dns
  await expect(resolver.resolveMx('broken.test')).rejects.toThrow('ESERVFAIL')
  await expect(resolver.resolveMx('refused.test')).rejects.toThrow('EREFUSED')
  await expect(resolver.resolveMx('silent.test')).rejects.toThrow('ETIMEOUT')
  await expect(resolver.resolveMx('garbage.test')).rejects.toThrow(/ETIMEOUT|EBADRESP/)
  await expect(resolver.resolveMx('half.test')).rejects.toThrow('ESERVFAIL')
  expect(await resolver.resolve4('half.test')).toEqual(a)
  await expect(resolver.resolve4('mends.test')).rejects.toThrow('ESERVFAIL')
  await expect(resolver.resolve4('mends.test')).rejects.toThrow('ESERVFAIL')
  expect(await resolver.resolve4('mends.test')).toEqual(a)
  const from = performance.now()
  expect(await resolver.resolve4('slow.test')).toEqual(a)
  expect(performance.now() - from).toBeGreaterThan(28)
})

test('sends what does not fit, or is told to be cut, over TCP', async () => {
  const many = Array.from({ length: 200 }, (_, n): [number, string] => [n, `mx${n}.large.test`])
  await using dns = await startWithResolver({
    zone: { 'large.test': { mx: many }, 'cut.test': { a: ['127.0.0.4'], trouble: { what: 'truncated' } } },
  })
  expect(await dns.resolver.resolveMx('large.test')).toHaveLength(200)
  expect(await dns.resolver.resolve4('cut.test')).toEqual(['127.0.0.4'])
  expect(dns.queries.map(({ name, transport }) => `${name} ${transport}`)).toEqual([
    'large.test udp',
    'large.test tcp',
    'cut.test udp',
    'cut.test tcp',
  ])
})

test('counts by name and type, changes while it runs, and makes up names of its own', async () => {
  await using dns = await startWithResolver({
    zone: { 'a.test': { mx: [[10, 'mx.a.test']] } },
    otherwise: (name) => (/^d\d+\.test$/.test(name) ? { mx: [[10, `mx.${name}`]] } : undefined),
  })
  const { resolver } = dns
  await resolver.resolveMx('a.test')
  dns.zone.set('a.test', { mx: [[10, 'mx.other.test']] })
  expect(await resolver.resolveMx('A.test')).toMatchObject([{ exchange: 'mx.other.test' }])
  dns.zone.delete('a.test')
  await expect(resolver.resolve4('a.test')).rejects.toThrow('ENOTFOUND')
  expect(await resolver.resolveMx('d19999.test')).toMatchObject([{ exchange: 'mx.d19999.test' }])
  expect([dns.count('a.test', 'MX'), dns.count('a.test', 'A'), dns.count('a.test'), dns.count()]).toEqual([2, 1, 3, 4])
  expect(Object.fromEntries(dns.counts())).toEqual({ 'MX a.test': 2, 'A a.test': 1, 'MX d19999.test': 1 })
  dns.forgetQueries()
  expect([dns.count(), dns.queries.length]).toEqual([0, 0])
})

test('says nothing to noise, and goes on', async () => {
  await using dns = await startWithResolver({ zone: { 'a.test': { a: ['127.0.0.2'] } } })
  const socket = createSocket('udp4')
  for (const noise of [Buffer.alloc(0), Buffer.alloc(12, 0xff), encode({ type: 'response', id: 1 })]) {
    socket.send(noise, dns.port, dns.host)
  }
  socket.send(encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'a.test' }] }), dns.port, dns.host)
  await once(socket, 'message')
  socket.close()
  expect(await dns.resolver.resolve4('a.test')).toEqual(['127.0.0.2'])
  expect(dns.count()).toBe(2)
})

test('answers thousands of queries a second', async () => {
  await using dns = await startWithResolver({ otherwise: (name) => ({ mx: [[10, `mx.${name}`]] }), log: false })
  const from = performance.now()
  let next = 0
  const asks = Array.from({ length: 100 }, async () => {
    while (next < 5000) await dns.resolver.resolveMx(`d${next++}.test`)
  })
  await Promise.all(asks)
  expect(dns.counts().size).toBe(5000)
  // Server and resolver share this process; alone the server does several times as many.
  expect(performance.now() - from).toBeLessThan(5000)
})
