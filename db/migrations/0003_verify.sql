-- Verification: lists of jobs, verdicts, facts about mail domains, and who is checking what right now.

-- How the list of a job was read.
create table verify_lists (
  job_id bigint primary key references jobs on delete cascade,
  -- names of the user's columns in their order; empty for lists that have none
  columns text[] not null,
  -- encoding, delimiter, header and column, as they were detected or told; for people
  read_as jsonb not null,
  -- a shard checks so many rows
  rows_per_shard integer not null,
  -- when the job began, by the clock of policies: what is checked later was checked for it
  began_at timestamptz not null
);

-- Every row of the list, in its order. No foreign key here and in job_verifications: it would be checked row by row, and costs a third of storing them;
-- see job-removal.ts.
create table verify_items (
  job_id bigint not null,
  -- from 0
  position bigint not null,
  -- what stands behind the @; empty where the row holds no address
  domain text collate "C" not null,
  -- in normal form; what was given where that is no address; null for an empty row
  address text collate "C",
  -- as it was given; null where that is the address itself
  given text,
  -- the whole row, for lists with columns: an array of texts
  cells json,
  primary key (job_id, position)
);

-- Each different address of the list with its verdict. Rows of the list that have none yet are open.
create table job_verifications (
  job_id bigint not null,
  domain text collate "C" not null,
  address text collate "C" not null,
  -- of the row that it was checked for; others with the same address are duplicates of it
  position bigint not null,
  group_id bigint not null,
  place integer not null,
  status text not null check (status in ('VALID', 'RISKY', 'INVALID', 'UNKNOWN')),
  reason text not null,
  score smallint not null,
  flags text[] not null,
  suggestion text,
  -- of the verdict, which may be deeper than what was asked for
  depth text not null check (depth in ('SYNTAX', 'DNS', 'SMTP')),
  engine text not null,
  checked_at timestamptz not null,
  -- null: for ever
  holds_until timestamptz,
  -- nothing is known but that the check could not be made
  failed boolean not null,
  -- there was a verdict that held
  from_store boolean not null,
  primary key (job_id, domain, address)
);
create index job_verifications_found on job_verifications (job_id, group_id, place);
create index job_verifications_by_position on job_verifications (job_id, position);
-- UNKNOWN is what nearly all of a list are where nobody asks about mailboxes: those are found on the way through it.
create index job_verifications_by_status on job_verifications (job_id, status, position) where status <> 'UNKNOWN';
create index job_verifications_failed on job_verifications (job_id, position) where failed;

-- The verdict that holds, or held last, by address, depth and engine. What it replaces is kept in verdict_history.
create table verdicts (
  address text collate "C" not null,
  depth text not null check (depth in ('SYNTAX', 'DNS', 'SMTP')),
  engine text not null,
  domain text collate "C" not null,
  status text not null check (status in ('VALID', 'RISKY', 'INVALID', 'UNKNOWN')),
  reason text not null,
  score smallint not null,
  flags text[] not null,
  suggestion text,
  -- null: nothing but the text, and facts_at
  evidence jsonb,
  -- it rests on what DNS said of the domain at this moment: see domain_facts and domain_fact_history
  facts_at timestamptz,
  checked_at timestamptz not null,
  -- null: for ever
  holds_until timestamptz,
  -- the check could not be made
  failed boolean not null,
  -- when to check once more, and how often it was checked for this; null: what is known is final until it holds no longer
  retry_at timestamptz,
  tries integer not null,
  -- how often the address was checked
  checks integer not null default 1,
  -- asked for although there was a verdict that held
  forced boolean not null,
  -- the job that asked; it may be gone
  job_id bigint,
  primary key (address, depth, engine)
);

create table verdict_history (
  id bigint generated always as identity primary key,
  address text collate "C" not null,
  depth text not null,
  engine text not null,
  status text not null,
  reason text not null,
  score smallint not null,
  flags text[] not null,
  suggestion text,
  evidence jsonb,
  facts_at timestamptz,
  checked_at timestamptz not null,
  holds_until timestamptz,
  failed boolean not null,
  forced boolean not null,
  job_id bigint
);
create index verdict_history_by_address on verdict_history (address, checked_at, id);

create function keep_verdict() returns trigger language plpgsql as $$
begin
  insert into verdict_history (address, depth, engine, status, reason, score, flags, suggestion, evidence, facts_at, checked_at, holds_until, failed, forced, job_id)
  values (old.address, old.depth, old.engine, old.status, old.reason, old.score, old.flags, old.suggestion, old.evidence, old.facts_at, old.checked_at, old.holds_until,
    old.failed, old.forced, old.job_id);
  return null;
end $$;
create trigger verdicts_kept after update of checked_at on verdicts for each row
  when (old.checked_at is distinct from new.checked_at) execute function keep_verdict();

