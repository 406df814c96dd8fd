import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'

import { noteReach } from '../../db/mx-organisations.ts'
import type { DnsName } from '../../test/support/dns-zone.ts'
import { reverseName } from '../../test/support/dns-zone.ts'
import { startDns } from '../../test/support/dns.ts'
import { driveKind } from '../../test/support/drive-kind.ts'
import { testLog } from '../../test/support/engine.ts'
import { startMailHosts } from '../../test/support/mail-hosts.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { soundSender } from '../../test/support/sender-checks.ts'
import { garbage, startScriptedSmtp } from '../../test/support/smtp-script.ts'
import { startSmtp } from '../../test/support/smtp.ts'
import { createOutgoing } from '../outgoing.ts'
import { verifyEmails } from '../verify-emails/job.ts'
import { auditSenderNow, lastSenderAudit } from './audit.ts'

// What others see of us, told by a real DNS server and real mail hosts on loopback.

const { db } = await testDatabase()
const hosts = await startMailHosts({
  '127.0.1.1': (place) => startSmtp(place),
  '127.0.1.2': (place) => startScriptedSmtp({ ...place, script: { connect: garbage } }),
})
const dns = await startDns()
afterAll(async () => {
  await dns.close()
  await hosts.close()
})

const address = '198.20.1.9'
const six = '2a02:1234::9'
const name = 'probe.sender.com'
const domain = 'sender.com'
const smtp = { helo: name, mailFrom: `probe@${domain}`, port: hosts.port, replyMs: 500 }
const settings = {
  dnsServers: [dns.server],
  ownHosts: [1, 2, 3].map((last) => `127.0.1.${last}:${hosts.port}`),
  smtp,
}
const ownHost = { [`mx.${domain}`]: { a: ['127.0.1.1'] } }
const sound: Record<string, DnsName> = {
  ...soundSender({ address, name, domain }),
  ...ownHost,
  [domain]: { mx: [[10, `mx.${domain}`]], txt: ['other=1', `v=spf1 ip4:${address} -all`] },
}

beforeEach(async () => {
  dns.zone.clear()
  await sql`truncate mx_reach, sender_audits`.execute(db)
})

async function audit(zone: Record<string, DnsName>, sender = smtp) {
  for (const [at, has] of Object.entries(zone)) dns.zone.set(at, has)
  const deps = { db, settings: { ...settings, smtp: sender }, log: testLog, now: () => new Date() }
  const { checks } = await auditSenderNow(deps, AbortSignal.timeout(60_000))
  return {
    states: Object.fromEntries(checks.map((check) => [check.name, check.state])),
    words: Object.fromEntries(checks.map((check) => [check.name, check.message])),
  }
}

const good = { helo: 'GOOD', ptr: 'GOOD', spf: 'GOOD', port25: 'GOOD' }
const spf = (...txt: string[]): DnsName => ({ mx: [[10, `mx.${domain}`]], txt })
const ring = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`s${i}.sender.com`, { txt: [`v=spf1 include:s${i + 1}.sender.com -all`] }]),
)

