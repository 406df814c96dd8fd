-- Addresses and where they were met; pages of crawls; politeness over all jobs.

-- Every address in normal form, once in the whole system.
create table addresses (
  address text collate "C" primary key,
  domain text collate "C" not null,
  first_seen_at timestamptz not null default now()
);
create index addresses_by_domain on addresses (domain, address);

-- One place in which a job met an address.
create table sightings (
  job_id bigint not null references jobs on delete cascade,
  address text collate "C" not null references addresses,
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

-- Each address of a job once, with its best sighting.
create table job_addresses (
  job_id bigint not null references jobs on delete cascade,
  address text collate "C" not null references addresses,
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

-- Frontier and page records of crawls in one: a QUEUED page is the frontier.
create table pages (
  id bigint generated always as identity,
  job_id bigint not null references jobs on delete cascade,
  -- first 128 bits of the SHA-256 of the canonical URL
  url_key uuid not null,
  url text not null,
  shard_key text collate "C" not null,
  -- registrable domain, or the host where the scope says so: what the caps count by
  domain text collate "C" not null,
  parent_url text,
  depth integer not null,
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
  primary key (job_id, url_key)
);
create index pages_by_id on pages (job_id, id);
create index pages_frontier on pages (job_id, shard_key, priority, depth, url_key) where status = 'QUEUED';

-- How many pages of a domain each of its shards may fetch (granted) and did (used); the sum of granted never passes the cap.
create table crawl_grants (
  job_id bigint not null references jobs on delete cascade,
  domain text collate "C" not null,
  shard_key text collate "C" not null,
  granted bigint not null default 0,
  used bigint not null default 0,
  primary key (job_id, domain, shard_key)
);

-- One connection an origin over all jobs and workers; times by the database's clock.
create table origins (
  origin text collate "C" primary key,
  next_at timestamptz not null default now(),
  delay_ms integer not null,
  leased_by text,
  leased_until timestamptz,
  address inet
);
create index origins_leased on origins (leased_by) where leased_by is not null;

create table robots (
  origin text collate "C" primary key,
  http_status integer,
  -- null: nothing to obey (4xx) or all forbidden (5xx, network), as http_status tells
  body text,
  fetched_at timestamptz not null,
  expires_at timestamptz not null
);
