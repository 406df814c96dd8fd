import { type Kysely, sql } from 'kysely'

import type { DB } from '../../../db/types.ts'

export interface Sizes {
  results: number
  pages: number
}

/**
 * A job as a large crawl leaves it: results over 5,000 domains, pages over 200 hosts, of which one has a quarter; and one that has verified all
 * of its addresses.
 */
export async function seedLargeJobs(
  db: Kysely<DB>,
  { results, pages }: Sizes,
): Promise<{ crawl: number; verification: number }> {
  return db.connection().execute(async (db) => {
    // Foreign keys hold by construction; checking them would take most of the time.
    await sql`set session_replication_role = replica`.execute(db)
    const { rows } = await sql<{ id: number }>`
      insert into jobs (kind, state, phase, title, owner, input, total, done, succeeded, results, steps, seq, started_at, finished_at, ran_ms)
      values ('scrape-emails', 'COMPLETED', 'completed', 'a large crawl', 'local', '{"domains": ["example.com"], "maxPagesPerDomain": 50,
        "scope": "domain"}', ${pages}, ${pages}, ${pages}, ${results}, ${results / 100}, 20000, now() - interval '3 hours', now(), 10800000)
      returning id`.execute(db)
    const jobId = rows[0]!.id
    await sql`insert into job_groups (job_id, step, group_id)
      select ${jobId}, g, g from generate_series(1, ${results / 100}::int) g`.execute(db)
    await sql`insert into addresses (address, domain, first_seen_at)
      select 'person' || i || '@firm' || i % 5000 || '.example', 'firm' || i % 5000 || '.example', now() - make_interval(secs => i * 0.01)
      from generate_series(0, ${results - 1}::int) i`.execute(db)
    await sql`insert into job_addresses (job_id, address, domain, group_id, place, source_url, method, snippet, confidence, quality,
        reasons, person_name, worker_id, found_at)
      select ${jobId}, 'person' || i || '@firm' || i % 5000 || '.example', 'firm' || i % 5000 || '.example', 1 + i / 100, i % 100,
        'https://www.firm' || i % 5000 || '.example/team/' || i, (array['mailto', 'text', 'at-words', 'json-ld'])[1 + i % 4],
        'Write to person' || i || ' who answers within a day', 0.5 + (i % 50) / 100.0,
        (array['high', 'high', 'medium', 'low'])[1 + i % 4], '{stated in a link}', case when i % 3 = 0 then 'Person ' || i end,
        'worker-' || i % 4, now()
      from generate_series(0, ${results - 1}::int) i`.execute(db)
    await sql`insert into sightings (job_id, address, source_key, source_url, method, snippet, confidence, quality, reasons, worker_id,
        found_at)
      select job_id, address, md5(address)::uuid, source_url, method, snippet, confidence, quality, reasons, worker_id, found_at
      from job_addresses where job_id = ${jobId}`.execute(db)
    await sql`insert into pages (job_id, url_key, url, shard_key, domain, depth, priority, status, http_status, error_category,
        error_message, fetch_ms, extract_ms, email_count, fetched_at)
      select ${jobId}, md5(i::text)::uuid, 'https://' || host || '/' || (array['team', 'news', 'about', 'shop'])[1 + i % 4] || '/' ||
          i / 4 % 100 || '/' || i || '.html', host, host, i % 6, 5, case when i % 40 = 0 then 'FAILED' else 'FETCHED' end,
        case when i % 40 = 0 then 404 else 200 end, case when i % 40 = 0 then 'http_4xx' end,
        case when i % 40 = 0 then 'the host answered 404' end, 20 + i % 400, 1 + i % 9, i % 7, now()
      from generate_series(0, ${pages - 1}::int) i,
        lateral (select case when i % 4 = 0 then 'www.large.example' else 'www.firm' || i % 200 || '.example' end as host) h`.execute(
      db,
    )
    await sql`insert into job_events (job_id, seq, type, at, data)
      select ${jobId}, i, case when i % 4 = 0 then 'finding' else 'note' end, now(), jsonb_build_object('message', 'event ' || i,
        'url', 'https://www.large.example/' || i, 'category', case when i % 4 = 0 then 'http_4xx' end)
      from generate_series(1, 20000) i`.execute(db)
    const verification = await seedVerification(db, results)
    await sql`reset session_replication_role`.execute(db)
    // As autovacuum leaves it.
    await sql`vacuum analyze`.execute(db)
    return { crawl: jobId, verification }
  })
}

async function seedVerification(db: Kysely<DB>, results: number): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into jobs (kind, state, phase, title, owner, input, total, done, succeeded, results, steps, seq, started_at, finished_at, ran_ms)
    values ('verify-emails', 'COMPLETED', 'completed', 'a large list', 'local', '{"fromJob": "1"}', ${results}, ${results}, ${results}, ${results}, 1, 0,
      now() - interval '1 hour', now(), 3600000) returning id`.execute(db)
  const jobId = rows[0]!.id
  const said = sql`(array['VALID', 'UNKNOWN', 'INVALID', 'RISKY', 'UNKNOWN'])[1 + i % 5] as status,
    (array['mailbox_accepted', 'domain_accepts_mail', 'domain_not_found', 'catch_all', 'dns_error'])[1 + i % 5] as reason, 50 as score, '{}'::text[] as flags,
    'SMTP' as depth, 'builtin' as engine, now() - make_interval(days => i / 7 % 20) as checked_at, false as failed`
  await sql`insert into job_verifications (job_id, domain, address, position, group_id, place, status, reason, score, flags, depth, engine, checked_at, failed,
      from_store)
    select ${jobId}, 'firm' || i % 5000 || '.example', 'person' || i || '@firm' || i % 5000 || '.example', i, 1, i, ${said}, false
    from generate_series(0, ${results - 1}::int) i`.execute(db)
  await sql`insert into verdicts (domain, address, status, reason, score, flags, depth, engine, checked_at, failed, tries, forced, evidence)
    select 'firm' || i % 5000 || '.example', 'person' || i || '@firm' || i % 5000 || '.example', ${said}, 1, false, '{}'
    from generate_series(0, ${results - 1}::int) i`.execute(db)
  return jobId
}
