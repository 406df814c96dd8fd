import { afterAll, beforeAll, expect, test } from 'vitest'
import pg from 'pg'
import { testDatabase, type TestDatabase } from './postgres.ts'
const top = await testDatabase()
let hooked: TestDatabase
beforeAll(async () => { hooked = await testDatabase() })
let a!: TestDatabase
test('a', async () => {
  a = await testDatabase()
  expect(await a.db.selectFrom('jobs').selectAll().execute()).toEqual([])
})
test('b', async () => {
  expect((await top.pool.query('select count(*) from jobs')).rows).toEqual([{count: 0}])
  expect((await hooked.pool.query('select count(*) from jobs')).rows).toEqual([{count: 0}])
})
