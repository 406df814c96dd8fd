import { sql } from 'kysely'
import { afterAll, expect, onTestFinished, test } from 'vitest'

import { openCopyOut } from '../../db/copy-out.ts'
import { addSuppressions, beginForgetting, suppressedAmong } from '../../db/suppressions.ts'
import { crawlBench, html } from '../../test/support/crawl-bench.ts'
import { driveKind } from '../../test/support/drive-kind.ts'
import { testBlobs, until } from '../../test/support/engine.ts'
import { addAddresses, addEvents, addJob, addPages } from '../../test/support/rows.ts'
import { tablesWith } from '../../test/support/whole-database.ts'
import { verifyEmails } from '../verify-emails/job.ts'
import { finishForgetting, forgetAddress } from './forget.ts'

const { db, url, crawl, site, outgoing } = await crawlBench()
const copyOut = openCopyOut(url, db)
afterAll(() => copyOut.close())
const stores = { db, copyOut, blobs: testBlobs(url) }
let group = 1

/** A job that mentions an address wherever one can stand. */
async function mentionEverywhere(address: string): Promise<number> {
  const jobId = await addJob(db, {
    title: `about ${address}`,
    input: { emails: [address], note: `ask "${address}", then` },
  })
  const encoded = address.replace('@', '%40').toUpperCase()
  await addAddresses(db, jobId, { seq: 1, groupId: group++ }, [
    { address, sources: [`https://example.com/?to=${encoded}&x=1`] },
    { address: 'neighbour@example.org', personName: `Beside <${address}>.` },
  ])
  await sql`update jobs set results = 2, summary = ${JSON.stringify({ first: address })} where id = ${jobId}`.execute(
    db,
  )
  await sql`update sightings set reasons = array[${address}, 'b'] where address = 'neighbour@example.org'`.execute(db)
  await sql`insert into crawl_addresses (job_id, domain, address) values (${jobId}, 'example.com', ${address})`.execute(
    db,
  )
  await addPages(db, jobId, [{ url: `https://example.com/mailto:${address}` }])
  await sql`update pages set error_message = ${`no ${address}!`}, error_details = ${JSON.stringify({ [address]: [address] })} where job_id = ${jobId}`.execute(
    db,
  )
  await sql`insert into page_links (job_id, url_key, links) values (${jobId}, gen_random_uuid(), ${`1 https://example.com/u/${address}/x`})`.execute(
    db,
  )
  await addEvents(db, jobId, [{ type: 'finding', data: { item: address, message: `${address} is gone` } }])
  await sql`insert into job_shards (job_id, key, checkpoint) values (${jobId}, 'main', ${JSON.stringify({ at: address })})`.execute(
    db,
  )
  await sql`insert into robots (origin, body, fetched_at, expires_at) values (${`https://h${group}.example`}, ${Buffer.from(`# ask ${address}\n`)}, now(), now())`.execute(
    db,
  )
  return jobId
}

test.each([
  'ada@lovelace.example',
  "o'hara+list@b.example",
  '"a b\\"c"@q.example',
  'ädä@xn--mller-kva.example',
  'a.b$c@d.example',
])('%s is forgotten everywhere, and a hash is what is left', async (address) => {
  const jobId = await mentionEverywhere(address)
  expect((await tablesWith(db, address)).length).toBeGreaterThan(4)
  expect(await forgetAddress(stores, address, 'request 7')).toEqual({ rows: 4, texts: 12 })
  expect(await tablesWith(db, address)).toEqual([])
  expect(await tablesWith(db, address.replace('@', '%40'))).toEqual([])
  const left = await sql`
      select j.title, j.input, j.results, (select string_agg(url, ' ') from pages p where p.job_id = j.id) as url,
        (select array_agg(address) from job_addresses a where a.job_id = j.id) as addresses from jobs j where id = ${jobId}`.execute(
    db,
  )
  expect(left.rows).toEqual([
    {
      title: 'about [forgotten]',
      input: { emails: ['[forgotten]'], note: 'ask "[forgotten]", then' },
      results: 1,
      url: 'https://example.com/mailto:[forgotten]',
      addresses: ['neighbour@example.org'],
    },
  ])
  const kept = await db.transaction().execute((trx) => suppressedAmong(trx, [address, 'other@x.example']))
  expect([...kept]).toEqual([address])
  await sql`truncate jobs, robots, addresses, sightings cascade`.execute(db)
})

test('an address is forgotten however its domain is written', async () => {
  const address = 'ädä@xn--mller-kva.example'
  const jobId = await addJob(db, {
    input: { emails: ['ÄDÄ@Müller.example', 'ädä@müller.example.org'] },
    title: 'ädä@müller.example and 1 more',
  })
  await sql`
    insert into verify_items (job_id, position, domain, address, given, cells) values
      (${jobId}, 0, 'xn--mller-kva.example', ${address}, 'ÄDÄ@Müller.example', '["ÄDÄ@Müller.example", "a note"]'),
      (${jobId}, 1, 'xn--mller-kva.example', ${address}, '"ädä"@müller。example', '["\\"ädä\\"@müller。example", "x"]')`.execute(
    db,
  )
  await addPages(db, jobId, [{ url: 'https://example.com/?to=%C3%A4d%C3%A4%40m%C3%BCller.example' }])
  await forgetAddress(stores, address, 'request 7')
  const { rows } = await sql`
    select j.title, j.input, (select url from pages p where p.job_id = j.id) as url,
      (select json_agg(array[i.domain, i.address, i.given, i.cells::text] order by position) from verify_items i where i.job_id = j.id) as items
    from jobs j where id = ${jobId}`.execute(db)
  expect(rows).toEqual([
    {
      title: '[forgotten] and 1 more',
      input: { emails: ['[forgotten]', 'ädä@müller.example.org'] },
      url: 'https://example.com/?to=[forgotten]',
      items: [
        ['', null, '[forgotten]', '["[forgotten]", "a note"]'],
        ['', null, '[forgotten]', '["[forgotten]", "x"]'],
      ],
    },
  ])
  await sql`truncate jobs, robots, addresses, verify_items cascade`.execute(db)
})