test.each<[what: string, zone: Record<string, DnsName>, states: Partial<typeof good>, words?: string]>([
  ['all is well', {}, {}],
  ['the name in EHLO is not in DNS', { [name]: {} }, { helo: 'BAD', ptr: 'UNKNOWN', spf: 'UNKNOWN' }, 'A record'],
  [
    'DNS says nothing of it',
    { [name]: { trouble: { what: 'refused' } } },
    { helo: 'UNKNOWN', ptr: 'UNKNOWN', spf: 'UNKNOWN' },
  ],
  ['the address has no name', { [reverseName(address)]: {} }, { ptr: 'BAD' }, '(PTR)'],
  [
    'its name leads elsewhere',
    { 'elsewhere.com': { a: ['198.20.1.8'] }, [reverseName(address)]: { ptr: ['elsewhere.com'] } },
    { ptr: 'BAD' },
    'does not lead back',
  ],
  [
    'its name is another that leads back',
    { 'host9.isp.com': { a: [address] }, [reverseName(address)]: { ptr: ['host9.isp.com'] } },
    {},
    'strict hosts',
  ],
  ['DNS says nothing of its name', { [reverseName(address)]: { trouble: { what: 'refused' } } }, { ptr: 'UNKNOWN' }],
  [
    'one of two addresses has no name',
    { [name]: { a: [address], aaaa: [six] }, [domain]: spf(`v=spf1 ip4:${address} ip6:${six} -all`) },
    { ptr: 'BAD' },
    six,
  ],
  ['there is no SPF', { [domain]: spf('other=1') }, { spf: 'BAD' }, `"v=spf1 ip4:${address} -all"`],
  ['SPF names others', { [domain]: spf('v=spf1 ip4:198.20.2.0/24 -all') }, { spf: 'BAD' }, '(fail)'],
  ['SPF doubts', { [domain]: spf('v=spf1 ~all') }, { spf: 'BAD' }, '(softfail)'],
  [
    'SPF includes a record that names us',
    { [domain]: spf('v=spf1 include:_spf.host.com -all'), '_spf.host.com': { txt: ['v=spf1 ip4:198.20.1.0/28 ~all'] } },
    {},
  ],
  [
    'SPF goes on elsewhere, by name',
    { [domain]: spf('v=spf1 redirect=_spf.host.com'), '_spf.host.com': { txt: [`v=spf1 a:${name} -all`] } },
    {},
  ],
  [
    'SPF names the mail hosts, of which we are one',
    {
      [domain]: {
        mx: [
          [10, `mx.${domain}`],
          [20, name],
        ],
        txt: ['v=spf1 mx -all'],
      },
    },
    {},
  ],
  [
    'there are two SPF records',
    { [domain]: spf(`v=spf1 ip4:${address} -all`, 'v=spf1 -all') },
    { spf: 'BAD' },
    'several',
  ],
  [
    'SPF asks too much of DNS',
    { [domain]: spf('v=spf1 include:s0.sender.com -all'), ...ring },
    { spf: 'BAD' },
    'cannot be read',
  ],
  ['an included record is not there', { [domain]: spf('v=spf1 include:nobody.com -all') }, { spf: 'BAD' }],
  ['SPF depends on a macro', { [domain]: spf('v=spf1 exists:%{i}.list.com -all') }, { spf: 'UNKNOWN' }],
  [
    'the domain has no mail host',
    { [domain]: { txt: [`v=spf1 ip4:${address} -all`] } },
    { port25: 'UNKNOWN' },
    'no mail host',
  ],
  [
    'its mail host refuses connections',
    { [`mx.${domain}`]: { a: ['127.0.1.3'] } },
    { port25: 'UNKNOWN' },
    'could not be reached',
  ],
  [
    'what answers there is no mail server',
    { [`mx.${domain}`]: { a: ['127.0.1.2'] } },
    { port25: 'UNKNOWN' },
    'said nothing',
  ],
])('%s', async (_what, changes, states, words) => {
  const found = await audit({ ...sound, ...changes })
  expect(found.states).toEqual({ ...good, ...states })
  if (words !== undefined) expect(Object.values(found.words).join('\n')).toContain(words)
})

test.each(['localhost', 'mailquarry', '198.20.1.9', 'probe.lan'])(
  '%s is no name to introduce oneself by',
  async (helo) => {
    expect((await audit(sound, { ...smtp, helo })).states['helo']).toBe('BAD')
  },
)

test('where several mail hosts could not be reached, the port is shut, and nobody is tried', async () => {
  for (const organisation of ['a.com', 'b.com', 'c.com', 'd.com', 'e.com']) await noteReach(db, organisation, false)
  const before = hosts.at['127.0.1.1'].sessions.length
  expect((await audit(sound)).states['port25']).toBe('BAD')
  expect(hosts.at['127.0.1.1'].sessions).toHaveLength(before)
  await noteReach(db, 'f.com', true)
  expect((await audit(sound)).states['port25']).toBe('GOOD')
})

test('a job warns before its first probe, and looks once a day', async () => {
  const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
  for (const [at, has] of Object.entries({ ...sound, [domain]: spf('v=spf1 -all') })) dns.zone.set(at, has)
  dns.zone.set('firm.com', { mx: [[10, 'mx.firm.com']] }).set('mx.firm.com', { a: ['127.0.1.1'] })
  const verify = async (ahead = 0) => {
    const input = {
      emails: ['ann@firm.com'],
      depth: 'SMTP',
      service: 'builtin',
      fromKnown: false,
      force: false,
    } as const
    const probed: number[] = []
    const drive = await driveKind(verifyEmails, {
      db,
      outgoing,
      settings,
      input: { ...input, emails: [...input.emails] },
      now: () => new Date(Date.now() + ahead),
      onStep: ({ notes }) => {
        if (notes && notes.length > 0) probed.push(probes())
      },
    })
    return { ...drive, probed }
  }
  const probes = () => hosts.at['127.0.1.1'].sessions.filter(({ recipients }) => recipients.length > 0).length
  dns.forgetQueries()
  const first = await verify()
  expect(first.notes.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^mail servers may refuse to answer us: SPF of sender\.com does not name 198\.20\.1\.9/),
  ])
  expect(first.probed).toEqual([0])
  expect(probes()).toBe(1)
  expect(dns.count(domain, 'TXT')).toBe(1)
  expect((await verify()).notes).toHaveLength(1)
  expect(dns.count(domain, 'TXT')).toBe(1)
  await verify(25 * 3_600_000)
  expect(dns.count(domain, 'TXT')).toBe(2)
  const last = await lastSenderAudit({ db, settings, log: testLog, now: () => new Date() })
  expect(last).toMatchObject({ helo: name, mailFrom: `probe@${domain}` })
  expect(last!.checks.map(({ state }) => state)).toEqual(['GOOD', 'GOOD', 'BAD', 'GOOD'])
  await outgoing.close()
})
