import { describe, expect, it } from 'vitest'

import { bothFamilies, mailHosts, mailRoute } from './mail-route.ts'
import type { DnsAnswer, MxRecord } from './mail-route.ts'

const none = { kind: 'no_records' } as const
const gone = { kind: 'no_domain' } as const
const servfail = { kind: 'error', code: 'SERVFAIL' } as const
const records = <T>(...all: T[]): DnsAnswer<T> => ({ kind: 'records', records: all })
const mx = (...all: [priority: number, exchange: string][]) =>
  records(...all.map(([priority, exchange]): MxRecord => ({ priority, exchange })))
const outside = records('198.51.100.1')
const inside = records('10.0.0.1', '127.0.0.1')

describe('the route of a domain', () => {
  type Case = [what: string, answer: DnsAnswer<MxRecord>, addresses: Record<string, DnsAnswer<string>>, route: object]
  it.each<Case>([
    ['that does not exist', gone, {}, { kind: 'not_found' }],
    ['with a null MX', mx([0, '.']), {}, { kind: 'null_mx' }],
    ['with a null MX as some resolvers give it', mx([0, '']), {}, { kind: 'null_mx' }],
    ['whose MX question fails', servfail, {}, { kind: 'dns_error', code: 'SERVFAIL', hosts: [] }],
    ['with one MX', mx([10, 'mx.acme.com']), { 'mx.acme.com': outside }, { kind: 'mx' }],
    ['without MX but with an address', none, { 'acme.com': outside }, { kind: 'implicit' }],
    ['with neither', none, { 'acme.com': none }, { kind: 'no_mail_host' }],
    ['whose own address is private', none, { 'acme.com': inside }, { kind: 'unroutable' }],
    ['whose own address fails', none, { 'acme.com': servfail }, { kind: 'dns_error', code: 'SERVFAIL' }],
    ['whose MX is at a private address', mx([10, 'mx.acme.com']), { 'mx.acme.com': inside }, { kind: 'unroutable' }],
    ['whose MX does not exist', mx([10, 'mx.acme.com']), { 'mx.acme.com': gone }, { kind: 'no_mail_host' }],
    [
      'whose first MX fails and second is there',
      mx([10, 'a.acme.com'], [20, 'b.acme.com']),
      { 'a.acme.com': servfail, 'b.acme.com': outside },
      { kind: 'mx' },
    ],
    [
      'whose first MX fails and second is private: a fault, not a no',
      mx([10, 'a.acme.com'], [20, 'b.acme.com']),
      { 'a.acme.com': servfail, 'b.acme.com': inside },
      { kind: 'dns_error', code: 'SERVFAIL' },
    ],
  ])('%s', (_what, answer, addresses, route) => {
    const made = mailRoute('acme.com', answer, new Map(Object.entries(addresses)), (ip) => !/^(10|127)\./.test(ip))
    expect(made).toMatchObject(route)
  })

  it('keeps what may be dialled apart from what may not', () => {
    const both = new Map([['mx.acme.com', records('10.0.0.1', '198.51.100.1', '2001:db8::1')]])
    expect(mailRoute('acme.com', mx([5, 'MX.acme.com.']), both, (ip) => !ip.startsWith('10.'))).toEqual({
      kind: 'mx',
      hosts: [
        {
          host: 'mx.acme.com',
          priority: 5,
          addresses: ['198.51.100.1', '2001:db8::1'],
          refused: ['10.0.0.1'],
          error: null,
        },
      ],
    })
  })
})

describe('the hosts to look up', () => {
  it('stand by priority, each once, in lower case and without a dot at the end', () => {
    const answer = mx(
      [20, 'b.acme.com'],
      [10, 'C.acme.com.'],
      [10, 'a.acme.com'],
      [5, 'b.acme.com'],
      [30, 'b.acme.com'],
      [0, '.'],
    )
    expect(mailHosts('acme.com', answer)).toEqual([
      { host: 'b.acme.com', priority: 5 },
      { host: 'a.acme.com', priority: 10 },
      { host: 'c.acme.com', priority: 10 },
    ])
  })

  it('are 16 at most', () => {
    const many = mx(...Array.from({ length: 500 }, (_, at): [number, string] => [at, `mx${at}.acme.com`]))
    expect(mailHosts('acme.com', many)).toHaveLength(16)
  })
})

describe('A and AAAA together', () => {
  it.each<[DnsAnswer<string>, DnsAnswer<string>, DnsAnswer<string>]>([
    [records('1.2.3.4'), records('::1'), records('1.2.3.4', '::1')],
    [records('1.2.3.4'), servfail, records('1.2.3.4')],
    [servfail, none, servfail],
    [none, none, none],
    [gone, gone, gone],
    [none, records('::1'), records('::1')],
  ])('%j and %j are %j', (a, aaaa, both) => {
    expect(bothFamilies(a, aaaa)).toEqual(both)
  })
})
