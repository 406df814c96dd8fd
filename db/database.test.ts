import { sql } from 'kysely'
import pg from 'pg'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { openDatabase } from './database.ts'

const { url, pool } = await testDatabase()

test.each([
  ['bigint', `9007199254740991::bigint`, 9007199254740991],
  ['negative bigint', `-5::bigint`, -5],
  ['a sum of bigints, which is numeric', `(select sum(n) from (values (1::bigint), (2)) as v (n))`, 3],
  ['numeric with a fraction', `1.25::numeric`, 1.25],
  ['array of bigint with null', `array[1, null, 3]::bigint[]`, [1, null, 3]],
  [
    'nested array of bigint',
    `array[[1, 2], [3, 4]]::bigint[]`,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['jsonb', `'{"a": [1, "2"]}'::jsonb`, { a: [1, '2'] }],
  ['timestamptz', `'2026-01-02T03:04:05.678Z'::timestamptz`, new Date('2026-01-02T03:04:05.678Z')],
  ['date', `'2026-01-02'::date`, '2026-01-02'],
  ['text array', `array['a,b', 'c']`, ['a,b', 'c']],
])('%s comes as the value that TypeScript says', async (_what, expression, expected) => {
  const { rows } = await pool.query(`select ${expression} as value`)
  expect(rows).toEqual([{ value: expected }])
})

test('a bigint beyond 2^53 fails its query, not its connection', async () => {
  await expect(pool.query(`select 9007199254740993::bigint`)).rejects.toThrow('9007199254740993 is beyond 2^53')
  expect((await pool.query(`select 1 as one`)).rows).toEqual([{ one: 1 }])
})

test('does not change how other pools of the process read bigint', async () => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  expect((await client.query(`select 1::bigint as n`)).rows).toEqual([{ n: '1' }])
  await client.end()
})

test('lost connections are reported and do not end the process: idle, under way, and between two statements', async () => {
  const errors: Error[] = []
  const victim = openDatabase(url, { max: 3, applicationName: 'victim', onError: (error) => errors.push(error) })
  const inTransaction = victim.db.transaction().execute(async (trx) => {
    await sql`select 1`.execute(trx)
    await Promise.all([1, 2].map(() => victim.pool.query(`select pg_sleep(0.05)`)))
    // Caught from the start: the rejection may come before the termination's own answer.
    const underWay = victim.pool.query(`select pg_sleep(60)`).then(() => 'went well', String)
    const sleeps = `select from pg_stat_activity where application_name = 'victim' and query = 'select pg_sleep(60)'`
    await expect.poll(async () => (await pool.query(sleeps)).rowCount).toBe(1)
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'`)
    expect(await underWay).toContain('terminating connection')
    await expect.poll(() => errors.length).toBeGreaterThanOrEqual(2)
    await sql`select 2`.execute(trx)
  })
  await expect(inTransaction).rejects.toThrow(/terminat|not queryable|connection|ECONNRESET/i)
  // It may be told of the last one a moment later than of the others.
  await expect.poll(() => victim.pool.totalCount).toBe(0)
  expect((await victim.pool.query(`select 1 as one`)).rows).toEqual([{ one: 1 }])
  await victim.close()
})

test('a session whose other side has vanished ends within half a minute, whether the server waits for it or it for the server', async () => {
  const { rows } = await pool.query<{ name: string; setting: number }>(
    `select name, setting::int from pg_settings where name in
      ('tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout')`,
  )
  const of = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
  // 0 stands for the two hours of the system.
  for (const setting of Object.values(of)) expect(setting).toBeGreaterThan(0)
  expect(of['tcp_keepalives_idle']! + of['tcp_keepalives_interval']! * of['tcp_keepalives_count']!).toBeLessThan(30)
  expect(of['tcp_user_timeout']).toBeLessThan(30_000)
})

test('prepares what it is asked repeatedly, if told to, and nothing else', async () => {
  const database = openDatabase(url, { max: 1, prepare: true })
  const names = async () =>
    (
      await database.pool.query<{ name: string }>(
        `/* not asked twice alike ${Math.random()} */ table pg_prepared_statements`,
      )
    ).rowCount
  for (let i = 0; i < 2; i++) await database.pool.query('select $1::int as n', [i])
  await database.pool.query(`select 'asked once'`)
  expect(await names()).toBe(0)
  for (let i = 0; i < 3; i++) expect((await database.pool.query('select $1::int as n', [i])).rows).toEqual([{ n: i }])
  expect(await names()).toBe(1)
  // A statement that fails in an aborted transaction is there the next time.
  await expect(
    database.db.transaction().execute(async (trx) => {
      for (let i = 0; i < 4; i++) await sql`select ${1}::int / ${1 - i}::int`.execute(trx).catch(() => {})
      await sql`select 1`.execute(trx)
    }),
  ).rejects.toThrow('aborted')
  for (let i = 0; i < 3; i++)
    expect((await sql`select ${1}::int / ${1}::int as n`.execute(database.db)).rows).toEqual([{ n: 1 }])
  await database.close()
})

test('close may be called twice, and ends a pool that was never used', async () => {
  const { close } = openDatabase(url)
  await Promise.all([close(), close()])
  const used = openDatabase(url)
  await used.pool.query('select 1')
  await used.close()
  await expect(used.pool.query('select 1')).rejects.toThrow('after calling end')
})
