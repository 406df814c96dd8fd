import { sql } from 'kysely'
import { expect, test, vi } from 'vitest'

import { serviceBench } from '../../../test/support/service-bench.ts'
import type { Service } from '../../engines/verify/terms.ts'

// Each adapter against a service on loopback that was written from the services' own descriptions and knows nothing of it.

const { db, fakes, verify, mailsso, hunter, zerobounce, neverbounce, reacher } = await serviceBench()

async function callsOf(service: Service) {
  const { rows } = await sql<{ state: string; n: number }>`
    select state, count(*)::int as n from service_calls where service = ${service} group by state order by state`.execute(
    db,
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}

test.each(Object.keys(fakes) as Service[])(
  '%s is asked once about what syntax and DNS let through, and not again',
  async (service) => {
    const fake = fakes[service]
    const emails = [
      `valid+tag@a.${service}.com`,
      `invalid@b.${service}.com`,
      `catchall@c.${service}.com`,
      'no address',
      `valid@gone.${service}.com`,
      `valid+tag@a.${service}.com`,
    ]
    const { said } = await verify(service, emails)
    expect(said).toEqual({
      [`valid+tag@a.${service}.com`]: 'VALID mailbox_accepted',
      [`invalid@b.${service}.com`]: 'INVALID mailbox_not_found',
      [`catchall@c.${service}.com`]: 'RISKY catch_all',
      'no address': 'INVALID syntax_invalid',
      [`valid@gone.${service}.com`]: 'INVALID domain_not_found',
    })
    expect([...fake.paid].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual([
      [`catchall@c.${service}.com`, 1],
      [`invalid@b.${service}.com`, 1],
      [`valid+tag@a.${service}.com`, 1],
    ])
    expect(await callsOf(service)).toEqual({ ANSWERED: 3 })
    const requests = fake.requests.length
    expect((await verify(service, emails)).said).toEqual(said)
    expect(fake.requests).toHaveLength(requests)
    expect(fake.unknownRequests).toEqual([])
  },
)

test('what another service says is no answer to who pays for this one, and answers our own probes', async () => {
  await verify('hunter', ['valid@shared.com'])
  await verify('reacher', ['valid@shared.com'])
  expect([hunter.paid.get('valid@shared.com'), reacher.paid.get('valid@shared.com')]).toEqual([1, 1])
  const { rows } =
    await sql`select engine, depth from verdicts where address = 'valid@shared.com' order by engine`.execute(db)
  expect(rows).toEqual([
    { engine: 'hunter', depth: 'SMTP' },
    { engine: 'reacher', depth: 'SMTP' },
  ])
})

test('a service that stumbles is asked again, and its passing faults cost no address', async () => {
  for (const trouble of ['serverError', 'html', 'halfJson', 'hangUp'] as const) {
    mailsso.meets(trouble)
    expect((await verify('mailsso', [`valid@${trouble.toLowerCase()}.com`])).said).toEqual({
      [`valid@${trouble.toLowerCase()}.com`]: 'VALID mailbox_accepted',
    })
  }
})

test('a service that answers HTML for ever costs the address its verdict, and not the job', async () => {
  mailsso.meets('html', { times: Infinity })
  const { said, findings, counts } = await verify('mailsso', ['valid@html4ever.com'])
  mailsso.recovers()
  expect(said).toEqual({ 'valid@html4ever.com': 'UNKNOWN inconclusive, failed' })
  expect(findings).toMatchObject([{ category: 'provider', item: 'valid@html4ever.com' }])
  expect(counts).toMatchObject({ failed: 1, succeeded: 0 })
  expect(mailsso.requests.filter(({ query }) => query['email'] === 'valid@html4ever.com')).toHaveLength(4)
})

test('a service that asks to go slower is left alone for a while, by all', async () => {
  hunter.meets('throttled', { times: 1 })
  const { said, laters } = await verify('hunter', ['valid@slow.com'])
  expect(said).toEqual({ 'valid@slow.com': 'VALID mailbox_accepted' })
  expect(laters).toEqual([expect.stringContaining('Hunter: asked to go slower')])
  // By the clock of the next job the pause is not over yet.
  const calls = hunter.requests.length
  const next = await verify('hunter', ['valid@slower.com'], {
    onStep: (_step, drive) => {
      if (drive.laters.length === 0) expect(hunter.requests).toHaveLength(calls)
    },
  })
  expect(next.laters).toEqual([expect.stringContaining('Hunter: asked to go slower')])
})

test('a service whose paid calls are used up is asked again when there are more', async () => {
  hunter.meets('outOfQuota', { times: 1, path: '/email-verifier' })
  const { said, laters, aheadMs } = await verify('hunter', ['valid@quota.com'])
  expect(said).toEqual({ 'valid@quota.com': 'VALID mailbox_accepted' })
  expect(laters.at(-1)).toContain('Hunter: paid calls are used up')
  expect(aheadMs).toBeGreaterThan(60_000)
})

test('a person who objected is left alone by all jobs, and what was known of the address is gone', async () => {
  const address = 'valid@objects.com'
  await verify('reacher', [address])
  await verify('reacher', [address], {
    input: { emails: [address], service: 'reacher', fromKnown: false, force: true },
  })
  hunter.meets('objected', { times: 1, path: '/email-verifier' })
  expect((await verify('hunter', [address])).said).toEqual({ [address]: 'RISKY legal_refusal' })
  const { rows: listed } = await sql`select address, source, reason from suppressions`.execute(db)
  expect(listed).toEqual([{ address, source: 'OBJECTION', reason: 'its owner has objected, says Hunter' }])
  const { rows: kept } = await sql`
    select engine, reason, evidence->'service'->'raw' as raw from verdicts where address = ${address}
    union all select engine, reason, null from verdict_history where address = ${address}`.execute(db)
  expect(kept).toEqual([{ engine: 'hunter', reason: 'legal_refusal', raw: { objected: expect.any(String) } }])
  const requests = hunter.requests.length
  const { said, counts } = await verify('hunter', [address])
  expect({ said, counts }).toMatchObject({ said: {}, counts: { total: 1, skipped: 1 } })
  expect(hunter.requests).toHaveLength(requests)
})

test('a key that is refused ends the job, with the reason and without the key', async () => {
  zerobounce.meets('wrongKey', { times: 1 })
  const refused = verify('zerobounce', ['valid@wrongkey.com'])
  await expect(refused).rejects.toMatchObject({ code: 'SERVICE_KEY_REFUSED' })
  await expect(refused).rejects.not.toThrow(zerobounce.key)
})

test('a run that dies after the answer came pays for nothing twice', async () => {
  let deaths = 0
  const { said } = await verify('neverbounce', ['valid@dies1.com', 'valid@dies2.com', 'invalid@dies3.com'], {
    dies: () => deaths++ < 4,
  })
  expect(Object.keys(said)).toHaveLength(3)
  expect(
    ['valid@dies1.com', 'valid@dies2.com', 'invalid@dies3.com'].map((address) => neverbounce.paid.get(address)),
  ).toEqual([1, 1, 1])
})

test('a call that a pause finds on its way is paid for once, and nobody else makes it meanwhile', async () => {
  const emails = ['valid@paused1.com', 'valid@paused2.com', 'invalid@paused3.com']
  const stop = new AbortController()
  neverbounce.delayMs = 1_500
  const running = verify('neverbounce', emails, { signal: stop.signal, atOnce: 3 })
  await vi.waitFor(() => expect(neverbounce.paid.get('valid@paused1.com')).toBe(1), { timeout: 10_000 })
  stop.abort('stopped')
  const paused = await running
  expect(paused.leftBehind).not.toEqual([])
  neverbounce.delayMs = 0
  const { said } = await verify('neverbounce', emails, { resume: paused })
  expect(said).toEqual({
    'valid@paused1.com': 'VALID mailbox_accepted',
    'valid@paused2.com': 'VALID mailbox_accepted',
    'invalid@paused3.com': 'INVALID mailbox_not_found',
  })
  expect(emails.map((address) => neverbounce.paid.get(address))).toEqual([1, 1, 1])
  expect((await sql`select from verification_claims`.execute(db)).rows).toHaveLength(0)
})
