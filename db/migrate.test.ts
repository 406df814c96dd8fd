import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { migrate, type Migration, MigrationMismatch, readMigrations } from './migrate.ts'
import { shardQueue } from './queue.ts'

const one: Migration = { name: '9001_one', sql: 'create table one (id int); insert into one values (1)' }
const two: Migration = { name: '9002_two', sql: 'create table two (id int)' }

/** An empty database beside the migrated one. */
async function emptyDatabase(): Promise<{ url: string; query: (text: string) => Promise<unknown[]> }> {
  const { url, pool } = await testDatabase()
  const name = `${new URL(url).pathname.slice(1)}_empty`
  await pool.query(`create database ${name}`)
  const empty = new URL(url)
  empty.pathname = name
  onTestFinished(async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`drop database ${name} with (force)`)
    await client.end()
  })
  return {
    url: empty.href,
    query: async (text) => {
      const client = new pg.Client({ connectionString: empty.href })
      await client.connect()
      try {
        return (await client.query(text)).rows
      } finally {
        await client.end()
      }
    },
  }
}

test('applies each migration once, in order, and says which', async () => {
  const { url, query } = await emptyDatabase()
  expect(await migrate(url, [one])).toEqual(['9001_one'])
  expect(await migrate(url, [one, two])).toEqual(['9002_two'])
  expect(await migrate(url, [one, two])).toEqual([])
  expect(await query('select id from one')).toEqual([{ id: 1 }])
})

test('several that start at once do the work once', async () => {
  const { url, query } = await emptyDatabase()
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(url)))
  const names = (await readMigrations()).map(({ name }) => name)
  expect(applied.flat().sort()).toEqual(names)
  expect(
    await query(`select name, policy, heartbeat_seconds, notify from pgboss.queue where name = '${shardQueue}'`),
  ).toEqual([{ name: 'shards', policy: 'standard', heartbeat_seconds: 10, notify: false }])
})

test('a migration that fails leaves no part of itself, and those before it stay', async () => {
  const { url, query } = await emptyDatabase()
  const broken = { name: '9002_broken', sql: 'create table half (id int); select 1 / 0' }
  await expect(migrate(url, [one, broken])).rejects.toThrow('migration 9002_broken failed: division by zero')
  expect(await query(`select to_regclass('one') is not null as one, to_regclass('half') is not null as half`)).toEqual([
    { one: true, half: false },
  ])
  expect(await migrate(url, [one, two])).toEqual(['9002_two'])
})

test.each([
  {
    what: 'was edited after it had been applied',
    later: [{ ...one, sql: `${one.sql} ` }, two],
    says: '9001_one was changed',
  },
  {
    what: 'is unknown to this version',
    later: [one],
    says: '9002_two, which this version of the program does not know',
  },
  {
    what: 'comes before one that is applied',
    later: [{ name: '9000_late', sql: 'select 1' }, one, two],
    says: '9000_late comes before 9002_two',
  },
])('a migration that $what is refused, and nothing is done', async ({ later, says }) => {
  const { url, query } = await emptyDatabase()
  await migrate(url, [one, two])
  const refused = migrate(url, [...later, { name: '9003_next', sql: 'create table next (id int)' }])
  await expect(refused).rejects.toThrow(MigrationMismatch)
  await expect(refused).rejects.toThrow(says)
  expect(await query(`select to_regclass('next') as next`)).toEqual([{ next: null }])
})

test('a checkout with other line ends is the same migration', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mailquarry-migrations-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, '0001_a.sql'), 'select 1;\r\nselect 2;\r\n')
  await writeFile(join(directory, 'notes.txt'), 'no migration')
  expect(await readMigrations(directory)).toEqual([{ name: '0001_a', sql: 'select 1;\nselect 2;\n' }])
})
