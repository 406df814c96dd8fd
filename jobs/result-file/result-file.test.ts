import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'

import { sql } from 'kysely'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

import { openBlobFolder } from '../../db/blob-folder.ts'
import type { Blobs } from '../../db/blobs.ts'
import { openCopyOut } from '../../db/copy-out.ts'
import { resultFilesOf, wantResultFiles } from '../../db/result-files.ts'
import { until } from '../../test/support/engine.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { addAddresses, addJob } from '../../test/support/rows.ts'
import { testBlobFolder } from '../../test/support/test-folders.ts'
import { gradeOf } from '../engines/page/quality.ts'
import { forgetAddress } from '../suppression/forget.ts'
import { resultFile } from './content.ts'
import { keepResultFiles, removeResultFiles } from './keep.ts'

const { db, url } = await testDatabase()
const folder = testBlobFolder(new URL(url).pathname.slice(1))

beforeEach(async () => {
  await sql`truncate jobs, job_addresses, sightings, addresses cascade`.execute(db)
})

interface ResultFile {
  job_id: string
  emails: Record<string, unknown>[]
  total_count: number
  not_addresses?: number
  last_updated: number
  worker_stats: Record<string, { done: number; emails: number }>
}

function openStores(blobs: Blobs = openBlobFolder(folder)) {
  const copyOut = openCopyOut(url, db)
  onTestFinished(() => copyOut.close())
  return { db, blobs, copyOut }
}

const fileOf = async (jobId: number) =>
  JSON.parse(await readFile(join(folder, 'results', `job_${jobId}.json`), 'utf8')) as ResultFile
const emailsOf = async (jobId: number) => (await fileOf(jobId)).emails.map(({ email }) => email)

let group = 1_000
/** As a step does. */
async function find(jobId: number, addresses: string[], source = 'https://example.com/') {
  const groupId = group++
  await addAddresses(
    db,
    jobId,
    { seq: groupId, groupId },
    addresses.map((address) => ({ address, sources: [source], confidence: 0.85, quality: 'high' })),
  )
  await sql`update jobs set results = results + ${addresses.length}, steps = steps + 1 where id = ${jobId}`.execute(db)
}

async function stop(jobId: number, state: 'PAUSED' | 'COMPLETED') {
  await db.transaction().execute(async (trx) => {
    await sql`update jobs set state = ${state} where id = ${jobId}`.execute(trx)
    await wantResultFiles(trx, [jobId])
  })
}

const names = (count: number, prefix = 'a') => Array.from({ length: count }, (_, i) => `${prefix}${i}@example.com`)

test('a crawl: each address with its place, its time and its worker, in the order in which they were found', async () => {
  const jobId = await addJob(db)
  await find(jobId, ['zoe@example.com', 'ann@example.com'], 'https://example.com/"team"?ä')
  await sql`insert into job_workers (job_id, worker_id, done) values (${jobId}, 'worker-1', 7), (${jobId}, 'idle "2"', 1)`.execute(
    db,
  )
  const file = (await json(contentOf(jobId))) as ResultFile
  const now = Date.now() / 1_000
  const { rows } = await sql<{ at: number }>`
    select floor(extract(epoch from found_at))::bigint as at from job_addresses where job_id = ${jobId} limit 1`.execute(
    db,
  )
  const about = {
    quality: 'high',
    confidence: 0.85,
    source_url: 'https://example.com/"team"?ä',
    timestamp: rows[0]!.at,
  }
  expect(file).toEqual({
    job_id: String(jobId),
    emails: [
      { email: 'zoe@example.com', ...about, worker_id: 'worker-1' },
      { email: 'ann@example.com', ...about, worker_id: 'worker-1' },
    ],
    total_count: 2,
    last_updated: expect.closeTo(now, -1),
    worker_stats: { 'worker-1': { done: 7, emails: 2 }, 'idle "2"': { done: 1, emails: 0 } },
  })
})

