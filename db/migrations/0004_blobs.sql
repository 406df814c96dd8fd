-- Secrets that were given with jobs; uploads.

-- Encrypted, as db/secrets.ts says; bound to the job and the name.
create table job_secrets (
  job_id bigint not null references jobs on delete cascade,
  name text not null,
  sealed bytea not null,
  primary key (job_id, name)
);

-- Files that people bring. Their bytes lie in parts in the blob store.
create table uploads (
  id uuid primary key,
  owner text not null,
  -- as its owner called it: for people, never a path
  name text not null,
  media_type text,
  size_bytes bigint not null,
  received_bytes bigint not null default 0,
  -- DELETED: there for nobody any more; its blobs are removed, this row last
  state text not null check (state in ('OPEN', 'COMPLETE', 'DELETED')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index uploads_expiring on uploads (expires_at) where state <> 'DELETED';
create index uploads_deleted on uploads (id) where state = 'DELETED';

create table upload_parts (
  upload_id uuid not null references uploads on delete cascade,
  start_byte bigint not null,
  size_bytes bigint not null,
  blob text not null,
  primary key (upload_id, start_byte)
);

-- An upload stays for as long as a job names it.
create table job_uploads (
  job_id bigint not null references jobs on delete cascade,
  upload_id uuid not null references uploads,
  primary key (job_id, upload_id)
);
create index job_uploads_by_upload on job_uploads (upload_id);
