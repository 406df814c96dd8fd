import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'

import { startDns } from '../../test/support/dns.ts'
import { driveKind, type DriveOptions } from '../../test/support/drive-kind.ts'
import { startMailHosts } from '../../test/support/mail-hosts.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { always, atMost, greylists, inOrder, onlyMailboxes, refusals } from '../../test/support/smtp-rules.ts'
import { cutAfter, garbage, silent, startScriptedSmtp } from '../../test/support/smtp-script.ts'
import { startSmtp } from '../../test/support/smtp.ts'
import { saidOf } from '../../test/support/verdicts.ts'
import { createOutgoing } from '../outgoing.ts'
import type { VerifyInput } from './input.ts'
import { verifyEmails } from './job.ts'

// Depth SMTP against real mail hosts on loopback, each at an address of its own.

const { db } = await testDatabase()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
let lifted = false
const people = (...names: string[]) => onlyMailboxes((address) => names.includes(address.split('@')[0]!))
const hosts = await startMailHosts({
  '127.0.1.1': (place) => startSmtp({ ...place, rcpt: people('ann', 'bob') }),
  '127.0.1.2': (place) => startSmtp(place),
  '127.0.1.3': (place) => startSmtp({ ...place, rcpt: inOrder(greylists({ until: () => lifted }), people('ann')) }),
  '127.0.1.4': (place) => startSmtp({ ...place, connect: () => refusals.busy }),
  '127.0.1.5': (place) => startSmtp({ ...place, rcpt: always(refusals.policy) }),
  '127.0.1.6': (place) => startSmtp({ ...place, rcpt: always(refusals.fullForGood) }),
  '127.0.1.7': (place) => startSmtp({ ...place, rcpt: always(refusals.disabled) }),
  '127.0.1.8': (place) => startScriptedSmtp({ ...place, script: { connect: silent } }),
  '127.0.1.9': (place) => startScriptedSmtp({ ...place, script: { EHLO: garbage } }),
  '127.0.1.10': (place) => startScriptedSmtp({ ...place, script: { MAIL: cutAfter('250 2.1') } }),
  '127.0.1.11': (place) => startSmtp({ ...place, rcpt: always(refusals.accessDenied) }),
  '127.0.1.12': (place) => startSmtp({ ...place, rcpt: inOrder(atMost(2), people('ann', 'bob', 'eve', 'dan')) }),
  '127.0.1.13': (place) => startSmtp({ ...place, rcpt: always(refusals.spf) }),
})
const dns = await startDns()
for (const [name, address] of Object.entries({
  good: '127.0.1.1',
  all: '127.0.1.2',
  grey: '127.0.1.3',
  busy: '127.0.1.4',
  policy: '127.0.1.5',
  full: '127.0.1.6',
  disabled: '127.0.1.7',
  silent: '127.0.1.8',
  garbage: '127.0.1.9',
  cut: '127.0.1.10',
  few: '127.0.1.12',
  spf: '127.0.1.13',
  inside: '10.1.2.3',
  shut: '127.0.1.99',
  again: '127.0.1.1',
}))
  host(`${name}firm.com`, `mx.${name}firm.com`, address)
host('microsoftfirm.com', 'microsoftfirm-com.mail.protection.outlook.com', '127.0.1.11')
host('freemail.com', 'freemail-com.olc.protection.outlook.com', '127.0.1.2')
dns.zone.set('secondfirm.com', {
  mx: [
    [10, 'mx.shutfirm.com'],
    [20, 'mx.goodfirm.com'],
  ],
})

function host(domain: string, mx: string, address: string) {
  dns.zone.set(domain, { mx: [[10, mx]] })
  dns.zone.set(mx, { a: [address] })
}

afterAll(async () => {
  await outgoing.close()
  await dns.close()
  await hosts.close()
})

const settings = {
  dnsServers: [dns.server],
  ownHosts: [...Array.from({ length: 13 }, (_, i) => `127.0.1.${i + 1}:${hosts.port}`), `127.0.1.99:${hosts.port}`],
  smtp: { helo: 'probe.mailquarry.test', mailFrom: 'probe@mailquarry.test', port: hosts.port, replyMs: 1_000 },
}

async function verify(emails: string[], options: Partial<DriveOptions<VerifyInput>> = {}) {
  const drive = await driveKind(verifyEmails, {
    db,
    outgoing,
    settings,
    input: { emails, depth: 'SMTP', service: 'builtin', fromKnown: false, force: false },
    ...options,
  })
  return { ...drive, said: await saidOf(db, drive.jobId) }
}

const connections = () => Object.values(hosts.at).reduce((sum, { sessions }) => sum + sessions.length, 0)

