-- Jobs, their shards, events and workers: what every kind stands on.

create table jobs (
  id bigint generated always as identity primary key,
  kind text not null,
  -- DELETED: there for nobody any more; its rows are removed in portions, this one last
  state text not null default 'PENDING' check (state in (
    'PENDING', 'RUNNING', 'PAUSING', 'PAUSED', 'CANCELLING', 'CANCELLED', 'FINISHING', 'COMPLETED', 'FAILED', 'DELETED')),
  title text not null,
  owner text not null,
  input jsonb not null,
  idempotency_key text,
  phase text not null default 'queued',
  -- number of the last event; the next one takes seq + 1 under this row's lock, so the log has no gap
  seq bigint not null default 0,
  open_shards bigint not null default 0,
  -- open shards that have no message in the queue yet: it is refilled in portions
  unsent_shards bigint not null default 0,
  -- items known so far; total is null until it is final: then a count is shown and no percentage
  items bigint not null default 0,
  total bigint,
  done bigint not null default 0,
  succeeded bigint not null default 0,
  failed bigint not null default 0,
  skipped bigint not null default 0,
  bytes_done bigint not null default 0,
  results bigint not null default 0,
  steps bigint not null default 0,
  error_code text,
  error_message text,
  summary jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
) with (fillfactor = 50);

create unique index jobs_idempotency on jobs (owner, idempotency_key) where idempotency_key is not null;
create index jobs_by_created on jobs (created_at desc, id desc);
create index jobs_by_owner on jobs (owner, created_at desc, id desc) where state <> 'DELETED';
create index jobs_unsettled on jobs (id) where state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING');
create index jobs_ended on jobs (finished_at) where state in ('COMPLETED', 'FAILED', 'CANCELLED');
create index jobs_deleted on jobs (id) where state = 'DELETED';

create table job_shards (
  job_id bigint not null references jobs on delete cascade,
  key text collate "C" not null,
  -- NEW: open, to be given a message. QUEUED: its message is in the queue. RUNNING: claimed. WAITING: none until wait_until
  state text not null default 'NEW' check (state in ('NEW', 'QUEUED', 'WAITING', 'RUNNING', 'DONE')),
  -- rises when the shard is queued anew; a message with an older one is stale
  activation integer not null default 1,
  -- rises at every claim; a step of an older one commits nothing
  epoch integer not null default 0,
  -- spawning raises wanted, a claim copies it to seen; the shard ends only when both are equal
  wanted integer not null default 1,
  seen integer not null default 0,
  checkpoint jsonb,
  steps bigint not null default 0,
  -- failed runs in a row, for the backoff
  attempts integer not null default 0,
  -- crashes at the present checkpoint, for poison items
  crashes integer not null default 0,
  worker_id text,
  wait_until timestamptz,
  wait_for text,
  primary key (job_id, key)
) with (fillfactor = 70);

create index job_shards_open on job_shards (job_id, state, key) where state <> 'DONE';
create index job_shards_due on job_shards (wait_until) where state = 'WAITING';
create index job_shards_waiting on job_shards (job_id, wait_until) where state = 'WAITING';
create index job_shards_running on job_shards (worker_id) where state = 'RUNNING';

create table job_events (
  job_id bigint not null references jobs on delete cascade,
  seq bigint not null,
  type text not null,
  at timestamptz not null default clock_timestamp(),
  shard_key text,
  worker_id text,
  data jsonb not null default '{}',
  primary key (job_id, seq)
);

-- Commit groups in committed order. Result rows carry group_id, which is known before the job row is locked; step, the number of
-- the job's steps with this group's, is known only under that lock and rises from group to group. (step, place) is the cursor of
-- results.
create sequence commit_groups;
create table job_groups (
  job_id bigint not null references jobs on delete cascade,
  step bigint not null,
  group_id bigint not null,
  primary key (job_id, step, group_id)
);

-- What each worker did for a job.
create table job_workers (
  job_id bigint not null references jobs on delete cascade,
  worker_id text not null,
  done bigint not null default 0,
  primary key (job_id, worker_id)
);

create table workers (
  id text primary key,
  -- the session advisory lock that it holds while it lives
  lock_key bigint generated always as identity unique,
  host text not null,
  pid integer not null,
  slots integer not null,
  running integer not null default 0,
  -- running shards that wait inside the process with their slot lent, by job id
  parked jsonb not null default '{}',
  items_per_second real not null default 0,
  -- since it entered
  steps bigint not null default 0,
  commit_groups bigint not null default 0,
  -- in the last interval: the longest time from a step that was ready to its commit, the 99th percentile of the event loop's delay
  commit_lag_ms real not null default 0,
  loop_lag_ms real not null default 0,
  -- how long the last notice to itself was on its way
  notice_lag_ms real not null default 0,
  since timestamptz not null default now(),
  seen_at timestamptz not null default now()
);
