import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Kysely, sql } from 'kysely'
import { afterEach, describe, expect, test } from 'vitest'

import { type Database, openDatabase } from '../../db/database.ts'
import { type Embedded, startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import type { DB } from '../../db/types.ts'
import { startJob } from '../../jobs/control.ts'
import type { Engine } from '../../jobs/engine.ts'
import { forkWorker, jobEnds, kill, openTestEngine, owner, sound, soundness, until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'
import { startSite } from '../support/site.ts'

// What is wrong around the engine: its database goes away, its disk is full, its clock lies.

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface OwnServer {
  database: Database
  engine: Engine
  url: string
  server: Embedded
  start(): Promise<void>
  worker(): Promise<ChildProcess>
}

/** A Postgres that a test may do harm to, with a queue and a relay. */
async function ownServer(dataDir: string): Promise<OwnServer> {
  let server = await startEmbedded({ dataDir, durable: false })
  closing.push(() => server.stop())
  const { url, port } = server
  await migrate(url)
  const database = openDatabase(url, { max: 3 })
  closing.push(() => database.close())
  await createRelayTables(database.db)
  const engine = await openTestEngine(url, database.db)
  closing.push(() => engine.close())
  return {
    database,
    engine,
    url,
    get server() {
      return server
    },
    async start() {
      server = await startEmbedded({ dataDir, durable: false, port })
    },
    async worker() {
      const child = await forkWorker({ url, slots: 10 })
      closing.push(() => kill(child))
      return child
    },
  }
}

const stepsOf = async (db: Kysely<DB>, jobId: number) =>
  (await db.selectFrom('jobs').select('steps').where('id', '=', jobId).executeTakeFirstOrThrow()).steps

const failuresOf = async (db: Kysely<DB>, jobId: number) => {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from job_events where job_id = ${jobId} and type = 'finding'`.execute(db)
  return rows[0]!.n
}

describe('Postgres', () => {
  test('that is stopped and started again finds its workers back at work, and nothing counts against an item', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'mailquarry-restart-'))
    closing.push(() => rm(dataDir, { recursive: true, force: true }))
    const own = await ownServer(dataDir)
    const workers = [await own.worker(), await own.worker()]
    const { jobId } = await startJob(own.engine, { kind: 'relay', input: { shards: 40, steps: 25, stepMs: 30 }, owner })
    const { db } = own.database
    await until('some steps are in', async () => (await stepsOf(db, jobId)) > 100)
    await own.server.stop()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await own.start()
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    expect(await failuresOf(db, jobId)).toBe(0)
    expect(workers.map((child) => child.exitCode)).toEqual([null, null])
  })
})

describe('a disk', () => {
  test('that is full stops all jobs where they are, and they go on when there is room again', async ({ skip }) => {
    const disk = smallDisk(200)
    if (!disk) return skip('not tested here: a small disk has to be mounted for it, which only root may do, on Linux')
    closing.push(() => Promise.resolve(execFileSync('umount', ['--lazy', disk])))
    const own = await ownServer(join(disk, 'data'))
    const { db } = own.database
    await own.worker()
    const { jobId } = await startJob(own.engine, {
      kind: 'relay',
      input: { shards: 40, steps: 60, stepMs: 60, rowsPerStep: 200 },
      owner,
    })
    await until('some steps are in', async () => (await stepsOf(db, jobId)) > 100)

    const ballast = join(disk, 'ballast')
    const { bavail, bsize } = await statfs(disk)
    // The last write fails, as it should: nothing is left then, but for what Postgres gives back and takes again.
    await writeFile(ballast, Buffer.alloc(bavail * bsize + 1_000_000)).catch(() => {})
    // Where its log has no room either, Postgres ends: nothing can be stored then.
    const steps = () => stepsOf(db, jobId).catch(() => undefined)
    let before: number | undefined = -1
    await until(
      'nothing can be stored any more',
      async () => {
        const now = await steps()
        const stands = now === before
        before = now
        await new Promise((resolve) => setTimeout(resolve, 2_000))
        return stands
      },
      60_000,
    )
    const meanwhile = await soundness(db, jobId).catch(() => undefined)
    if (meanwhile) expect(meanwhile).toMatchObject({ state: 'RUNNING', finishes: 0, stepsAgree: true })

    await rm(ballast)
    if ((await steps()) === undefined) {
      await own.server.stop().catch(() => {})
      await own.start()
    }
    await jobEnds(db, jobId, 90_000)
    expect(await soundness(db, jobId)).toEqual(sound)
    expect(await failuresOf(db, jobId)).toBe(0)
  }, 150_000)
})

describe('workers whose clocks are an hour fast and an hour slow', () => {
  const hour = 3_600_000

  test('wait and try again by the length of time that was meant, and end the job', async () => {
    const { db, url } = await testDatabase()
    await createRelayTables(db)
    const engine = await openTestEngine(url, db)
    closing.push(() => engine.close())
    for (const clockOffMs of [hour, -hour]) {
      const child = await forkWorker({ url, slots: 4, clockOffMs })
      closing.push(() => kill(child))
    }
    const startedAt = performance.now()
    const { jobId } = await startJob(engine, {
      kind: 'relay',
      input: { shards: 20, steps: 4, letterEvery: 0, laterMs: 2_000, poison: 's000003-1-1' },
      owner,
    })
    await until('all shards wait', async () => {
      const { rows } = await sql<{ least: number; most: number; n: number }>`
        select count(*)::int as n, min(extract(epoch from wait_until - now()))::float8 as least,
          max(extract(epoch from wait_until - now()))::float8 as most
        from job_shards where job_id = ${jobId} and state = 'WAITING'`.execute(db)
      const { n, most } = rows[0]!
      if (n > 0) expect(most).toBeLessThanOrEqual(2)
      return n >= 10
    })
    await jobEnds(db, jobId)
    expect(performance.now() - startedAt).toBeGreaterThan(2_000)
    expect(await soundness(db, jobId)).toEqual(sound)
    // the poisoned item, after its third failure
    expect(await failuresOf(db, jobId)).toBe(1)
  })

  test('ask one host one after the other, with the pause between', async () => {
    const { db, url } = await testDatabase()
    const pages = Object.fromEntries(
      Array.from({ length: 7 }, (_, i) => [i === 0 ? '/' : `/p${i}`, `<a href="/p${i + 1}">next</a> x${i}@maker.com`]),
    )
    const site = await startSite({ pages })
    closing.push(() => site.close())
    const allowHosts = [new URL(site.url).host]
    const engine = await openTestEngine(url, db, { ownHosts: allowHosts })
    closing.push(() => engine.close())
    for (const clockOffMs of [hour, -hour]) {
      const child = await forkWorker({ url, slots: 4, allowHosts, clockOffMs })
      closing.push(() => kill(child))
    }
    const input = { startUrls: [`${site.url}/`], minDelayMs: 150 }
    const jobs = [
      await startJob(engine, { kind: 'scrape-emails', input, owner }),
      await startJob(engine, { kind: 'scrape-emails', input, owner }),
    ]
    for (const { jobId } of jobs) {
      await jobEnds(db, jobId)
      expect(await soundness(db, jobId)).toEqual(sound)
    }
    expect(site.maxConcurrent()).toBe(1)
    const fetched = site.requests.filter(({ path }) => path !== '/robots.txt').map(({ atMs }) => atMs)
    expect(fetched.length).toBeGreaterThanOrEqual(14)
    const pauses = fetched.slice(1).map((at, i) => at - fetched[i]!)
    // timers may fire a little early
    expect(Math.min(...pauses)).toBeGreaterThan(140)
  })
})

function smallDisk(megabytes: number): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'mailquarry-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], { stdio: 'ignore' })
    return dir
  } catch {
    return undefined
  }
}
