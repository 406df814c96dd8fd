import pg from 'pg'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { openListener } from './listener.ts'

const { url } = await testDatabase()

async function listen() {
  const notices: string[] = []
  const lost: string[] = []
  const listener = await openListener({
    url,
    applicationName: 'listener test',
    channels: ['letters'],
    onNotice: (channel, payload) => notices.push(`${channel} ${payload}`),
    onLost: (error) => lost.push(error.message),
    heartbeatMs: 200,
  })
  return { listener, notices, lost }
}

test('notices come, its own heartbeat is not among them, and it tells how late they are', async () => {
  const { listener, notices, lost } = await listen()
  await listener.client.query(`select pg_notify('letters', 'one')`)
  await expect.poll(() => notices).toEqual(['letters one'])
  await expect.poll(() => listener.lagMs()).toBeGreaterThan(0)
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(lost).toEqual([])
  expect(notices).toEqual(['letters one'])
  await listener.close()
  expect(lost).toEqual([])
})

test('a connection that answers but brings no notices is lost', async () => {
  const { listener, lost } = await listen()
  await listener.client.query('unlisten *')
  await expect.poll(() => lost, { timeout: 5_000 }).toEqual([expect.stringContaining('no notice of its own')])
})

test('a connection that is cut is lost, once', async () => {
  const { listener, lost } = await listen()
  const { rows } = await listener.client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const other = new pg.Client(url)
  await other.connect()
  await other.query('select pg_terminate_backend($1)', [rows[0]!.pid])
  await other.end()
  await expect.poll(() => lost.length, { timeout: 5_000 }).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(lost).toHaveLength(1)
})
