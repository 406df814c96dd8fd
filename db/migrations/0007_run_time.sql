-- How long a job has run, without the time in which it stood still: after a pause, a cancel, a failure, or its end.

alter table jobs add column ran_ms bigint not null default 0;
-- Since when it runs, where it does; ran_ms does not have this time yet.
alter table jobs add column runs_since timestamptz;
update jobs set
  ran_ms = case when finished_at >= started_at then extract(epoch from finished_at - started_at) * 1000 else 0 end,
  runs_since = case when state in ('RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING') then started_at end;
