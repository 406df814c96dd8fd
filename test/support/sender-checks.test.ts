import { connect } from 'node:net'
import { createInterface } from 'node:readline'

import { expect, test } from 'vitest'

import { reverseName } from './dns-zone.ts'
import { startDns } from './dns.ts'
import type { Dns } from './dns.ts'
import { checksSender, soundSender } from './sender-checks.ts'
import { startSmtp } from './smtp.ts'

const sender = { address: '127.0.0.1', name: 'probe.shop.test', domain: 'shop.test' }
const spf = (record: string) => (dns: Dns) => void dns.zone.set('shop.test', { mx: [[10, sender.name]], txt: [record] })

test.each<[what: string, change: (dns: Dns) => void, helo: string, reply: string]>([
  ['lets a sound sender through', () => undefined, sender.name, '250'],
  ['wants a PTR', (dns) => void dns.zone.delete(reverseName('127.0.0.1')), sender.name, '450 4.7.25'],
  [
    'wants a PTR that leads back',
    (dns) => void dns.zone.set(sender.name, { a: ['127.0.0.9'] }),
    sender.name,
    '450 4.7.25',
  ],
  ['wants a whole name in EHLO', () => undefined, 'localhost', '504 5.5.2'],
  ['wants a name in EHLO that is found', () => undefined, 'nobody.shop.test', '450 4.7.1'],
  ['reads SPF by address', spf('v=spf1 ip4:10.0.0.0/8 -all'), sender.name, '550 5.7.23'],
  ['reads SPF by range', spf('v=spf1 ip4:127.0.0.0/8 -all'), sender.name, '250'],
  ['reads SPF by MX', spf('v=spf1 mx -all'), sender.name, '250'],
  ['reads SPF by name', spf('v=spf1 a:probe.shop.test -all'), sender.name, '250'],
  ['bears what SPF only frowns at', spf('v=spf1 ~all'), sender.name, '250'],
  ['bears a domain without SPF', spf('other'), sender.name, '250'],
  ['reads SPF of others', spf('v=spf1 include:list.test -all'), sender.name, '250'],
])('a strict host %s', async (_what, change, helo, reply) => {
  await using dns = await startDns({
    zone: { ...soundSender(sender), 'list.test': { txt: ['v=spf1 ip4:127.0.0.1 -all'] } },
  })
  change(dns)
  await using host = await startSmtp({ mail: checksSender(dns), tls: 'none' })
  const socket = connect(host.port, host.host)
  const left = [`EHLO ${helo}`, 'MAIL FROM:<bounce@shop.test>', 'QUIT']
  for await (const line of createInterface({ input: socket })) {
    if (/^\d{3} /.test(line)) socket.write(`${left.shift()}\r\n`)
  }
  expect(host.sessions[0]?.replies.at(-2)).toMatch(new RegExp(`^${reply.replaceAll('.', '\\.')}`))
  expect(dns.count(reverseName('127.0.0.1'), 'PTR')).toBe(1)
})
