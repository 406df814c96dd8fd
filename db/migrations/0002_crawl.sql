-- Addresses and where they were met; pages of crawls; politeness over all jobs. Tables that get rows with every page name their job without a
-- foreign key, which would be checked row by row: see `uncheckedTables`.

-- Every address in normal form, once in the whole system.
create table addresses (
  address text collate "C" primary key,
  domain text collate "C" not null,
  first_seen_at timestamptz not null default now()
);
create index addresses_by_domain on addresses (domain, address);
create index addresses_by_first_seen on addresses (first_seen_at desc, address desc);

-- One place in which a job met an address, whose row in `addresses` comes in the same transaction: no constraint says so, since a crawl would
-- pay for its check of each row.
create table sightings (
  job_id bigint not null,
  address text collate "C" not null,
  -- first 128 bits of the SHA-256 of the source URL
  source_key uuid not null,
  source_url text not null,
  method text not null,
  snippet text not null,
  confidence real not null,
  quality text not null check (quality in ('high', 'medium', 'low')),
  reasons text[] not null,
  person_name text,
  position text,
  phone text,
  organisation text,
  worker_id text not null,
  found_at timestamptz not null,
  primary key (job_id, address, source_key, method)
);
create index sightings_by_address on sightings (address, found_at);
create index sightings_by_source on sightings (source_key, address, found_at);

-- Each address of a job once, with its best sighting.
create table job_addresses (
  job_id bigint not null,
  address text collate "C" not null,
  domain text collate "C" not null,
  group_id bigint not null,
  place integer not null,
  source_url text not null,
  method text not null,
  snippet text not null,
  confidence real not null,
  quality text not null check (quality in ('high', 'medium', 'low')),
  reasons text[] not null,
  person_name text,
  position text,
  phone text,
  organisation text,
  worker_id text not null,
  found_at timestamptz not null,
  primary key (job_id, address)
);
create index job_addresses_found on job_addresses (job_id, group_id, place);
create index job_addresses_by_domain on job_addresses (job_id, domain, address);
create index job_addresses_by_confidence on job_addresses (job_id, confidence desc, address);

-- Nobody asks by these columns: to sort samples of such texts is most of what an ANALYZE of a growing table would do.
alter table sightings alter column snippet set statistics 0, alter column source_url set statistics 0, alter column reasons set statistics 0,
  alter column person_name set statistics 0, alter column position set statistics 0, alter column phone set statistics 0,
  alter column organisation set statistics 0;
alter table job_addresses alter column snippet set statistics 0, alter column source_url set statistics 0, alter column reasons set statistics 0,
  alter column phone set statistics 0;

-- Frontier and page records of crawls in one: a QUEUED page is the frontier.
create table pages (
  id bigint generated always as identity,
  job_id bigint not null,
  -- first 128 bits of the SHA-256 of the canonical URL
  url_key uuid not null,
  url text not null,
  shard_key text collate "C" not null,
  -- registrable domain, or the host where the scope says so: what the caps count by
  domain text collate "C" not null,
  -- The way here: the least (depth, hops, parent_url) over all ways, so that it does not depend on which was found first. Clicks
  -- from a start page; redirects since the last click.
  parent_url text collate "C",
  depth integer not null,
  hops smallint not null default 0,
  -- smaller is fetched first
  priority smallint not null,
  status text not null default 'QUEUED' check (status in ('QUEUED', 'FETCHED', 'FAILED', 'SKIPPED')),
  http_status integer,
  error_category text,
  error_message text,
  error_details jsonb,
  fetch_ms integer,
  extract_ms integer,
  tokens_in integer,
  tokens_out integer,
  service text,
  model text,
  generation_id text,
  email_count integer not null default 0,
  found_at timestamptz not null default now(),
  fetched_at timestamptz,
  -- depth and hops from which its links were followed; when it turns out to be nearer, they are followed again
  expanded_depth integer,
  expanded_hops smallint,
  primary key (job_id, url_key)
  -- a page is met again and again, each time with a lesser way: room for that beside it costs no new entries in the indexes
) with (fillfactor = 75);
create index pages_by_id on pages (job_id, id);
create index pages_by_host on pages (job_id, shard_key);
create index pages_by_status on pages (job_id, status, id);
create index pages_frontier on pages (job_id, shard_key, priority, depth, url_key) where status = 'QUEUED';
create index pages_nearer on pages (job_id, shard_key, url_key) where (depth, hops) < (expanded_depth, expanded_hops);