-- What is known of a mail domain, shared by all its addresses and all jobs; and the claim of who is asking DNS about it.
create table domain_facts (
  domain text collate "C" primary key,
  -- where its mail goes; null: never asked
  route jsonb,
  -- who runs its best mail host
  mx_organisation text collate "C",
  asked_at timestamptz,
  -- of a DNS fault: when to ask again
  holds_until timestamptz,
  -- DNS faults in a row
  faults integer not null default 0,
  -- how often DNS was asked
  checks integer not null default 0,
  -- whether it takes mail for any name; null: not known
  catch_all boolean,
  catch_all_at timestamptz,
  -- a claim: by the database's clock
  worker_id text,
  lease uuid,
  leased_until timestamptz
);
create index domain_facts_claimed on domain_facts (worker_id) where worker_id is not null;

-- What DNS said before, since verdicts rest on it.
create table domain_fact_history (
  domain text collate "C" not null,
  asked_at timestamptz not null,
  route jsonb not null,
  primary key (domain, asked_at)
);
create function keep_domain_fact() returns trigger language plpgsql as $$
begin
  insert into domain_fact_history (domain, asked_at, route) values (old.domain, old.asked_at, old.route) on conflict do nothing;
  return null;
end $$;
create trigger domain_facts_kept after update of asked_at on domain_facts for each row
  when (old.route is not null and old.asked_at is distinct from new.asked_at) execute function keep_domain_fact();

-- Addresses that are being checked right now, by the database's clock.
create table verification_claims (
  address text collate "C" not null,
  depth text not null,
  engine text not null,
  worker_id text not null,
  lease uuid not null,
  leased_until timestamptz not null,
  primary key (address, depth, engine)
);
create index verification_claims_by_worker on verification_claims (worker_id);

-- Manners towards those who run mail hosts, over all jobs and workers. Times by the database's clock, but for the circuit.
create table mx_organisations (
  organisation text collate "C" primary key,
  -- pause between the starts of two connections; grows where they ask for it
  interval_ms integer not null,
  next_at timestamptz not null default now(),
  -- recipients asked about in the hour and on the day of these moments
  hour_at timestamptz not null default now(),
  in_hour integer not null default 0,
  day_at timestamptz not null default now(),
  in_day integer not null default 0,
  -- nobody connects before: they refused to talk to us
  closed_until timestamptz,
  closed_why text,
  -- refusals of that sort in a row
  refusals integer not null default 0
);

-- Connections to mail hosts that are open, each a lease.
create table mx_connections (
  lease uuid primary key,
  organisation text collate "C" not null,
  worker_id text not null,
  leased_until timestamptz not null
);
create index mx_connections_by_organisation on mx_connections (organisation, leased_until);
create index mx_connections_by_worker on mx_connections (worker_id);

-- Whether anything gets out by the port of mail servers, by who is dialled: told from the connections themselves.
create table mx_reach (
  organisation text collate "C" primary key,
  connected_at timestamptz,
  failed_at timestamptz
);

-- Calls to services that cost. One that is under way when its worker dies is UNCERTAIN: it may have been paid for.
create table service_calls (
  id bigint generated always as identity primary key,
  service text not null,
  address text collate "C" not null,
  -- the job that asked; it may be gone
  job_id bigint not null,
  -- PENDING: the service still works on it, and is asked the same once more
  state text not null default 'ASKED' check (state in ('ASKED', 'ANSWERED', 'PENDING', 'FAILED', 'UNCERTAIN')),
  -- what went wrong
  message text,
  worker_id text not null,
  asked_at timestamptz not null default now(),
  -- by the clock of policies
  ended_at timestamptz,
  -- false: from before the user had the address tried again
  counts boolean not null default true
);
create index service_calls_under_way on service_calls (worker_id) where state = 'ASKED';
create index service_calls_by_address on service_calls (job_id, address);

-- The pace of calls to services, over all jobs and workers; by the database's clock, but for pauses.
create table service_paces (
  -- and the key that is used, as a hash
  account text primary key,
  next_at timestamptz not null default now(),
  -- nobody calls before
  paused_until timestamptz,
  paused_why text
);

-- Batches of addresses at services; the id that a service gave is stored before it is asked for.
create table service_batches (
  id bigint generated always as identity primary key,
  service text not null,
  -- service and key, as a hash: who sent it can ask for it
  account text not null,
  -- the job that sent it; it may be gone
  job_id bigint not null,
  state text not null default 'SENDING' check (state in ('SENDING', 'RUNNING', 'DONE', 'FAILED', 'UNCERTAIN')),
  -- its id there
  remote_id text,
  worker_id text not null,
  -- by the clock of policies
  sent_at timestamptz not null,
  poll_at timestamptz,
  polls integer not null default 0,
  -- what went wrong
  message text
);
create index service_batches_sending on service_batches (worker_id) where state = 'SENDING';

-- Their addresses, until each has its verdict.
create table service_batch_addresses (
  batch_id bigint not null references service_batches on delete cascade,
  address text collate "C" not null,
  -- what the service said of it
  answer jsonb,
  primary key (batch_id, address)
);
create index service_batch_addresses_by_address on service_batch_addresses (address);

-- What mail servers can find out about us, by who we say we are: the latest look, judged.
create table sender_audits (
  helo text not null,
  mail_from text not null,
  port integer not null,
  audited_at timestamptz not null,
  -- name, state and message of each thing that they look at
  checks jsonb not null,
  primary key (helo, mail_from, port)
);
