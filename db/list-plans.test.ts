import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { recordStatements } from '../test/support/statements.ts'
import { listAddressHistory } from './address-history.ts'
import { type JobAddressOrder, jobAddressOrders, listJobAddresses } from './address-list.ts'
import { eventsBehind, listEvents, oldestBehind } from './event-list.ts'
import { jobActivities } from './job-activity.ts'
import { jobOrders, jobsById, listJobs, unsettledJobIds } from './job-list.ts'
import {
  type KnownAddressOrder,
  knownAddressOrders,
  listKnownAddresses,
  summariseAddresses,
} from './known-addresses.ts'
import { listPages } from './page-list.ts'
import { listPageFolder } from './page-tree.ts'
import { resultsBehind } from './result-list.ts'
import { listSightings, sightingsOfOwner } from './sighting-list.ts'
import type { DB } from './types.ts'
import {
  bestVerdicts,
  evidenceOf,
  type JobVerificationOrder,
  jobVerificationOrders,
  listJobVerifications,
  verdictsOf,
} from './verification-list.ts'

// Every page of every list must cost the same, at whatever depth of whatever table: a page of 50 reads a few hundred rows at most.
const mostRowsRead = 700
const { db, pool } = await testDatabase()
let jobId: number

beforeAll(() =>
  db.connection().execute(async (db) => {
    // Foreign keys hold by construction; checking them would take most of the time.
    await sql`set session_replication_role = replica`.execute(db)
    await sql`insert into jobs (kind, state, title, owner, input, created_at)
    select 'relay', case when i % 100 = 0 then 'RUNNING' else 'COMPLETED' end, 'job ' || i, 'owner ' || i % 3, '{}',
      now() - make_interval(secs => i) from generate_series(1, 20000) i`.execute(db)
    jobId = 10_000
    await sql`insert into job_groups (job_id, step, group_id) select j, g, 100000 * j + 1000 - g
    from unnest(${[jobId, 1]}::bigint[]) j, generate_series(1, 1000) g`.execute(db)
    await sql`insert into addresses (address, domain) select 'a' || i || '@d' || i % 500 || '.example', 'd' || i % 500 || '.example'
    from generate_series(0, 39999) i`.execute(db)
    await sql`insert into job_addresses (job_id, address, domain, group_id, place, source_url, method, snippet, confidence, quality,
      reasons, worker_id, found_at)
    select j, 'a' || i || '@d' || i % 500 || '.example', 'd' || i % 500 || '.example', 100000 * j + 1 + i % 999, i / 999,
      'https://example.com/', 'text', 'snippet', (i % 5) / 5.0, 'medium', '{}', 'w', now()
    from unnest(${[jobId, 1]}::bigint[]) j, generate_series(0, 39999) i`.execute(db)
    await sql`insert into sightings (job_id, address, source_key, source_url, method, snippet, confidence, quality, reasons, worker_id,
      found_at)
    select ${jobId}, 'a' || i % 100 || '@d' || i % 100 || '.example', md5(i::text)::uuid, 'https://example.com/' || i, 'text',
      'snippet', 0.5, 'medium', '{}', 'w', now() from generate_series(0, 29999) i`.execute(db)
    await sql`insert into addresses (address, domain, first_seen_at)
    select 'k' || i || '@d' || i % 500 || '.example', 'd' || i % 500 || '.example', now() - make_interval(secs => i)
    from generate_series(0, 29999) i`.execute(db)
    await sql`insert into sightings (job_id, address, source_key, source_url, method, snippet, confidence, quality, reasons, worker_id,
      found_at)
    select 1, address, md5(address)::uuid, 'https://example.com/', 'text', 'snippet', 0.5, 'medium', '{}', 'w', now()
    from addresses`.execute(db)
    await sql`insert into pages (job_id, url_key, url, shard_key, domain, depth, priority)
    select 1, md5('small' || i)::uuid, 'https://small/' || i, 'small', 'small', 1, 1 from generate_series(1, 100) i`.execute(
      db,
    )
    await sql`insert into pages (job_id, url_key, url, shard_key, domain, depth, priority)
    select j, md5(i::text)::uuid, 'https://example.com/' || i, 'h', 'example.com', 1, 1
    from unnest(${[jobId, 1]}::bigint[]) j, generate_series(1, 25000) i`.execute(db)
    await sql`insert into page_reads (url_key, shard_key, job_id, read_at)
    select md5(i::text)::uuid, 'h', ${jobId}, now() from generate_series(0, 29999) i`.execute(db)
    await sql`insert into job_verifications (job_id, domain, address, position, group_id, place, status, reason, score, flags, depth, engine, checked_at, failed,
      from_store)
    select j, 'd' || i % 500 || '.example', 'a' || i || '@d' || i % 500 || '.example', i, 100000 * j + 1 + i % 999, i / 999,
      case when i % 1000 = 0 then 'INVALID' else 'UNKNOWN' end, 'syntax_ok', 30, '{}', 'DNS', 'builtin', now(), false, false
    from unnest(${[jobId, 1]}::bigint[]) j, generate_series(0, 39999) i`.execute(db)
    await sql`insert into verdicts (address, depth, engine, domain, status, reason, score, flags, evidence, checked_at, failed, tries, forced)
    select 'a' || i || '@d' || i % 500 || '.example', 'DNS', 'builtin', 'd' || i % 500 || '.example', 'UNKNOWN', 'domain_accepts_mail', 60, '{}', '{}',
      now(), false, 1, false from generate_series(0, 39999) i`.execute(db)
    await sql`insert into domain_facts (domain, route, asked_at, holds_until)
    select 'd' || i || '.example', '{}', now(), now() from generate_series(0, 19999) i`.execute(db)
    await sql`insert into domain_fact_history (domain, route, asked_at)
    select 'd' || i || '.example', '{}', now() from generate_series(0, 19999) i`.execute(db)
    await sql`insert into verdict_history (address, depth, engine, status, reason, score, flags, evidence, checked_at, failed, forced)
    select 'a' || i % 8000 || '@d' || i % 500 || '.example', 'DNS', 'builtin', 'UNKNOWN', 'domain_accepts_mail', 60, '{}', '{}', now() - make_interval(days => i / 8000),
      false, false from generate_series(0, 39999) i`.execute(db)
    await sql`insert into job_events (job_id, seq, type) select j, i, 'note'
    from unnest(${[jobId, 1]}::bigint[]) j, generate_series(1, 30000) i`.execute(db)
    await sql`insert into job_shards (job_id, key, state, wait_until)
    select j, 's' || i, case when i = 7 then 'RUNNING' else 'DONE' end, null
    from unnest(${[jobId, 1]}::bigint[]) j, generate_series(1, 20000) i`.execute(db)
    await sql`analyze`.execute(db)
    await sql`reset session_replication_role`.execute(db)
  }),
)