test('each host gives the verdict that its replies mean, in one connection where one is enough', async () => {
  const { said, findings } = await verify([
    'ann@goodfirm.com',
    'nobody@goodfirm.com',
    'bob@goodfirm.com',
    'any@allfirm.com',
    'ann@fullfirm.com',
    'ann@disabledfirm.com',
    'ann@microsoftfirm.com',
    'ann@secondfirm.com',
    'ann@insidefirm.com',
    'ann@spffirm.com',
    'ann@garbagefirm.com',
    'ann@freemail.com',
  ])
  expect(said).toEqual({
    'ann@goodfirm.com': 'VALID mailbox_accepted',
    'nobody@goodfirm.com': 'INVALID mailbox_not_found',
    'bob@goodfirm.com': 'VALID mailbox_accepted',
    'any@allfirm.com': 'RISKY catch_all',
    'ann@fullfirm.com': 'RISKY mailbox_full',
    'ann@disabledfirm.com': 'INVALID mailbox_disabled',
    'ann@microsoftfirm.com': 'INVALID mailbox_not_found',
    'ann@secondfirm.com': 'VALID mailbox_accepted',
    'ann@insidefirm.com': 'INVALID unroutable_mx',
    'ann@spffirm.com': 'UNKNOWN sender_needs_spf',
    'ann@garbagefirm.com': 'UNKNOWN inconclusive',
    'ann@freemail.com': 'UNKNOWN provider_unprobeable',
  })
  expect(findings.map(({ item }) => item)).toEqual([])
  const good = hosts.at['127.0.1.1']
  const asked = good.sessions.filter(({ recipients }) => recipients.includes('ann@goodfirm.com'))
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({ helo: 'probe.mailquarry.test', sender: 'probe@mailquarry.test' })
  expect(asked[0]!.recipients).toHaveLength(4)
  expect(asked[0]!.recipients.at(-1)).toMatch(/^[0-9a-f]{18}@goodfirm\.com$/)
  expect(good.said('DATA')).toBe(0)
  expect(good.said('QUIT')).toBe(good.sessions.length)
})

test('the same list again costs no connection, and one more name at a known domain no control probe', async () => {
  const before = connections()
  const { said } = await verify([
    'ann@goodfirm.com',
    'nobody@goodfirm.com',
    'any@allfirm.com',
    'ann@fullfirm.com',
    'ann@spffirm.com',
  ])
  expect(Object.keys(said)).toHaveLength(5)
  expect(connections()).toBe(before)
  expect((await verify(['another@allfirm.com'])).said).toEqual({ 'another@allfirm.com': 'RISKY catch_all' })
  expect(connections()).toBe(before)
  expect((await verify(['new@goodfirm.com'])).said).toEqual({ 'new@goodfirm.com': 'INVALID mailbox_not_found' })
  expect(hosts.at['127.0.1.1'].sessions.at(-1)!.recipients).toEqual(['new@goodfirm.com'])
})

test('a host that wants us to come back is asked again after 15 minutes, in the same job', async () => {
  const { said, laters, aheadMs } = await verify(['ann@greyfirm.com'], {
    onStep: (step) => {
      if ((step.batch as { verdicts: object[] }).verdicts.length > 0) lifted = true
    },
  })
  expect(said).toEqual({ 'ann@greyfirm.com': 'VALID mailbox_accepted' })
  expect(laters).toEqual(['the mail server of greyfirm.com: greylisted'])
  expect(aheadMs).toBeGreaterThan(14 * 60_000)
  expect(aheadMs).toBeLessThan(16 * 60_000)
  expect(hosts.at['127.0.1.3'].sessions).toHaveLength(2)
})

test('what cannot be decided after 15 minutes, an hour and four hours is left undecided', async () => {
  await sql`delete from mx_reach`.execute(db)
  const { said, counts, findings, aheadMs } = await verify([
    'ann@busyfirm.com',
    'ann@cutfirm.com',
    'ann@silentfirm.com',
    'ann@shutfirm.com',
  ])
  expect(said).toEqual({
    'ann@busyfirm.com': 'UNKNOWN rate_limited, failed',
    'ann@cutfirm.com': 'UNKNOWN dropped, failed',
    'ann@silentfirm.com': 'UNKNOWN timeout, failed',
    'ann@shutfirm.com': 'UNKNOWN connect_failed, failed',
  })
  expect(counts).toMatchObject({ total: 4, failed: 4, succeeded: 0 })
  expect(findings.map(({ category }) => category).sort()).toEqual(['network', 'network', 'rate_limited', 'timeout'])
  expect(aheadMs).toBeGreaterThan((15 + 60 + 240) * 60_000 - 60_000)
  expect(hosts.at['127.0.1.4'].sessions).toHaveLength(4)
  // From which it is told whether anything gets out of here.
  const { rows: reach } = await sql`
    select organisation, connected_at is not null as connected, failed_at is not null as failed from mx_reach
    where organisation in ('busyfirm.com', 'shutfirm.com') order by 1`.execute(db)
  expect(reach).toEqual([
    { organisation: 'busyfirm.com', connected: true, failed: false },
    { organisation: 'shutfirm.com', connected: false, failed: true },
  ])
  const before = connections()
  const again = await verify(Object.keys(said))
  expect(again.said).toEqual(said)
  expect(again.findings[0]!.message).toMatch(/^could not be checked at \d{4}-.*: rate_limited$/)
  expect(connections()).toBe(before)
})

test('a host that takes few recipients at a time is asked about the others later', async () => {
  const { said } = await verify(['ann', 'bob', 'eve', 'dan'].map((name) => `${name}@fewfirm.com`))
  expect(new Set(Object.values(said))).toEqual(new Set(['VALID mailbox_accepted']))
})

test('who refuses to talk to us is left alone, and blames no mailbox', async () => {
  const emails = Array.from({ length: 12 }, (_, i) => `person${i}@policyfirm.com`)
  const { said, findings } = await verify(emails)
  expect(new Set(Object.values(said).map((text) => text.split(',')[0]))).toEqual(new Set(['UNKNOWN blocked_by_policy']))
  expect(hosts.at['127.0.1.5'].sessions).toHaveLength(1)
  expect(hosts.at['127.0.1.5'].asked()).toBe(1)
  expect(findings[0]!.message).toContain(
    'policyfirm.com refuse to talk to us (550 Message rejected due to local policy)',
  )
})
