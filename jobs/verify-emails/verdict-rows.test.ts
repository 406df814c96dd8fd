import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { noteReach } from '../../db/mx-organisations.ts'
import type { DnsName } from '../../test/support/dns-zone.ts'
import { startDns } from '../../test/support/dns.ts'
import { driveKind } from '../../test/support/drive-kind.ts'
import { startMailHosts } from '../../test/support/mail-hosts.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { startZeroBounce } from '../../test/support/services/zerobounce.ts'
import { refusals } from '../../test/support/smtp-rules.ts'
import {
  cutAfter,
  drip,
  garbage,
  hangUp,
  silent,
  type SmtpScript,
  startScriptedSmtp,
} from '../../test/support/smtp-script.ts'
import { createOutgoing } from '../outgoing.ts'
import type { VerifyInput } from './input.ts'
import { verifyEmails } from './job.ts'

// Each row of the taxonomy, told by a real DNS server and real mail hosts on loopback: what they say, and what the verdict then is and holds for.

interface Row {
  what: string
  address: string
  /** Status and reason. */
  verdict: string
  /** Null: for ever; 0: until it is tried again, minutes later. */
  days: number | null
  /** Of the address's domain; with `script` its MX host is made. */
  dns?: DnsName
  script?: SmtpScript
  /** The name of that host, where its provider matters. */
  mx?: string
}

const unknownName = (address: string) => !address.startsWith('ann@') && !address.startsWith('info@')
/** Says it of everybody. */
const says = (reply: string): SmtpScript => ({ RCPT: reply })
/** Takes Ann, and says it of the name that nobody has. */
const control = (reply: string): SmtpScript => ({
  RCPT: { by: (address) => (unknownName(address) ? reply : undefined) },
})
const sound = control(refusals.noSuchUser)

