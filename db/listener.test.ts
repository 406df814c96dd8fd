import pg from 'pg'
import { beforeEach, expect, test } from 'vitest'

import { startCuttableNetwork } from '../test/support/cuttable-network.ts'
import { testDatabase } from '../test/support/postgres.ts'
import { openListener } from './listener.ts'

const { url } = await testDatabase()
let lost: string[]
beforeEach(() => void (lost = []))

async function listen(at = url) {
  const notices: string[] = []
  const listener = await openListener({
    url: at,
    applicationName: 'listener test',
    channels: ['letters'],
    onNotice: (channel, payload) => notices.push(`${channel} ${payload}`),
    onLost: (error) => lost.push(error.message),
    heartbeatMs: 200,
  })
  return { listener, notices }
}

test('notices come, its own heartbeat is not among them, and it tells how late they are', async () => {
  const { listener, notices } = await listen()
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
  const { listener } = await listen()
  await listener.client.query('unlisten *')
  await expect.poll(() => lost, { timeout: 5_000 }).toEqual([expect.stringContaining('no notice of its own')])
})

test('a connection that is cut is lost, once', async () => {
  const { listener } = await listen()
  const { rows } = await listener.client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const other = new pg.Client(url)
  await other.connect()
  await other.query('select pg_terminate_backend($1)', [rows[0]!.pid])
  await other.end()
  await expect.poll(() => lost.length, { timeout: 5_000 }).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(lost).toHaveLength(1)
})

test('one that breaks while it is opened is refused, and not lost besides: nobody opens two in its place', async () => {
  await using network = await startCuttableNetwork(Number(new URL(url).port))
  const at = new URL(url)
  at.port = String(network.port)
  network.cut()
  await expect(listen(at.href)).rejects.toThrow(/terminated|ECONNRESET/)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(lost).toEqual([])
  network.mend()
  const { listener } = await listen(at.href)
  network.cut()
  await expect.poll(() => lost.length, { timeout: 5_000 }).toBe(1)
  await listener.close().catch(() => {})
})
