import { sql } from 'kysely'
import { beforeEach, expect, test, vi } from 'vitest'

import { removeSuppression } from '../../../db/suppressions.ts'
import { serviceBench } from '../../../test/support/service-bench.ts'
import { type Service, serviceNames } from '../../engines/verify/terms.ts'

// What services do instead of answering, each in its own words, and how they want to be asked.

const { db, fakes, verify, mailsso, hunter, zerobounce, neverbounce, reacher } = await serviceBench()
beforeEach(async () => {
  for (const fake of Object.values(fakes)) fake.recovers()
  // The clock of one test says nothing to the next.
  await sql`delete from service_paces`.execute(db)
})

const singles = {
  mailsso: '/validate',
  hunter: '/email-verifier',
  zerobounce: '/v2/validate',
  neverbounce: '/single/check',
  reacher: '/v1/check_email',
} as const satisfies Record<Service, string>

const meets = (service: Service, trouble: string, times: number, path: string = singles[service]) =>
  fakes[service].meets(trouble as never, { times, path })

test.each<[service: Service, trouble: string, why: string]>([
  ['hunter', 'throttled', 'asked to go slower'],
  ['hunter', 'outOfQuota', 'paid calls are used up'],
  ['mailsso', 'throttled', 'asked to go slower'],
  ['mailsso', 'outOfQuota', 'paid calls are used up'],
  ['zerobounce', 'throttled', 'asked to go slower'],
  ['zerobounce', 'shield', 'asked to go slower'],
  ['neverbounce', 'throttled', 'asked to go slower'],
  ['neverbounce', 'outOfQuota', 'paid calls are used up'],
  ['reacher', 'throttled', 'asked to go slower'],
])('%s says %s for ever: nobody is given up, and the job goes on when it is over', async (service, trouble, why) => {
  const address = `valid@${trouble.toLowerCase()}.${service}.com`
  const before = fakes[service].calls(singles[service])
  meets(service, trouble, Infinity)
  const done = verify(service, [address])
  await vi.waitFor(() => expect(fakes[service].calls(singles[service])).toBeGreaterThan(before + 8), {
    timeout: 20_000,
  })
  fakes[service].recovers()
  const { said, laters, counts } = await done
  expect(said).toEqual({ [address]: 'VALID mailbox_accepted' })
  expect(counts).toMatchObject({ succeeded: 1, failed: 0 })
  expect(laters[0]).toContain(`${serviceNames[service]}: ${why}`)
  expect(fakes[service].paid.get(address)).toBe(1)
})

test.each<[service: Service, trouble: string, code: string]>([
  ['hunter', 'wrongKey', 'SERVICE_KEY_REFUSED'],
  ['mailsso', 'wrongKey', 'SERVICE_KEY_REFUSED'],
  ['zerobounce', 'wrongKey', 'SERVICE_KEY_REFUSED'],
  ['neverbounce', 'wrongKey', 'SERVICE_KEY_REFUSED'],
  ['neverbounce', 'badReferrer', 'SERVICE_KEY_REFUSED'],
  ['reacher', 'wrongKey', 'SERVICE_KEY_REFUSED'],
  ['zerobounce', 'notFound', 'SERVICE_REFUSED'],
])('%s says %s: the job ends, after one round of calls', async (service, trouble, code) => {
  const before = fakes[service].requests.length
  meets(service, trouble, Infinity)
  const emails = Array.from({ length: 40 }, (_, i) => `valid${i}@${trouble.toLowerCase()}.${service}.com`)
  await expect(verify(service, emails)).rejects.toMatchObject({ code })
  expect(fakes[service].requests.length - before).toBeLessThanOrEqual(5)
})

test(
  'what may be over the next time costs no verdict, and for ever that of the address alone',
  { timeout: 60_000 },
  async () => {
    const common = ['serverError', 'html', 'halfJson', 'hangUp']
    const troubles = {
      mailsso: common,
      hunter: ['misbehaved', ...common],
      zerobounce: common,
      neverbounce: ['temporary', ...common],
      reacher: common,
    } satisfies Record<Service, string[]>
    await Promise.all(
      (Object.keys(fakes) as Service[]).map(async (service) => {
        const expected: Record<string, string> = { [`invalid@fine.${service}.com`]: 'INVALID mailbox_not_found' }
        for (const trouble of troubles[service]) {
          const [once, forEver] = [`valid@${trouble}.${service}.com`, `valid@for-ever.${trouble}.${service}.com`].map(
            (address) => address.toLowerCase(),
          ) as [string, string]
          fakes[service].plan(once, { trouble: trouble as never, times: 1 })
          fakes[service].plan(forEver, { trouble: trouble as never })
          expected[once] = 'VALID mailbox_accepted'
          expected[forEver] = 'UNKNOWN inconclusive, failed'
        }
        const { said, findings, counts } = await verify(service, Object.keys(expected), { atOnce: 8 })
        expect(said).toEqual(expected)
        const count = troubles[service].length
        expect(counts).toMatchObject({ succeeded: count + 1, failed: count })
        expect(findings).toHaveLength(count)
        for (const finding of findings)
          expect(finding).toMatchObject({
            category: 'provider',
            item: expect.stringContaining('for-ever'),
            message: expect.stringContaining(serviceNames[service]),
          })
      }),
    )
  },
)

