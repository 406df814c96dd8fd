-- Result files of jobs in the blob store: what is there, and what is wanted.

create table result_files (
  job_id bigint primary key references jobs on delete cascade,
  -- rises when the job stops; a file copies it to seen, and is fresh where both are equal
  wanted bigint not null default 0,
  seen bigint not null default 0,
  -- the job's results when the file was begun
  results bigint not null default 0,
  size_bytes bigint not null default 0,
  -- bytes of all files of the run, since the job stopped last
  run_bytes bigint not null default 0,
  -- null: there is no file yet
  made_at timestamptz,
  took_ms integer not null default 0
);
create index result_files_wanted on result_files (job_id) where wanted > seen;

-- Whose step it was. Null: from before this was kept.
alter table job_groups add column worker_id text;