test('a verification: its addresses with their verdicts, graded as sightings are', async () => {
  const jobId = await addJob(db, { kind: 'verify-emails' })
  await sql`insert into job_groups (job_id, step, group_id, worker_id) values (${jobId}, 1, 5, 'worker-9')`.execute(db)
  const scores = [95, 75, 74, 50, 49, 0]
  await sql`insert into job_verifications (job_id, domain, address, position, group_id, place, status, reason, score, flags, depth, engine, checked_at, failed, from_store)
    select ${jobId}::bigint, 'example.com', 'a' || n || '@example.com', n, 5, n, 'RISKY', 'catch_all', score, '{}'::text[], 'SMTP', 'builtin', to_timestamp(1700000000.9), false, false
    from unnest(${scores}::int[]) with ordinality s(score, n)
    union all select ${jobId}::bigint, '', 'no address', 99, 5, 99, 'INVALID', 'syntax_invalid', 0, '{}'::text[], 'SYNTAX', 'builtin', now(), false, false`.execute(
    db,
  )
  const { emails, total_count, not_addresses, worker_stats } = (await json(contentOf(jobId))) as ResultFile
  expect(emails).toEqual(
    scores.map((score, i) => ({
      email: `a${i + 1}@example.com`,
      quality: gradeOf(score / 100),
      confidence: score / 100,
      source_url: null,
      timestamp: 1_700_000_000,
      status: 'RISKY',
      reason: 'catch_all',
      score,
      worker_id: 'worker-9',
    })),
  )
  expect([total_count, not_addresses]).toEqual([scores.length, 1])
  expect(worker_stats).toEqual({ 'worker-9': { done: 0, emails: scores.length } })
})

test('a job without results is an empty list, and long ones are whole', async () => {
  const jobId = await addJob(db)
  expect(await json(contentOf(jobId))).toMatchObject({ emails: [], total_count: 0, worker_stats: {} })
  await find(jobId, names(8_000))
  const file = (await json(contentOf(jobId))) as ResultFile
  expect(file.emails.map(({ email }) => email)).toEqual(names(8_000))
  expect(file).toMatchObject({ total_count: 8_000, worker_stats: { 'worker-1': { emails: 8_000 } } })
})

function contentOf(jobId: number) {
  return Readable.from(resultFile(openStores(), jobId), { objectMode: false })
}

test('a file appears with the first results, is fresh when the job stops, and all of a run are less than three times its size', async () => {
  const written: number[] = []
  const folderStore = openBlobFolder(folder)
  const stores = openStores({
    ...folderStore,
    async put(key, source) {
      const sizeBytes = await folderStore.put(key, source)
      written.push(sizeBytes)
      return sizeBytes
    },
  })
  const jobId = await addJob(db)
  await keepResultFiles(stores)
  expect(written).toEqual([])
  let total = 0
  const grow = async (steps: number, perStep: (i: number) => number) => {
    for (let i = 0; i < steps; i++) {
      const count = perStep(i)
      // What comes later is shorter or longer than what came before.
      await find(jobId, names(count, `n${total}-`), `https://example.com/${'x'.repeat(i % 2 === 0 ? 0 : 400)}`)
      total += count
      // As if time had passed: what is looked at here are bytes.
      await sql`update result_files set took_ms = 0, made_at = made_at - interval '5 s'`.execute(db)
      await keepResultFiles(stores)
      expect(await emailsOf(jobId)).not.toEqual([])
    }
  }
  const runTotal = () => written.splice(0).reduce((sum, bytes) => sum + bytes, 0)

  await grow(1, () => 1)
  expect(await emailsOf(jobId)).toEqual(['n0-0@example.com'])
  await grow(60, (i) => 1 + i * 3)
  expect(written.length).toBeGreaterThan(5)
  await stop(jobId, 'PAUSED')
  await keepResultFiles(stores)
  expect((await fileOf(jobId)).total_count).toBe(total)
  const { sizeBytes } = (await resultFilesOf(db, [jobId])).get(jobId)![0]!
  expect(runTotal()).toBeLessThan(3 * sizeBytes)
  await keepResultFiles(stores)
  expect(written).toEqual([])

  // It goes on: nothing new, nothing written.
  await sql`update jobs set state = 'RUNNING' where id = ${jobId}`.execute(db)
  await keepResultFiles(stores)
  expect(written).toEqual([])
  await grow(40, () => 400)
  expect(written.length).toBeGreaterThan(1)
  await stop(jobId, 'COMPLETED')
  await keepResultFiles(stores)
  expect((await fileOf(jobId)).total_count).toBe(total)
  expect(runTotal()).toBeLessThan(3 * (await resultFilesOf(db, [jobId])).get(jobId)![0]!.sizeBytes)
})