test.each<[service: Service, trouble: string]>([
  ['hunter', 'badRequest'],
  ['hunter', 'notFound'],
  ['hunter', 'unprocessable'],
  ['mailsso', 'badRequest'],
])('%s says %s of an address: it is not asked about once more', async (service, trouble) => {
  const address = `valid@${trouble.toLowerCase()}.${service}.com`
  meets(service, trouble, 1)
  const before = fakes[service].calls(singles[service])
  expect((await verify(service, [address])).said).toEqual({ [address]: 'UNKNOWN inconclusive, failed' })
  expect(fakes[service].calls(singles[service])).toBe(before + 1)
})

test('Hunter works on it: the very same is asked again, and counted once', async () => {
  hunter.plan('valid@inprogress.com', { outcome: 'valid', trouble: 'inProgress', times: 1 })
  const { said, laters } = await verify('hunter', ['valid@inprogress.com'])
  expect(said).toEqual({ 'valid@inprogress.com': 'VALID mailbox_accepted' })
  expect(laters).toHaveLength(1)
  const asked = hunter.requests.filter(({ query }) => query['email'] === 'valid@inprogress.com')
  expect(asked.map(({ path, query }) => [path, query])).toEqual(
    Array.from({ length: 2 }, () => ['/v2/email-verifier', { email: 'valid@inprogress.com' }]),
  )
  expect(hunter.paid.get('valid@inprogress.com')).toBe(1)
})

test('Hunter works on it for ever: after a minute it is asked no more', async () => {
  const address = 'valid@for-ever.inprogress.com'
  hunter.plan(address, { outcome: 'valid', trouble: 'inProgress' })
  const { said, findings } = await verify('hunter', [address], {
    // As if it had been asked a dozen times.
    onStep: (_step, { jobId }) =>
      void sql`
        insert into service_calls (service, address, job_id, state, worker_id, ended_at)
        select 'hunter', ${address}, ${jobId}, 'PENDING', 'a worker', now() - interval '1 minute' from generate_series(1, 12)
        where not exists (select from service_calls where job_id = ${jobId})`.execute(db),
  })
  expect(said).toEqual({ [address]: 'UNKNOWN inconclusive, failed' })
  expect(findings[0]!.message).toBe('Hunter: it still works on it')
  expect(hunter.requests.filter(({ query }) => query['email'] === address)).toHaveLength(1)
})

test("Hunter's plan is used up: nothing is asked before the day of its reset", async () => {
  const days = 9
  hunter.account.resetDate = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  meets('hunter', 'outOfQuota', 1)
  const { said, aheadMs } = await verify('hunter', ['valid@reset.com'])
  expect(said).toEqual({ 'valid@reset.com': 'VALID mailbox_accepted' })
  expect(aheadMs).toBeGreaterThan((days - 1) * 86_400_000)
  expect(aheadMs).toBeLessThanOrEqual(days * 86_400_000)
})

test("Hunter's plan is used up on the day of its reset: nobody asks again at once", async () => {
  hunter.account.resetDate = new Date(Date.now() - 3_600_000).toISOString().slice(0, 10)
  meets('hunter', 'outOfQuota', 1)
  const { said, aheadMs } = await verify('hunter', ['valid@reset-day.com'])
  expect(said).toEqual({ 'valid@reset-day.com': 'VALID mailbox_accepted' })
  expect(aheadMs).toBeGreaterThan(1_800_000)
})

test('who objected at one service is asked about at none, however anew, nor when taken from the list of suppressions', async () => {
  const address = 'valid@objected.com'
  expect((await verify('reacher', [address])).said).toEqual({ [address]: 'VALID mailbox_accepted' })
  meets('hunter', 'objected', 1)
  expect((await verify('hunter', [address])).said).toEqual({ [address]: 'RISKY legal_refusal' })
  expect(await removeSuppression(db, address, { reason: 'a mistake', by: 'local' })).toBe(true)
  const asked = () => Object.values(fakes).reduce((sum, { requests }) => sum + requests.length, 0)
  const before = asked()
  for (const service of Object.keys(fakes) as Service[])
    for (const input of [{}, { force: true }, { maxAgeDays: 0 }])
      expect(
        (await verify(service, [], { input: { emails: [address], service, fromKnown: false, force: false, ...input } }))
          .said,
      ).toEqual({ [address]: 'RISKY legal_refusal' })
  const builtin = { emails: [address], service: 'builtin' as const, fromKnown: false, force: false }
  expect((await verify('hunter', [], { input: builtin })).said).toEqual({ [address]: 'RISKY legal_refusal' })
  expect(asked()).toBe(before)
})