test.each(Object.keys(jobAddressOrders) as JobAddressOrder[])(
  'addresses by %s, first, deep and last pages',
  async (order) => {
    const list = (recorded: Kysely<DB>, page: object) =>
      listJobAddresses(recorded, jobId, {}, order, { limit: 50, backward: false, ...page })
    const deep = await list(db, { limit: 30_000 })
    const key = jobAddressOrders[order].keyOf(deep.rows.at(-1)!)
    await expectCheap((recorded) => list(recorded, {}))
    await expectCheap((recorded) => list(recorded, { after: key }))
    await expectCheap((recorded) => list(recorded, { before: key, backward: true }))
    await expectCheap((recorded) => list(recorded, { backward: true }))
  },
)

test('jobs of an owner, first and deep pages', async () => {
  const deep = await jobsOfOwner(db, { limit: 5_000 })
  await expectCheap((recorded) => jobsOfOwner(recorded, {}))
  await expectCheap((recorded) => jobsOfOwner(recorded, { after: jobOrders.CREATED_DESC.keyOf(deep.rows.at(-1)!) }))
})

test('events, pages and sightings, deep pages', async () => {
  await expectCheap((recorded) => listEvents(recorded, jobId, {}, { limit: 50, backward: false, after: [25_000] }))
  await expectCheap((recorded) => listEvents(recorded, jobId, {}, { limit: 50, backward: true }))
  const pages = await listPages(db, jobId, {}, { limit: 20_000, backward: false })
  await expectCheap((recorded) =>
    listPages(recorded, jobId, {}, { limit: 50, backward: false, after: [pages.rows.at(-1)!.id] }),
  )
  const addresses = ['a7@d7.example', 'a8@d8.example', 'a9@d9.example']
  await expectCheap((recorded) => listSightings(recorded, jobId, addresses, { limit: 50, backward: false }))
})

