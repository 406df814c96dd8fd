import { setTimeout as sleep } from 'node:timers/promises'

import pg from 'pg'
import { PgBoss } from 'pg-boss'

import { peerQueue } from './peer.ts'

/** pg-boss, fetching in batches; each job is one transaction that writes one row and completes the job. */
const { url, slots } = JSON.parse(process.argv[2]!) as { url: string; slots: number }

const batchSize = 200
const boss = new PgBoss({ connectionString: url, max: 2, supervise: false, schedule: false, migrate: false })
boss.on('error', (error) => console.error(error))
await boss.start()
const pool = new pg.Pool({ connectionString: url, max: slots })

let stopping = false
let buffer: { id: string; data: { row: string } }[] = []
let fetching: Promise<void> | undefined

const fetchMore = async () => {
  const jobs = await boss.fetch<{ row: string }>(peerQueue, { batchSize })
  if (jobs.length === 0) await sleep(20)
  buffer = buffer.concat(jobs)
}
const slot = async () => {
  while (!stopping) {
    if (buffer.length < batchSize / 2) fetching ??= fetchMore().finally(() => (fetching = undefined))
    const job = buffer.shift()
    if (!job) {
      await fetching
      continue
    }
    const client = await pool.connect()
    const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
    await client.query('begin')
    await client.query('insert into tick_rows (job_id, row) values ($1, $2)', [0, job.data.row])
    await boss.complete(peerQueue, job.id, undefined, { db })
    await client.query('commit')
    client.release()
  }
}
const running = Array.from({ length: slots }, slot)

const end = async () => {
  stopping = true
  await Promise.all(running)
  await fetching
  await pool.end()
  await boss.stop({ graceful: false })
  process.send!({ maxRssMb: process.resourceUsage().maxRSS / 1024 }, () => process.exit(0))
}
process.on('message', () => void end())
process.send!('ready')
