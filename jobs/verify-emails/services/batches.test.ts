import { sql } from 'kysely'
import { expect, test, vi } from 'vitest'

import { addSuppressions } from '../../../db/suppressions.ts'
import type { DriveOptions } from '../../../test/support/drive-kind.ts'
import { serviceBench } from '../../../test/support/service-bench.ts'
import { tablesWith } from '../../../test/support/whole-database.ts'
import { type Service, serviceNames } from '../../engines/verify/terms.ts'
import type { VerifyInput } from '../input.ts'

// Many addresses at once, against services on loopback that count what they are asked and paid for.

const { db, fakes, verify: verifyOne, mailsso, zerobounce, neverbounce, reacher } = await serviceBench()

/** So many that each of the eight shards of a short list has enough for a batch. */
function list(name: string, count = 120): string[] {
  return Array.from({ length: count }, (_, i) => `${i % 3 === 0 ? 'invalid' : 'valid'}${i}@${name}.com`)
}

/** How many addresses got which verdict. */
async function verify(service: Service, emails: string[], options: Partial<DriveOptions<VerifyInput>> = {}) {
  const drive = await verifyOne(service, emails, { atOnce: 8, ...options })
  const counts: Record<string, number> = {}
  for (const said of Object.values(drive.said)) counts[said] = (counts[said] ?? 0) + 1
  return { ...drive, said: counts }
}

const paidFor = (fake: { paid: ReadonlyMap<string, number> }, emails: string[]) =>
  emails.map((address) => fake.paid.get(address) ?? 0)
const once = (emails: string[]) => emails.map(() => 1)
const both = (count: number) => ({ 'VALID mailbox_accepted': (count * 2) / 3, 'INVALID mailbox_not_found': count / 3 })

