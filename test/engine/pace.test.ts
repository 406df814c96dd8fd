import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import type { Engine } from '../../jobs/engine.ts'
import { html, links } from '../support/crawl-bench.ts'
import { forkWorker, jobEnds, kill, openTestEngine, owner, sound, soundness, until } from '../support/engine.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { type Answer, type Site, startSite } from '../support/site.ts'

const allowHosts = ['127.0.0.1']
const delayMs = 200

let database: TestDatabase
let engine: Engine
let workers: ChildProcess[] = []
let sites: Site[] = []

beforeAll(async () => {
  database = await testDatabase()
  engine = await openTestEngine(database.url, database.db, { ownHosts: allowHosts })
})
afterEach(async () => {
  await Promise.all(workers.map((one) => kill(one)))
  await Promise.all(sites.map((site) => site.close()))
  workers = []
  sites = []
})
afterAll(async () => {
  await engine.close()
  await database.close()
})

const fork = async (count: number, hostsPerAddress?: number) => {
  const options = { url: database.url, slots: 5, allowHosts, hostsPerAddress }
  workers = await Promise.all(Array.from({ length: count }, () => forkWorker(options)))
}
const crawl = async (startUrls: string[]) => {
  const input = { startUrls, maxPagesPerDomain: 100, minDelayMs: delayMs, sitemap: 'skip' }
  return (await startJob(engine, { kind: 'scrape-emails', owner, input })).jobId
}

it('two jobs of four processes ask one host over one connection at a time and never without the pause, also when one is killed', async () => {
  const paths = Array.from({ length: 9 }, (_, i) => `/p${i}`)
  const slowly: Answer = async (_request, response, signal) => {
    await sleep(20, undefined, { signal })
    response.end(html(links(...paths)))
  }
  const site = await startSite({ pages: Object.fromEntries(['/', ...paths].map((path) => [path, slowly])) })
  sites = [site]
  await fork(4)
  const jobs = [await crawl([`${site.url}/`]), await crawl([`${site.url}/`])]
  await until('both jobs have asked', async () => site.hits('/') === 2)
  // Whoever has the host is among them.
  const holders = await database.db.selectFrom('origins').select('leased_by').where('lease', 'is not', null).execute()
  const rows = await database.db.selectFrom('workers').select(['id', 'pid']).execute()
  const pid = rows.find(({ id }) => id === holders[0]?.leased_by)?.pid
  await kill(workers.find((one) => one.pid === pid) ?? workers[0]!)
  for (const jobId of jobs) {
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
  }
  expect(site.requests.length).toBeGreaterThanOrEqual(21)
  expect(site.maxConcurrent()).toBe(1)
  expect(site.maxConnections()).toBe(1)
  const gaps = site.requests.slice(1).map(({ atMs }, i) => atMs - site.requests[i]!.atMs)
  // From the end of an answer, which took 20 ms itself, to the next request.
  expect(Math.min(...gaps.filter((_, i) => site.requests[i]!.path !== '/robots.txt'))).toBeGreaterThanOrEqual(
    delayMs + 20,
  )
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(delayMs)
})

it('of many hosts at one address no more are asked at a time than may be, and all get their turn', async () => {
  let open = 0
  let most = 0
  const counted: Answer = async ({ url }, response, signal) => {
    most = Math.max(most, ++open)
    response.once('close', () => open--)
    await sleep(50, undefined, { signal })
    response.end(url === '/' ? html(links('/a', '/b')) : html(''))
  }
  sites = await Promise.all(Array.from({ length: 5 }, () => startSite({ handler: counted })))
  await fork(2, 2)
  const jobId = await crawl(sites.map(({ url }) => `${url}/`))
  await jobEnds(database.db, jobId)
  expect(await soundness(database.db, jobId)).toEqual(sound)
  expect(sites.map(({ requests }) => requests.length)).toEqual([4, 4, 4, 4, 4])
  expect(most).toBe(2)
})