test.each<[service: Service, trouble: string, form: 'seconds' | 'date' | 'century', why: string, pauseMs: number]>([
  ['reacher', 'throttled', 'seconds', 'asked to go slower', 7_200_000],
  ['reacher', 'serverError', 'seconds', 'asked to go slower', 7_200_000],
  ['reacher', 'throttled', 'date', 'asked to go slower', 7_200_000],
  // As if it had said a day.
  ['reacher', 'throttled', 'century', 'asked to go slower', 86_400_000],
  ['mailsso', 'outOfQuota', 'century', 'paid calls are used up', 86_400_000],
])('%s says %s with a Retry-After (%s): %s, nobody calls for %i ms', async (service, trouble, form, why, pauseMs) => {
  const address = `valid@${trouble.toLowerCase()}-${form}.${service}.com`
  const inTwoHours = new Date(Date.now() + 7_200_000).toUTCString()
  const after = { seconds: '7200', date: inTwoHours, century: '3155760000' }[form]
  fakes[service].meets(trouble as never, { path: singles[service], headers: { 'retry-after': after } })
  const { said, laters, aheadMs } = await verify(service, [address])
  expect(said).toEqual({ [address]: 'VALID mailbox_accepted' })
  expect(laters[0]).toContain(`${serviceNames[service]}: ${why}`)
  expect(aheadMs).toBeGreaterThan(pauseMs - 100_000)
  expect(aheadMs).toBeLessThan(pauseMs + 100_000)
})

test('Hunter is asked no faster than its verifier takes it: 300 a minute', async () => {
  const emails = Array.from({ length: 12 }, (_, i) => `valid${i}@paced.com`)
  await verify('hunter', emails, { atOnce: 8 })
  const times = hunter.requests.filter(({ query }) => query['email']?.endsWith('@paced.com')).map(({ atMs }) => atMs)
  expect(times).toHaveLength(12)
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(11 * 200 - 100)
})

test('keys are where each service wants them, in no URL where there is another place', async () => {
  for (const service of Object.keys(fakes) as Service[]) await verify(service, [`valid@key.${service}.com`])
  const places = (Object.keys(fakes) as Service[]).map((service) => {
    const { key, requests } = fakes[service]
    const { query, headers, body } = requests.at(-1)!
    const holding = { query, headers, body: body as object | undefined }
    return [
      service,
      Object.entries(holding).flatMap(([place, fields]) =>
        Object.entries(fields ?? {}).flatMap(([name, value]) => (value === key ? [`${place} ${name}`] : [])),
      ),
    ]
  })
  expect(Object.fromEntries(places)).toEqual({
    mailsso: ['headers x-mails-api-key'],
    hunter: ['headers x-api-key'],
    zerobounce: ['query api_key'],
    neverbounce: ['body key'],
    reacher: ['headers x-reacher-secret'],
  })
})

test.each(Object.keys(singles) as Service[])('what %s said is kept word by word as evidence', async (service) => {
  const address = `valid@raw.${service}.com`
  // An open set: a field that nobody knows.
  fakes[service].plan(address, { outcome: 'valid', fields: { brand_new: `a field of ${service}` } })
  await verify(service, [address])
  const { rows } = await sql<{ raw: unknown }>`
    select evidence #> '{service,raw}' as raw from verdicts where address = ${address}`.execute(db)
  expect(JSON.stringify(rows[0]!.raw)).toContain(`a field of ${service}`)
})

test.each<[part: 'misc' | 'mx' | 'smtp', said: string]>([
  ['misc', 'VALID mailbox_accepted'],
  ['mx', 'VALID mailbox_accepted'],
  ['smtp', 'UNKNOWN inconclusive'],
])('Reacher could not find out %s: the other parts count', async (part, said) => {
  const address = `valid@${part}.com`
  reacher.failedParts.set(address, [part])
  expect((await verify('reacher', [address])).said).toEqual({ [address]: said })
})

test('a plus stays a plus, and what is twice on the list is sent once', async () => {
  const address = 'valid+tag@plus.com'
  expect((await verify('neverbounce', [address, address.toUpperCase(), address])).said).toEqual({
    [address]: 'VALID mailbox_accepted',
  })
  expect(neverbounce.paid.get(address)).toBe(1)
})

test('the words of Mails.so tell a plan that is used up from a key that is wrong', async () => {
  meets('mailsso', 'outOfQuota', 1)
  const { said } = await verify('mailsso', ['valid@words.com'])
  expect(said).toEqual({ 'valid@words.com': 'VALID mailbox_accepted' })
  expect(mailsso.calls('/validate')).toBeGreaterThan(1)
})

test('a catch-all is one in both shapes of ZeroBounce', async () => {
  zerobounce.plan('valid@shape.com', { fields: { status: 'catch-all', sub_status: '' } })
  const { said } = await verify('zerobounce', ['valid@shape.com', 'catchall@shapes.com'])
  expect(said).toEqual({ 'valid@shape.com': 'RISKY catch_all', 'catchall@shapes.com': 'RISKY catch_all' })
  // A fact about the domain, for whoever asks about others there.
  const { rows } = await sql`
    select domain, catch_all as "catchAll" from domain_facts where domain in ('shape.com', 'shapes.com') order by 1`.execute(
    db,
  )
  expect(rows).toEqual([
    { domain: 'shape.com', catchAll: true },
    { domain: 'shapes.com', catchAll: true },
  ])
})
