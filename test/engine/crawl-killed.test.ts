import type { ChildProcess } from 'node:child_process'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import type { Engine } from '../../jobs/engine.ts'
import { crawlRows } from '../support/crawl-rows.ts'
import {
  forkWorker,
  jobEnds,
  kill,
  openTestEngine,
  owner,
  sound,
  soundness,
  stateOf,
  until,
} from '../support/engine.ts'
import { type GeneratedSite, startGeneratedSite } from '../support/generated-site.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'

let database: TestDatabase
let site: GeneratedSite
let engine: Engine
let allowHosts: string[]
let workers: ChildProcess[] = []

beforeAll(async () => {
  database = await testDatabase()
  site = await startGeneratedSite({
    seed: 7,
    hosts: 3,
    pagesPerHost: 120,
    linksPerPage: 12,
    pageBytes: 4_000,
    delayMs: 30,
  })
  allowHosts = site.startUrls.map((url) => new URL(url).host)
  engine = await openTestEngine(database.url, database.db, { ownHosts: allowHosts })
})
afterAll(async () => {
  await Promise.all(workers.map((one) => kill(one)))
  await engine.close()
  await site.close()
  await database.close()
})

const crawl = () =>
  startJob(engine, {
    kind: 'scrape-emails',
    owner,
    input: { startUrls: site.startUrls, maxPagesPerDomain: 10_000, minDelayMs: 0 },
  })
const worker = () => forkWorker({ url: database.url, slots: 5, allowHosts })

it('a crawl whose worker is killed goes on by itself within 15 s and finds what an undisturbed one finds', async () => {
  workers = [await worker(), await worker()]
  const undisturbed = await crawl()
  await jobEnds(database.db, undisturbed.jobId)

  const { jobId } = await crawl()
  const pagesDone = async () =>
    (await database.db.selectFrom('jobs').select('done').where('id', '=', jobId).executeTakeFirstOrThrow()).done
  for (const enough of [20, 80, 160]) {
    await until(`${enough} pages are done`, async () => (await pagesDone()) >= enough)
    await kill(workers.shift()!)
    const before = await pagesDone()
    const ended = async () => (await stateOf(database.db, jobId)) === 'COMPLETED'
    await until('it goes on', async () => (await pagesDone()) > before || (await ended()), 15_000)
    workers = [...workers, await worker()]
  }
  await jobEnds(database.db, jobId)

  expect(await soundness(database.db, jobId)).toEqual(sound)
  expect(await crawlRows(database.db, jobId)).toEqual(await crawlRows(database.db, undisturbed.jobId))
  const placed = new Set([...site.placed()].map(({ address }) => address))
  expect((await crawlRows(database.db, jobId)).addresses.map((row) => row.address)).toEqual([...placed].sort())
})