const rows: Row[] = [
  { what: 'no address', address: 'ann.at.home', verdict: 'INVALID syntax_invalid', days: null },
  {
    what: 'a local part of 65 bytes',
    address: `${'a'.repeat(65)}@firm.com`,
    verdict: 'INVALID local_too_long',
    days: null,
  },
  { what: 'a top-level domain that is none', address: 'ann@firm.notatld', verdict: 'INVALID tld_unknown', days: null },
  { what: 'a domain that does not exist', address: 'ann@gone-firm.com', verdict: 'INVALID domain_not_found', days: 7 },
  { what: 'a null MX', address: 'ann@null-firm.com', verdict: 'INVALID null_mx', days: 7, dns: { mx: [[0, '.']] } },
  {
    what: 'neither MX nor address',
    address: 'ann@bare-firm.com',
    verdict: 'INVALID no_mail_host',
    days: 7,
    dns: { txt: ['hi'] },
  },
  {
    what: 'MX hosts that do not exist',
    address: 'ann@lost-firm.com',
    verdict: 'INVALID no_mail_host',
    days: 7,
    dns: { mx: [[10, 'mx.nowhere.com']] },
  },
  {
    what: 'an MX with a private address',
    address: 'ann@inside-firm.com',
    verdict: 'INVALID unroutable_mx',
    days: 7,
    dns: { mx: [[10, 'mx.inside-firm.com']] },
  },
  {
    what: 'a typing error whose domain takes mail',
    address: 'ann@gmial.com',
    verdict: 'RISKY typo_domain',
    days: 30,
    dns: { mx: [[10, 'mx.park.com']] },
  },
  {
    what: 'a typing error whose domain takes none',
    address: 'ann@gmal.com',
    verdict: 'INVALID null_mx',
    days: 7,
    dns: { mx: [[0, '.']] },
  },
  {
    what: 'name servers that fail',
    address: 'ann@servfail-firm.com',
    verdict: 'UNKNOWN dns_error, failed',
    days: 0,
    dns: { trouble: { what: 'servfail' } },
  },
  {
    what: 'name servers that are silent',
    address: 'ann@silent-dns.com',
    verdict: 'UNKNOWN dns_error, failed',
    days: 0,
    dns: { trouble: { what: 'silent', types: ['MX'] } },
  },
  {
    what: 'a provider of throw-away addresses',
    address: 'ann@mailinator.com',
    verdict: 'RISKY disposable',
    days: 30,
    dns: { mx: [[10, 'mx.park.com']] },
  },
  {
    what: 'no MX, and a host at the domain itself',
    address: 'ann@implicit-firm.com',
    verdict: 'VALID mailbox_accepted',
    days: 90,
    script: sound,
  },
  {
    what: 'a first MX that is down and a second that is up',
    address: 'ann@second-firm.com',
    verdict: 'VALID mailbox_accepted',
    days: 90,
    script: sound,
  },
  {
    what: 'a mailbox that is taken where a made-up one is refused',
    address: 'ann@good-firm.com',
    verdict: 'VALID mailbox_accepted',
    days: 90,
    script: sound,
  },
  {
    what: 'the same with the address of a role',
    address: 'info@role-firm.com',
    verdict: 'VALID mailbox_accepted',
    days: 90,
    script: sound,
  },
  {
    what: 'a made-up mailbox that is taken too',
    address: 'ann@all-firm.com',
    verdict: 'RISKY catch_all',
    days: 90,
    script: {},
  },
  {
    what: 'a made-up mailbox that policy refuses',
    address: 'ann@half-policy.com',
    verdict: 'UNKNOWN blocked_by_policy',
    days: 7,
    script: control(refusals.policy),
  },
  {
    what: 'a made-up mailbox that is refused for now',
    address: 'ann@half-later.com',
    verdict: 'UNKNOWN greylisted, failed',
    days: 1,
    script: control('451 4.7.1 Try again later'),
  },
  {
    what: '550 5.1.1',
    address: 'ann@absent-firm.com',
    verdict: 'INVALID mailbox_not_found',
    days: 180,
    script: says(refusals.noSuchUser),
  },
  {
    what: '550 5.4.1 of Microsoft',
    address: 'ann@edge-firm.com',
    mx: 'edge-firm-com.mail.protection.outlook.com',
    verdict: 'INVALID mailbox_not_found',
    days: 180,
    script: says(refusals.accessDenied),
  },
  {
    what: '550 5.1.10 of Microsoft',
    address: 'ann@resolver-firm.com',
    mx: 'resolver-firm-com.mail.protection.outlook.com',
    verdict: 'INVALID mailbox_not_found',
    days: 180,
    script: says(refusals.recipientNotFound),
  },
  {
    what: '550 5.4.1 of somebody else',
    address: 'ann@denied-firm.com',
    verdict: 'UNKNOWN blocked_by_policy',
    days: 7,
    script: says(refusals.accessDenied),
  },
  {
    what: '550 without a word',
    address: 'ann@bare550-firm.com',
    verdict: 'UNKNOWN inconclusive',
    days: 7,
    script: says('550 No'),
  },
  {
    what: '550 5.2.1',
    address: 'ann@disabled-firm.com',
    verdict: 'INVALID mailbox_disabled',
    days: 90,
    script: says(refusals.disabled),
  },
  {
    what: '552 5.2.2',
    address: 'ann@full-firm.com',
    verdict: 'RISKY mailbox_full',
    days: 14,
    script: says(refusals.fullForGood),
  },
  {
    what: '452 4.2.2',
    address: 'ann@fullnow-firm.com',
    verdict: 'RISKY mailbox_full',
    days: 14,
    script: says(refusals.fullForNow),
  },
  {
    what: '552 without a code',
    address: 'ann@bare552-firm.com',
    verdict: 'RISKY mailbox_full',
    days: 14,
    script: says('552 Over the limit'),
  },
  {
    what: 'greylisting without an end, 450',
    address: 'ann@grey450-firm.com',
    verdict: 'UNKNOWN greylisted, failed',
    days: 1,
    script: says('450 Please come back later'),
  },
  {
    what: 'greylisting without an end, 451 4.7.1',
    address: 'ann@grey451-firm.com',
    verdict: 'UNKNOWN greylisted, failed',
    days: 1,
    script: says('451 4.7.1 Greylisted'),
  },
  {
    what: '421',
    address: 'ann@busy-firm.com',
    verdict: 'UNKNOWN rate_limited, failed',
    days: 1,
    script: { connect: refusals.busy },
  },
  {
    what: '452 4.5.3',
    address: 'ann@many-firm.com',
    verdict: 'UNKNOWN rate_limited, failed',
    days: 1,
    script: says('452 4.5.3 Too many recipients'),
  },
  {
    what: '550 5.7.1',
    address: 'ann@policy-firm.com',
    verdict: 'UNKNOWN blocked_by_policy',
    days: 7,
    script: says(refusals.policy),
  },
  {
    what: 'a block list in the greeting',
    address: 'ann@listed-firm.com',
    verdict: 'UNKNOWN blocked_by_policy',
    days: 7,
    script: { connect: refusals.blockList },
  },
  {
    what: 'a host that wants a name for our address',
    address: 'ann@rdns-firm.com',
    verdict: 'UNKNOWN sender_needs_rdns',
    days: 7,
    script: { MAIL: '550 5.7.25 Client host has no reverse name' },
  },
  {
    what: 'a host that wants TLS',
    address: 'ann@tls-firm.com',
    verdict: 'UNKNOWN sender_needs_tls',
    days: 7,
    script: { MAIL: '530 5.7.0 Must issue a STARTTLS command first' },
  },
  {
    what: 'a host that wants SPF',
    address: 'ann@spf-firm.com',
    verdict: 'UNKNOWN sender_needs_spf',
    days: 7,
    script: says(refusals.spf),
  },
  {
    what: 'a host that refuses connections',
    address: 'ann@shut-firm.com',
    verdict: 'UNKNOWN connect_failed, failed',
    days: 1,
    dns: { mx: [[10, 'mx.shut-firm.com']] },
  },
  {
    what: 'a host that says nothing',
    address: 'ann@mute-firm.com',
    verdict: 'UNKNOWN timeout, failed',
    days: 1,
    script: { connect: silent },
  },
  {
    what: 'a tarpit',
    address: 'ann@tar-firm.com',
    verdict: 'UNKNOWN timeout, failed',
    days: 1,
    script: { RCPT: drip('250 2.1.5 Ok, but all in good time', 500) },
  },
  {
    what: 'a connection that is cut in a reply',
    address: 'ann@cut-firm.com',
    verdict: 'UNKNOWN dropped, failed',
    days: 1,
    script: { MAIL: cutAfter('250 2.1') },
  },
  {
    what: 'a connection that is closed without a word',
    address: 'ann@closed-firm.com',
    verdict: 'UNKNOWN dropped, failed',
    days: 1,
    script: { connect: hangUp },
  },
  {
    what: 'garbage',
    address: 'ann@garbage-firm.com',
    verdict: 'UNKNOWN inconclusive',
    days: 7,
    script: { EHLO: garbage },
  },
  {
    what: 'a provider that cannot be probed',
    address: 'ann@free-firm.com',
    mx: 'free-firm-com.olc.protection.outlook.com',
    verdict: 'UNKNOWN provider_unprobeable',
    days: 30,
    script: {},
  },
]