test('addresses that only look alike are left alone', async () => {
  const others = [
    'xada@a.example',
    'x.ada@a.example',
    'ada@a.example.org',
    'ada@a.example-b.org',
    'ada+x@a.example',
    'ada@b.example',
    'adaqa.example',
  ]
  const jobId = await addJob(db, { input: { list: others.join(' '), ada: 'ada@a.example. Next' } })
  await addAddresses(
    db,
    jobId,
    { seq: 1, groupId: group++ },
    others.slice(0, -1).map((address) => ({ address })),
  )
  await forgetAddress(stores, 'ada@a.example', 'request 8')
  const { rows } = await sql<{ input: object; n: number }>`
    select input, (select count(*) from job_addresses where job_id = ${jobId}) as n from jobs where id = ${jobId}`.execute(
    db,
  )
  expect(rows[0]).toEqual({ input: { list: others.join(' '), ada: '[forgotten]. Next' }, n: others.length - 1 })
})

test('what a crash has left is done by the next worker, and by one alone', async () => {
  const address = 'grace@hopper.example'
  await mentionEverywhere(address)
  await beginForgetting(db, address, 'request 9')
  await Promise.all([finishForgetting(stores), finishForgetting(stores), finishForgetting(stores)])
  expect(await tablesWith(db, address)).toEqual([])
  await finishForgetting(stores)
})

test('a step that had looked at the list before is waited for', async () => {
  const address = 'late@step.example'
  const jobId = await addJob(db)
  const looked = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  onTestFinished(() => goOn.resolve())
  const step = db.transaction().execute(async (trx) => {
    expect((await suppressedAmong(trx, [address])).size).toBe(0)
    looked.resolve()
    await goOn.promise
    await addAddresses(trx, jobId, { seq: 1, groupId: group++ }, [{ address }])
  })
  await looked.promise
  let done = false
  const forgetting = forgetAddress(stores, address, 'request 10').then(() => (done = true))
  await until('it waits', async () => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted`.execute(db)
    return rows[0]!.n === 1
  })
  expect(done).toBe(false)
  goOn.resolve()
  await step
  await forgetting
  expect(await tablesWith(db, address)).toEqual([])
  expect([...(await db.transaction().execute((trx) => suppressedAmong(trx, [address])))]).toEqual([address])
})

test('a crawl stores nothing of whom is on the list, not even beside others', { timeout: 60_000 }, async () => {
  const pages = {
    '/': html(
      '<p>Write to gone@works-here.com or kept@works-here.com today.</p><a href="mailto:hidden@works-here.com">Mail</a>',
    ),
  }
  const { url } = await site(pages)
  const before = await crawl({ startUrls: [url] })
  expect(before.addresses).toEqual(['gone@works-here.com', 'hidden@works-here.com', 'kept@works-here.com'])
  await forgetAddress(stores, 'gone@works-here.com', 'request 11')
  await addSuppressions(db, ['hidden@works-here.com'], { reason: 'asked not to', source: 'PERSON' })
  const after = await crawl({ startUrls: [url] })
  expect(after.addresses).toEqual(['kept@works-here.com'])
  expect(after.counts.results).toBe(1)
  const { rows } = await sql<{ snippet: string }>`
    select snippet from job_addresses where job_id = ${after.jobId}`.execute(db)
  expect(rows[0]!.snippet).toContain('[suppressed] or kept@works-here.com')
  expect(await tablesWith(db, 'gone@works-here.com')).toEqual([])
})

test('a verification skips whom is on the list, and goes on where that comes in the middle', async () => {
  const [kept, gone, late] = ['kept@a.example', 'gone@a.example', 'late@a.example']
  await forgetAddress(stores, gone, 'request 12')
  // On the list only once the verdicts are on their way.
  const kind: typeof verifyEmails = {
    ...verifyEmails,
    async save(trx, args, batches) {
      if (batches.some(({ found }) => found.length > 0))
        await addSuppressions(db, [late], { reason: 'asked not to', source: 'PERSON' })
      return verifyEmails.save(trx, args, batches)
    },
  }
  const input = verifyEmails.input.parse({ emails: [kept, gone, late, kept], depth: 'SYNTAX' })
  const drive = await driveKind(kind, { db, outgoing: outgoing([]), input })
  const { rows } = await sql<{ address: string | null; given: string | null }>`
    select address, given from verify_items where job_id = ${drive.jobId} order by position`.execute(db)
  expect(rows).toEqual([
    { address: kept, given: null },
    { address: null, given: '[suppressed]' },
    { address: null, given: '[suppressed]' },
    { address: kept, given: null },
  ])
  const { total, succeeded, failed, skipped } = drive.counts
  expect({ total, succeeded, failed, skipped }).toEqual({ total: 4, succeeded: 1, failed: 0, skipped: 3 })
  // What somebody gives to a job stays in its input.
  expect(await tablesWith(db, late)).toEqual(['jobs', 'suppressions'])
  expect(await tablesWith(db, gone)).toEqual(['jobs'])
})