test.each(Object.keys(jobVerificationOrders) as JobVerificationOrder[])(
  'verifications by %s, first, deep and last pages',
  async (order) => {
    const list = (recorded: Kysely<DB>, page: object, filter = {}) =>
      listJobVerifications(recorded, jobId, filter, order, { limit: 50, backward: false, ...page })
    const deep = await list(db, { limit: 30_000 })
    const after = jobVerificationOrders[order].keyOf(deep.rows.at(-1)!)
    await expectCheap((recorded) => list(recorded, {}))
    await expectCheap((recorded) => list(recorded, { after }))
    await expectCheap((recorded) => list(recorded, { backward: true }))
    await expectCheap((recorded) => list(recorded, {}, { domain: 'd7.example' }))
  },
)

test('verifications of a rare status, in the order of the list', async () => {
  const page = { limit: 20, backward: false, after: [10_000] }
  await expectCheap((recorded) => listJobVerifications(recorded, jobId, { statuses: ['INVALID'] }, 'INPUT', page))
})

test('verdicts of an address, their evidence and the best of several', async () => {
  const addresses = ['a7@d7.example', 'a8@d8.example', 'a9@d9.example']
  const verdicts = await verdictsOf(db, addresses[0]!, 50)
  expect(verdicts).toHaveLength(6)
  await expectCheap((recorded) => verdictsOf(recorded, addresses[0]!, 50))
  await expectCheap((recorded) => evidenceOf(recorded, verdicts))
  await expectCheap((recorded) => bestVerdicts(recorded, addresses))
  await expectCheap((recorded) => sightingsOfOwner(recorded, 'owner 1', addresses[0]!, 50))
})

test.each(Object.keys(knownAddressOrders) as KnownAddressOrder[])(
  'addresses over all jobs by %s, first and deep pages',
  async (order) => {
    const list = (recorded: Kysely<DB>, page: object) =>
      listKnownAddresses(recorded, 'owner 1', {}, order, { limit: 50, backward: false, ...page })
    const deep = await list(db, { limit: 20_000 })
    const key = knownAddressOrders[order].keyOf(deep.rows.at(-1)!)
    await expectCheap((recorded) => list(recorded, {}))
    await expectCheap((recorded) => list(recorded, { after: key }))
  },
)

test('the history of an address and the pages of a host', async () => {
  await expectCheap((recorded) =>
    listAddressHistory(recorded, 'owner 1', 'a7@d7.example', { limit: 50, backward: false }),
  )
  await expectCheap((recorded) => summariseAddresses(recorded, 'owner 1', ['k7@d7.example', 'k8@d8.example']))
  await expectCheap((recorded) => listPageFolder(recorded, 1, {}, { host: 'small', path: '/' }))
})

test('what live events read at every tick', async () => {
  await expectCheap((recorded) => jobsById(recorded, [jobId, 1, 2, 3]))
  await expectCheap((recorded) =>
    eventsBehind(
      recorded,
      [
        { jobId, after: 29_990 },
        { jobId: 1, after: 29_990 },
      ],
      500,
    ),
  )
  await expectCheap((recorded) => oldestBehind(recorded, jobId, 10))
  await expectCheap((recorded) => resultsBehind(recorded, jobId, { after: [990, 0, 0], upToStep: 1_000, limit: 50 }))
  await expectCheap((recorded) => jobActivities(recorded, [jobId, 1]))
  await expectCheap((recorded) => unsettledJobIds(recorded, 19_999))
})

function jobsOfOwner(recorded: Kysely<DB>, page: object) {
  return listJobs(recorded, 'owner 1', {}, 'CREATED_DESC', { limit: 50, backward: false, ...page })
}

/** Runs a read with its statements explained: no sequential scan, and few rows read. */
async function expectCheap(read: (recorded: Kysely<DB>) => Promise<unknown>) {
  const { db: recorded, statements } = recordStatements(pool)
  await read(recorded)
  expect(statements.length).toBeGreaterThan(0)
  for (const query of statements) {
    const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, timing off, format json) ${query.sql}`,
      [...query.parameters],
    )
    const nodes = flatten(rows[0]!['QUERY PLAN'][0].Plan)
    const scans = nodes.filter((node) => node['Relation Name'] !== undefined)
    const told = `${query.sql}\n${JSON.stringify(rows[0]!['QUERY PLAN'][0].Plan, null, 1)}`
    expect(
      scans.filter((node) => node['Node Type'] === 'Seq Scan' && !smallTables.has(node['Relation Name']!)),
      told,
    ).toEqual([])
    const read = scans.reduce((sum, node) => sum + rowsRead(node), 0)
    expect(read, told).toBeLessThan(mostRowsRead)
  }
}

const smallTables = new Set(['job_workers', 'workers'])

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

function rowsRead(node: PlanNode): number {
  return (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