const hosts = await startMailHosts(
  Object.fromEntries(
    rows.flatMap(({ script }, i) =>
      script
        ? [[`127.0.2.${i + 1}`, (place: { host: string; port: number }) => startScriptedSmtp({ ...place, script })]]
        : [],
    ),
  ),
)
const dns = await startDns({
  zone: {
    'mx.inside-firm.com': { a: ['10.1.2.3'] },
    'mx.shut-firm.com': { a: ['127.0.2.250'] },
    'mx.park.com': { a: ['198.20.1.1'] },
  },
})
const zerobounce = await startZeroBounce()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
const { db } = await testDatabase()
afterAll(async () => {
  await outgoing.close()
  await dns.close()
  await hosts.close()
  await zerobounce.close()
})

const settings = {
  dnsServers: [dns.server],
  ownHosts: [...rows.map((_, i) => `127.0.2.${i + 1}:${hosts.port}`), `127.0.2.250:${hosts.port}`],
  smtp: { helo: 'probe.mailquarry.test', mailFrom: 'probe@mailquarry.test', port: hosts.port, replyMs: 3_000 },
  services: { zerobounce: { url: zerobounce.url, key: zerobounce.key } },
}

async function verify(emails: string[], input: Partial<VerifyInput> = {}) {
  const { jobId } = await driveKind(verifyEmails, {
    db,
    outgoing,
    settings,
    atOnce: 8,
    input: { emails, depth: 'SMTP', service: 'builtin', fromKnown: false, force: false, ...input },
  })
  const { rows: found } = await sql<{ address: string; verdict: string; days: number | null }>`
    select address, status || ' ' || reason || case when failed then ', failed' else '' end as verdict,
      round(extract(epoch from holds_until - checked_at) / 86400)::int as days
    from job_verifications where job_id = ${jobId}`.execute(db)
  return new Map(found.map(({ address, ...row }) => [address, row]))
}

