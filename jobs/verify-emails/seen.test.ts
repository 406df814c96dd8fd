import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'

import { startDns } from '../../test/support/dns.ts'
import { driveKind } from '../../test/support/drive-kind.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { addAddresses, addJob } from '../../test/support/rows.ts'
import { createOutgoing } from '../outgoing.ts'
import { verifyEmails } from './job.ts'

// What the score makes of where jobs have met an address.

const { db } = await testDatabase()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
const dns = await startDns({
  otherwise: (name) => (name.startsWith('mx.') ? { a: ['198.20.1.1'] } : { mx: [[10, 'mx.hosting.com']] }),
})
afterAll(async () => {
  await outgoing.close()
  await dns.close()
})

test('points for the own site, further sources and the name, and fewer for what was not seen for a year', async () => {
  const crawl = await addJob(db, { state: 'COMPLETED' })
  const own = 'https://www.firm.com/team'
  await addAddresses(db, crawl, { seq: 1, groupId: 1 }, [
    { address: 'one@firm.com', sources: ['https://elsewhere.com/'] },
    { address: 'still@firm.com', sources: [own] },
    { address: 'gone@firm.com', sources: ['https://www.firm.com/old'] },
    { address: 'three@firm.com', sources: ['https://a.com/', 'https://b.com/', 'https://c.com/'] },
    { address: 'many@firm.com', sources: Array.from({ length: 20 }, (_, i) => `https://s${i}.com/`) },
    { address: 'ada.lovelace@firm.com', personName: 'Ada Lovelace', sources: ['https://a.com/'] },
    { address: 'old@firm.com', sources: ['https://a.com/'] },
  ])
  // The page was read last by a job that has met the one there, and by a later one that has not met the other.
  const later = await addJob(db, { state: 'COMPLETED' })
  await sql`insert into page_reads (url_key, shard_key, job_id, read_at) values
    (md5(${own})::uuid, 'h', ${crawl}, now()), (md5('https://www.firm.com/old')::uuid, 'h', ${later}, now())`.execute(
    db,
  )
  await sql`update sightings set found_at = now() - interval '400 days' where address = 'old@firm.com'`.execute(db)
  const emails = ['never', 'one', 'still', 'gone', 'three', 'many', 'ada.lovelace', 'old'].map(
    (name) => `${name}@firm.com`,
  )
  const { jobId } = await driveKind(verifyEmails, {
    db,
    outgoing,
    settings: { dnsServers: [dns.server] },
    input: { emails, depth: 'DNS', service: 'builtin', fromKnown: false, force: false },
  })
  const { rows } = await sql<{ name: string; score: number }>`
    select split_part(address, '@', 1) as name, score from job_verifications where job_id = ${jobId} order by position`.execute(
    db,
  )
  expect(Object.fromEntries(rows.map(({ name, score }) => [name, score]))).toEqual({
    never: 60,
    one: 60,
    still: 70,
    gone: 60,
    three: 66,
    many: 69,
    'ada.lovelace': 65,
    old: 50,
  })
  const { rows: kept } = await sql<{ seen: object }>`
    select evidence -> 'seen' as seen from verdicts where address = 'still@firm.com'`.execute(db)
  expect(kept[0]!.seen).toMatchObject({ ownSite: true, stillOnPage: true, sources: 1 })
})
