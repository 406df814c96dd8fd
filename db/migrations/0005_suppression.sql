-- Addresses that no job may store or write to, and what is left of those that were forgotten.

-- One row, made here and never changed: without it hashes of common addresses could be looked up in lists.
create table suppression_salt (
  salt bytea not null,
  one boolean primary key default true check (one)
);
insert into suppression_salt (salt)
select sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

-- Of an address in normal form.
create function suppression_hash(address text) returns bytea language sql stable parallel safe as $$
  select sha256(salt || convert_to(address, 'UTF8')) from suppression_salt
$$;

create table suppressions (
  id bigint generated always as identity,
  hash bytea primary key,
  -- null once it is forgotten: then the hash alone keeps it out
  address text collate "C",
  reason text not null,
  source text not null check (source in ('PERSON', 'UPLOAD', 'FORGOTTEN', 'OBJECTION')),
  -- it is being removed from everywhere: a worker goes on where a crash has left it
  forgetting boolean not null default false,
  since timestamptz not null default now()
);
create unique index suppressions_by_id on suppressions (id);
create index suppressions_forgetting on suppressions (id) where forgetting;

-- What was taken from the list again, and why.
create table suppression_removals (
  id bigint generated always as identity primary key,
  hash bytea not null,
  source text not null,
  since timestamptz not null,
  reason text not null,
  removed_by text not null,
  removed_at timestamptz not null default now()
);