-- Where fetched pages lead, for as long as the crawl runs, and longer where page_reads has a version of the page: lines of clicks (0 for
-- what costs none, as redirects), priority, and URL, which is only a path where the origin is that of the page.
create table page_links (
  job_id bigint not null,
  url_key uuid not null,
  links text not null,
  primary key (job_id, url_key)
) with (toast_tuple_target = 8160);
-- Written once and hardly ever read: as it is, in the row, since to compress it and to put it aside would take longer than all else.
alter table page_links alter column links set storage external, alter column links set statistics 0;

-- Who read a page last, over all jobs: the sightings of that job say what stands on it now. With what its server said of the version, the
-- next crawl asks only whether it has changed.
create table page_reads (
  -- first 128 bits of the SHA-256 of the canonical URL
  url_key uuid primary key,
  shard_key text collate "C" not null,
  job_id bigint not null,
  -- when its text was read; since then it was at most found unchanged
  read_at timestamptz not null,
  -- where there is neither it must be read whole next time; else page_links of the job say where it leads
  etag text,
  last_modified text
);
create index page_reads_of_host on page_reads (shard_key, job_id);
create index page_reads_of_job on page_reads (job_id);

-- Sitemaps of a crawl's hosts: no items of the job, but ways to its pages.
create table sitemaps (
  job_id bigint not null references jobs on delete cascade,
  -- first 128 bits of the SHA-256 of the canonical URL
  url_key uuid not null,
  url text not null,
  -- the host that is asked for it
  shard_key text collate "C" not null,
  -- pages of other domains are passed over
  domain text collate "C" not null,
  -- false: a guess, and nobody misses it
  named boolean not null,
  -- indexes above it; redirects that led here
  level smallint not null,
  hops smallint not null,
  status text not null default 'QUEUED' check (status in ('QUEUED', 'READ', 'FAILED')),
  primary key (job_id, url_key)
);
create index sitemaps_queued on sitemaps (job_id, shard_key, level, url_key) where status = 'QUEUED';

-- How many pages of a domain each of its shards may fetch (granted) and did (used). The row with an empty shard_key holds the sum of
-- granted, which never passes the cap, and the number of crawl_addresses.
create table crawl_grants (
  job_id bigint not null references jobs on delete cascade,
  domain text collate "C" not null,
  shard_key text collate "C" not null,
  granted bigint not null default 0,
  used bigint not null default 0,
  -- was given nothing and would go on if another shard of the domain gave some of its pages back
  starved boolean not null default false,
  addresses bigint not null default 0,
  primary key (job_id, domain, shard_key)
);

-- The addresses that a domain has yielded, for jobs that have a cap on them.
create table crawl_addresses (
  job_id bigint not null references jobs on delete cascade,
  domain text collate "C" not null,
  address text collate "C" not null,
  primary key (job_id, domain, address)
);

-- One connection to a host (host name, with the port where it is not the scheme's own) over all jobs and workers; times by the
-- database's clock. A lease belongs to one run of one shard, of the worker in leased_by. Who finds it taken puts itself next.
create table origins (
  origin text collate "C" primary key,
  -- nobody may ask before
  next_at timestamptz not null default now(),
  -- when the last request ended that whoever made it has told of
  asked_at timestamptz,
  -- pause that the last holder keeps: what is due after a holder that died
  delay_ms integer not null,
  -- what the host has shown to all who asked: how long it takes for an answer, and how much it has slowed us down
  latency_ms real,
  slowed_ms integer not null default 0,
  leased_by text,
  lease uuid,
  leased_until timestamptz,
  next_lease uuid,
  next_until timestamptz,
  -- where the holder dials; the hosts at one address share a cap
  address inet
);
create index origins_leased on origins (leased_by) where leased_by is not null;
create index origins_held_at on origins (address) where lease is not null;

-- robots.txt by scheme, host and port.
create table robots (
  origin text collate "C" primary key,
  http_status integer,
  -- as it came, in bytes, up to 500 KiB; null: nothing to obey (4xx) or all forbidden (5xx), as http_status tells
  body bytea,
  fetched_at timestamptz not null,
  expires_at timestamptz not null
);
