import { expect, test } from 'vitest'

import { cancelJob, startJob } from '../../jobs/control.ts'
import { startApi } from '../support/api.ts'
import { forkWorker, kill, owner, until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'

const database = await testDatabase()
await createRelayTables(database.db)

/** Value by name with labels, `mailquarry_shards{state="NEW"}`, as Prometheus reads them: exposition format 0.0.4. */
async function figures(url: string, headers: Record<string, string> = {}): Promise<Record<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const match = /^([a-z_0-9]+(?:\{.*\})?) (\S+)$/.exec(line)
      if (!match) throw new Error(`not a line of Prometheus: ${line}`)
      return [match[1]!, Number(match[2])]
    }),
  )
}

test('the engine is measured: shards by state, steps, and the lags of commits, notices and event loops', async () => {
  await using api = await startApi(database)
  await startJob(api.engine, {
    kind: 'relay',
    input: { shards: 30, steps: 3, letterEvery: 0, laterMs: 600_000 },
    owner,
  })
  const before = await figures(api.url)
  expect(before).toMatchObject({
    'mailquarry_jobs{kind="relay",state="PENDING"}': 1,
    'mailquarry_shards{state="QUEUED"}': 1,
    'mailquarry_shards{state="RUNNING"}': 0,
    mailquarry_queue_messages: 1,
    mailquarry_workers: 0,
  })
  expect(before['mailquarry_api_notice_lag_seconds']).toBeLessThan(5)

  const worker = await forkWorker({ url: database.url, slots: 7 })
  try {
    let seen: Record<string, number> = {}
    const ofWorker = (name: string) =>
      Object.entries(seen).find(([key]) => key.startsWith(`mailquarry_worker_${name}{worker="`))?.[1]
    await until('all shards wait, nothing is queued, and the worker has said so', async () => {
      seen = await figures(api.url)
      const waits = seen['mailquarry_shards{state="WAITING"}'] === 30 && seen['mailquarry_queue_messages'] === 0
      return waits && ofWorker('steps_total') === 50 && ofWorker('running') === 0
    })
    expect(seen['mailquarry_jobs{kind="relay",state="RUNNING"}']).toBe(1)
    expect(seen).toMatchObject({ 'mailquarry_shards{state="QUEUED"}': 0, mailquarry_queue_messages: 0 })
    expect(ofWorker('slots')).toBe(7)
    expect(ofWorker('running')).toBe(0)
    // groups of many steps
    expect(ofWorker('commit_groups_total')).toBeGreaterThan(0)
    expect(ofWorker('commit_groups_total')).toBeLessThanOrEqual(50)
    for (const lag of ['commit_lag_seconds', 'event_loop_lag_seconds', 'notice_lag_seconds', 'seen_seconds'])
      expect(ofWorker(lag), lag).toBeGreaterThanOrEqual(0)
    // 10 ms is what its clock can tell
    expect(ofWorker('event_loop_lag_seconds')).toBeGreaterThan(0.005)
  } finally {
    await kill(worker)
  }
})

test('a cancelled job leaves nothing that seems to wait for a slot', async () => {
  await using api = await startApi(database)
  const { jobId } = await startJob(api.engine, { kind: 'relay', input: { shards: 1, steps: 1 }, owner })
  const queued = async () => {
    const { engineHealth } = await api.data<{ engineHealth: { queued: number } }>('{ engineHealth { queued } }')
    return [engineHealth.queued, (await figures(api.url))['mailquarry_shards{state="QUEUED"}']]
  }
  const [inApp, told] = await queued()
  await cancelJob(api.engine, jobId, owner)
  expect(await queued()).toEqual([inApp! - 1, told! - 1])
})

test('with a login, figures are for those who have it', async () => {
  await using api = await startApi(database, { apiToken: 'a-token-that-is-long-enough-for-us' })
  expect((await fetch(`${api.url}/metrics`)).status).toBe(401)
  const seen = await figures(api.url, { authorization: 'Bearer a-token-that-is-long-enough-for-us' })
  expect(seen['mailquarry_api_nodejs_eventloop_lag_seconds']).toBeGreaterThanOrEqual(0)
})