/** By state, of those that have one of these addresses. */
async function batchesLeft(emails: string[]) {
  const { rows } = await sql<{ state: string; n: number }>`
    select state, count(*)::int as n from service_batches b
    where exists (select from service_batch_addresses a where a.batch_id = b.id and a.address = any(${emails}::text[])) group by state`.execute(
    db,
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}

test.each([
  ['mailsso', '/validate'],
  ['neverbounce', '/single/check'],
  ['reacher', '/v1/check_email'],
] as const)(
  'a batch of %s is asked for until it is done, and nobody is paid for twice or called alone',
  async (service, single) => {
    const fake = fakes[service]
    const emails = list(`batch-${service}`)
    fake.batches.pollsUntilDone = 3
    const { said, counts, laters } = await verify(service, emails)
    expect(said).toEqual(both(120))
    expect(counts).toMatchObject({ total: 120, succeeded: 120, failed: 0 })
    expect(paidFor(fake, emails)).toEqual(once(emails))
    expect(fake.calls(single)).toBe(0)
    expect(new Set(laters)).toEqual(new Set([`${serviceNames[service]} works on a batch`]))
    // What is concluded leaves nothing behind.
    expect(await batchesLeft(emails)).toEqual({})
    const requests = fake.requests.length
    expect((await verify(service, emails)).said).toEqual(both(120))
    expect(fake.requests).toHaveLength(requests)
  },
)

test('addresses that a batch leaves out are asked about one by one', async () => {
  const emails = list('leavesout')
  for (const address of emails.slice(0, 4)) mailsso.leavesOut.add(address)
  mailsso.batches.pollsUntilDone = 1
  const singles = mailsso.calls('/validate')
  expect((await verify('mailsso', emails)).said).toEqual(both(120))
  expect(mailsso.calls('/validate')).toBe(singles + 4)
})

/** The twelve seconds between two batches are not waited for. */
async function withoutPauses<T>(work: () => Promise<T>): Promise<T> {
  const passes = setInterval(
    () => void sql`update service_paces set next_at = now() where account like '%batches'`.execute(db),
    50,
  )
  return work().finally(() => clearInterval(passes))
}

test('a batch is answered at once, and holds 200 at most: the few others are asked about alone', async () => {
  // Eight shards.
  const emails = list('zero', 8 * 203)
  const { said } = await withoutPauses(() => verify('zerobounce', emails))
  expect(Object.values(said)).toEqual([expect.any(Number), expect.any(Number)])
  expect(paidFor(zerobounce, emails)).toEqual(once(emails))
  expect(zerobounce.calls('/v2/validate')).toBe(8 * 3)
  expect(zerobounce.calls('/v2/validatebatch')).toBe(8)
})

test.each(['serverError', 'html', 'halfJson', 'hangUp'] as const)(
  'a batch that meets %s is given up, and its addresses are asked about one by one',
  async (trouble) => {
    const emails = list(trouble.toLowerCase(), 12 * 8)
    mailsso.meets(trouble, { path: '/batch' })
    const singles = mailsso.calls('/validate')
    expect((await verify('mailsso', emails)).said).toEqual(both(96))
    expect(mailsso.calls('/validate')).toBe(singles + 12)
  },
)

test('a batch that is too large for the service is given up, and its addresses are asked about one by one', async () => {
  neverbounce.meets('tooLarge', { path: '/jobs/create' })
  const singles = neverbounce.calls('/single/check')
  expect((await verify('neverbounce', list('toolarge', 12 * 8))).said).toEqual(both(96))
  expect(neverbounce.calls('/single/check')).toBe(singles + 12)
})

test('an address that a batch answers among its errors is asked about alone', async () => {
  const emails = list('among', 816)
  const odd = emails[1]!
  zerobounce.batchErrors.set(odd, 'Invalid email')
  const singles = zerobounce.calls('/v2/validate')
  expect((await withoutPauses(() => verify('zerobounce', emails))).said).toEqual(both(816))
  expect(zerobounce.calls('/v2/validate')).toBe(singles + 1)
  expect(paidFor(zerobounce, emails)).toEqual(once(emails))
})

test('batches of ZeroBounce are five a minute, and one that is refused is the last', async () => {
  const sent = zerobounce.calls('/v2/validatebatch')
  await sql`delete from service_paces`.execute(db)
  zerobounce.meets('notFound', { times: Infinity })
  await expect(verify('zerobounce', list('refused', 816), { atOnce: 1 })).rejects.toMatchObject({
    code: 'SERVICE_REFUSED',
  })
  zerobounce.recovers()
  expect(zerobounce.calls('/v2/validatebatch')).toBe(sent + 1)
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from next_at - now())::float8 as seconds from service_paces where account like '%batches'`.execute(
    db,
  )
  expect(rows[0]!.seconds).toBeGreaterThan(6)
  expect(rows[0]!.seconds).toBeLessThanOrEqual(12)
})

test('what is on the list twice goes into a batch once', async () => {
  const emails = list('twice')
  const { said, counts } = await verify('neverbounce', [...emails, ...emails.map((email) => email.toUpperCase())])
  expect(said).toEqual(both(120))
  expect(counts).toMatchObject({ total: 240, succeeded: 120, skipped: 120 })
  const sent = neverbounce.requests.flatMap(({ path, body }) =>
    path.endsWith('/jobs/create') ? (body as { input: { email: string }[] }).input.map(({ email }) => email) : [],
  )
  expect(sent.filter((email) => email.endsWith('@twice.com')).sort()).toEqual(emails.toSorted())
})

test('a batch is sent again after a pause that the service asks for', async () => {
  mailsso.meets('throttled', { path: '/batch' })
  const emails = list('throttled')
  const { said, laters } = await verify('mailsso', emails)
  expect(said).toEqual(both(120))
  expect(laters).toContainEqual(expect.stringContaining('mails.so: asked to go slower'))
  expect(paidFor(mailsso, emails)).toEqual(once(emails))
})

test('a key that is refused ends the job', async () => {
  mailsso.meets('wrongKey', { path: '/batch' })
  await expect(verify('mailsso', list('wrongkey'), { atOnce: 1 })).rejects.toMatchObject({
    code: 'SERVICE_KEY_REFUSED',
  })
})

test('runs that die between any two steps pay for nothing twice, and a batch is sent once', async () => {
  const emails = list('dies')
  let deaths = 0
  const sent = mailsso.calls('/batch')
  mailsso.batches.pollsUntilDone = 2
  const { said } = await verify('mailsso', emails, { dies: () => deaths++ % 3 === 0 && deaths < 40 })
  expect(said).toEqual(both(120))
  expect(paidFor(mailsso, emails)).toEqual(once(emails))
  expect(mailsso.calls('/batch')).toBe(sent + 8)
})

test('two jobs over one list make each batch once', async () => {
  const emails = list('both')
  mailsso.batches.pollsUntilDone = 3
  const jobs = await Promise.all([
    verify('mailsso', emails, { atOnce: 4 }),
    verify('mailsso', emails.toReversed(), { atOnce: 4 }),
  ])
  for (const { said } of jobs) expect(said).toEqual(both(120))
  expect(paidFor(mailsso, emails)).toEqual(once(emails))
})

test.each([
  ['after it was answered', false],
  ['while it is on its way', true],
])('a batch that a pause finds on its way is paid for once, whether the job goes on %s', async (_when, atOnce) => {
  const emails = list(`paused-${atOnce}`, 816)
  const sent = zerobounce.calls('/v2/validatebatch')
  const stop = new AbortController()
  // Charged when it comes in; longer than a pause would wait for it.
  zerobounce.delayMs = 2_500
  const running = withoutPauses(() => verify('zerobounce', emails, { signal: stop.signal, atOnce: 1 }))
  await vi.waitFor(() => expect(zerobounce.calls('/v2/validatebatch')).toBe(sent + 1), { timeout: 10_000 })
  stop.abort('stopped')
  const paused = await running
  expect(await batchesLeft(emails)).toEqual({ SENDING: 1 })
  zerobounce.delayMs = 0
  if (!atOnce) {
    await Promise.all(paused.leftBehind)
    expect(await batchesLeft(emails)).toEqual({ DONE: 1 })
  }
  const { said } = await withoutPauses(() => verify('zerobounce', emails, { resume: paused }))
  expect(said).toEqual(both(816))
  expect(paidFor(zerobounce, emails)).toEqual(once(emails))
  expect(zerobounce.calls('/v2/validatebatch')).toBe(sent + 8)
  expect(await batchesLeft(emails)).toEqual({})
})

test('a batch whose answer is long is read all the same', async () => {
  const emails = list('wordy')
  const singles = reacher.calls('/v1/check_email')
  // A shard's fifteen come to 1.5 MB.
  for (const address of emails) reacher.plan(address, { fields: { debug: 'said '.repeat(20_000) } })
  expect((await verify('reacher', emails)).said).toEqual(both(120))
  expect(reacher.calls('/v1/check_email')).toBe(singles)
})

test('a batch whose answer is beyond all measure is given up at once, and costs one address its verdict', async () => {
  const emails = list('endless', 12 * 8)
  reacher.plan(emails[0]!, { outcome: 'valid', fields: { debug: 'x'.repeat(51_000_000) } })
  const singles = reacher.calls('/v1/check_email')
  const { said, laters } = await verify('reacher', emails)
  expect(said).toEqual({
    'UNKNOWN inconclusive, failed': 1,
    'VALID mailbox_accepted': 64,
    'INVALID mailbox_not_found': 31,
  })
  // The eleven others, and four tries for that one.
  expect(reacher.calls('/v1/check_email')).toBe(singles + 11 + 4)
  expect(laters.filter((why) => why === 'Reacher works on a batch').length).toBeLessThan(40)
})

test.each([
  ['sent', '/batch', { sent: 8 }],
  ['asked for', undefined, { sent: 0 }],
])('a service that says 429 for as long as a batch is %s costs nothing but time', async (_when, path, more) => {
  const emails = list(`forever${more.sent}`)
  mailsso.batches.pollsUntilDone = 1
  const singles = mailsso.calls('/validate')
  const done = verify('mailsso', emails)
  if (!path)
    await vi.waitFor(async () => expect(await batchesLeft(emails)).toEqual({ RUNNING: 8 }), { timeout: 10_000 })
  mailsso.meets('throttled', { times: Infinity, ...(path && { path }) })
  const refused = mailsso.requests.length
  await vi.waitFor(() => expect(mailsso.requests.length).toBeGreaterThan(refused + 30), { timeout: 30_000 })
  mailsso.recovers()
  const { said, laters, counts } = await done
  expect(said).toEqual(both(120))
  expect(counts).toMatchObject({ succeeded: 120, failed: 0 })
  expect(laters).toContainEqual(expect.stringContaining('mails.so: asked to go slower'))
  expect(paidFor(mailsso, emails)).toEqual(once(emails))
  expect(mailsso.calls('/validate')).toBe(singles)
})

test('an address that is suppressed while a batch with it is worked on gets no verdict, and the others do', async () => {
  const emails = list('midway')
  const gone = emails[40]!
  mailsso.batches.pollsUntilDone = 3
  const done = verify('mailsso', emails)
  await vi.waitFor(async () => expect(await batchesLeft(emails)).toEqual({ RUNNING: 8 }), { timeout: 10_000 })
  await addSuppressions(db, [gone], { reason: 'asked not to', source: 'PERSON' })
  const { said, counts, jobId } = await done
  expect(said).toEqual({ 'VALID mailbox_accepted': 79, 'INVALID mailbox_not_found': 40 })
  expect(counts).toMatchObject({ total: 120, succeeded: 119, failed: 0, skipped: 1 })
  const { rows } = await sql`select from job_verifications where job_id = ${jobId} and address = ${gone}`.execute(db)
  expect(rows).toHaveLength(0)
  // The input of the job stays until the job is deleted.
  expect(await tablesWith(db, gone)).toEqual(['jobs', 'suppressions'])
})