let found: Awaited<ReturnType<typeof verify>>
beforeAll(async () => {
  rows.forEach(({ address, dns: has, script, mx }, i) => {
    const domain = address.slice(address.lastIndexOf('@') + 1)
    if (has) dns.zone.set(domain, has)
    if (!script) return
    const host = mx ?? `mx.${domain}`
    dns.zone.set(host, { a: [`127.0.2.${i + 1}`] })
    if (domain === 'implicit-firm.com') dns.zone.set(domain, { a: [`127.0.2.${i + 1}`] })
    else if (domain === 'second-firm.com')
      dns.zone.set(domain, {
        mx: [
          [10, 'mx.shut-firm.com'],
          [20, host],
        ],
      })
    else dns.zone.set(domain, { mx: [[10, host]] })
  })
  // Those who are asked again move the clock.
  const isFinal = ({ verdict }: Row) => !verdict.endsWith('failed') && !verdict.endsWith('inconclusive')
  const lists = [rows.filter(isFinal), rows.filter((row) => !isFinal(row))]
  const parts = []
  for (const list of lists) parts.push(...(await verify(list.map(({ address }) => address))))
  found = new Map(parts)
}, 240_000)

test.each(rows)('$what: $verdict', ({ address, verdict, days }) => {
  expect(found.get(address)).toEqual({ verdict, days })
})

test('whom mail servers told nothing about the mailbox, they blame no mailbox', () => {
  for (const { address, verdict } of rows)
    if (verdict.startsWith('UNKNOWN')) expect(found.get(address)?.verdict, address).not.toMatch(/VALID|RISKY/)
})

test('at depth DNS a domain that takes mail is all that is known, and at depth SYNTAX the text', async () => {
  expect((await verify(['new@good-firm.com'], { depth: 'DNS' })).get('new@good-firm.com')).toEqual({
    verdict: 'UNKNOWN domain_accepts_mail',
    days: 7,
  })
  expect((await verify(['newer@good-firm.com'], { depth: 'SYNTAX' })).get('newer@good-firm.com')).toEqual({
    verdict: 'UNKNOWN syntax_ok',
    days: null,
  })
})

test.each([
  ['spamtrap', 'RISKY spamtrap'],
  ['abuse', 'RISKY abuse'],
  ['toxic', 'RISKY toxic'],
])('a service that knows an address as %s', async (name, verdict) => {
  const address = `${name}@good-firm.com`
  expect((await verify([address], { service: 'zerobounce' })).get(address)).toEqual({ verdict, days: 180 })
})

test('where nothing gets out by port 25, no mailbox is blamed and nobody is tried', async () => {
  await sql`truncate mx_reach`.execute(db)
  for (const organisation of ['a.com', 'b.com', 'c.com', 'd.com', 'e.com']) await noteReach(db, organisation, false)
  const before = Object.values(hosts.at).reduce((sum, { sessions }) => sum + sessions.length, 0)
  expect((await verify(['late@good-firm.com'])).get('late@good-firm.com')).toEqual({
    verdict: 'UNKNOWN port25_blocked',
    days: 1,
  })
  expect(Object.values(hosts.at).reduce((sum, { sessions }) => sum + sessions.length, 0)).toBe(before)
})
