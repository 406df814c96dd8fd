-- Secrets that were given with jobs.

-- Encrypted, as db/secrets.ts says; bound to the job and the name.
create table job_secrets (
  job_id bigint not null references jobs on delete cascade,
  name text not null,
  sealed bytea not null,
  primary key (job_id, name)
);