test.each([
  { took: 1_000, rests: 20 },
  { took: 5, rests: 5 },
])('while it runs, a file that took $took ms is left for $rests s', async ({ took, rests }) => {
  const stores = openStores()
  const jobId = await addJob(db)
  await find(jobId, names(10))
  await keepResultFiles(stores)
  await find(jobId, names(1_000, 'b'))
  const madeAgo = (seconds: number) =>
    sql`update result_files set took_ms = ${took}, made_at = now() - ${seconds} * interval '1 s' where job_id = ${jobId}`.execute(
      db,
    )
  await madeAgo(rests - 1)
  await keepResultFiles(stores)
  expect((await fileOf(jobId)).total_count).toBe(10)
  await madeAgo(rests + 1)
  await keepResultFiles(stores)
  expect((await fileOf(jobId)).total_count).toBe(1_010)
})

/** A store whose puts wait, in the middle, until they are let go. */
function slowStore() {
  const begun = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  onTestFinished(() => goOn.resolve())
  const store = openBlobFolder(folder)
  const slow: Blobs = {
    ...store,
    put: (key, source) =>
      store.put(
        key,
        (async function* () {
          for await (const chunk of source) {
            yield chunk
            begun.resolve()
            await goOn.promise
          }
        })(),
      ),
  }
  return { slow, begun: begun.promise, goOn: () => goOn.resolve() }
}

async function lockWaiters(): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`.execute(db)
  return rows[0]!.n
}

test('nobody makes a file that somebody is making, and what has come meanwhile is in the next', async () => {
  const jobId = await addJob(db)
  await find(jobId, names(3))
  const { slow, begun, goOn } = slowStore()
  const making = keepResultFiles(openStores(slow))
  await begun
  await find(jobId, names(2, 'late'))
  await stop(jobId, 'COMPLETED')
  await keepResultFiles(openStores())
  await expect(fileOf(jobId)).rejects.toThrow('ENOENT')
  goOn()
  await making
  await keepResultFiles(openStores())
  expect(await emailsOf(jobId)).toEqual([...names(3), ...names(2, 'late')])
})

test('a worker that stops leaves the old file', async () => {
  const jobId = await addJob(db)
  await find(jobId, names(3))
  await keepResultFiles(openStores())
  await find(jobId, names(5_000, 'b'))
  await stop(jobId, 'PAUSED')
  const { slow, begun, goOn } = slowStore()
  const stopping = new AbortController()
  const making = keepResultFiles(openStores(slow), stopping.signal)
  await begun
  stopping.abort(new Error('shutdown'))
  goOn()
  await expect(making).rejects.toThrow('shutdown')
  expect(await emailsOf(jobId)).toEqual(names(3))
  expect((await readdir(join(folder, 'results'))).filter((name) => name.startsWith('.'))).toEqual([])
})

test('the file of a deleted job goes, also one that is being made', async () => {
  const jobId = await addJob(db)
  await find(jobId, names(3))
  const { slow, begun, goOn } = slowStore()
  const making = keepResultFiles(openStores(slow))
  await begun
  await sql`update jobs set state = 'DELETED' where id = ${jobId}`.execute(db)
  const removing = removeResultFiles(openStores(), [jobId])
  await until('it waits', async () => (await lockWaiters()) === 1)
  goOn()
  await Promise.all([making, removing])
  await expect(fileOf(jobId)).rejects.toThrow('ENOENT')
  await keepResultFiles(openStores())
  await expect(fileOf(jobId)).rejects.toThrow('ENOENT')
})

test.each(['ada@lovelace.example', '"a b\\"c"@q.example', 'ädä@xn--mller-kva.example'])(
  '%s is forgotten in all files, whoever makes one from what was there before',
  async (address) => {
    const stores = openStores()
    const jobId = await addJob(db)
    await find(jobId, [address, 'b@example.com'])
    await keepResultFiles(stores)
    const linked = await addJob(db)
    await find(linked, ['c@example.com'], `https://example.com/?to=${encodeURIComponent(address)}`)
    await keepResultFiles(stores)
    const late = await addJob(db)
    await find(late, ['d@example.com', address])
    const { slow, begun, goOn } = slowStore()
    const making = keepResultFiles(openStores(slow))
    await begun
    const forgetting = forgetAddress(stores, address, 'request 1')
    await until('it waits', async () => (await lockWaiters()) === 1)
    goOn()
    await Promise.all([making, forgetting])
    expect(await emailsOf(jobId)).toEqual(['b@example.com'])
    expect(await emailsOf(late)).toEqual(['d@example.com'])
    expect((await fileOf(linked)).emails).toMatchObject([{ source_url: 'https://example.com/?to=[forgotten]' }])
  },
)
