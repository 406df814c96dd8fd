-- How often somebody has been forgotten: who was away learns from it that what they hold may name somebody still.

-- One row.
create table forgettings (
  count bigint not null,
  one boolean primary key default true check (one)
);
insert into forgettings (count) values (0);
