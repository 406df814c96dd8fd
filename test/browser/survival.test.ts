import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

import { launchBrowser, openWatchedPage, putToSleep, type WatchedPage } from '../support/browser.ts'
import { type CuttableNetwork, startCuttableNetwork } from '../support/cuttable-network.ts'
import {
  ask,
  expectLogTruth,
  expectResultsTruth,
  expectTruth,
  foundAddresses,
  jobTruth,
  jobView,
} from '../support/job-view.ts'
import { freePortPair, type Program, startProgram } from '../support/program.ts'
import { type Site, startSite } from '../support/site.ts'

// One job runs through all of it. Its site has pages enough for that; every third one is missing, so that the log grows too.
const pages = 12_000
let browser: Browser
let program: Program
let network: CuttableNetwork
/** That of another device, which is away for a minute while the other tests go on. */
let far: CuttableNetwork
let away: WatchedPage
/** That of a laptop, which sleeps while the other tests go on. */
let laptopNetwork: CuttableNetwork
let laptop: { browser: Browser; watched: WatchedPage; wakeUp: () => void }
let site: Site
let dataDir: string
let watched: WatchedPage
let page: Page
const id = '1'
let startAgain: () => Promise<void>

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-survival-'))
  site = await startSite({
    log: false,
    handler(request, response) {
      const number = Number(/^\/p(\d+)$/.exec(request.url ?? '')?.[1] ?? NaN)
      if (request.url !== '/' && (Number.isNaN(number) || number % 3 === 0)) return response.writeHead(404).end()
      response.setHeader('content-type', 'text/html')
      if (!Number.isNaN(number)) return response.end(`<p>Write to person${number}@maker-works.com</p>`)
      return response.end(Array.from({ length: pages }, (_, i) => `<a href="/p${i + 1}">${i + 1}</a>`).join(' '))
    },
  })
  browser = await launchBrowser()
  const port = await freePortPair()
  network = await startCuttableNetwork(port)
  far = await startCuttableNetwork(port)
  laptopNetwork = await startCuttableNetwork(port)
  startAgain = async () => {
    program = await startProgram({
      DATA_DIR: dataDir,
      PORT: String(port),
      MIN_DELAY_MS: '25',
      WORKERS: '1',
      ALLOW_HOSTS: `${site.host}:${site.port}`,
      ALLOW_ORIGINS: [network, far, laptopNetwork].map((way) => `127.0.0.1:${way.port}`).join(','),
    })
  }
  await startAgain()
  const query = `mutation { startScrapeEmails(input: { startUrls: ["${site.url}/"], maxPagesPerDomain: ${pages} }) {
    ... on StartJobSuccess { job { id } } ... on UserError { message } } }`
  const started = await fetch(`${program.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const answer = await started.text()
  if (!answer.includes(`{"id":"${id}"}`)) throw new Error(answer)
})
afterAll(async () => {
  laptop?.wakeUp()
  await laptop?.watched.close()
  await laptop?.browser.close()
  await away?.close()
  await browser?.close()
  await program?.stop()
  await network?.[Symbol.asyncDispose]()
  await far?.[Symbol.asyncDispose]()
  await laptopNetwork?.[Symbol.asyncDispose]()
  await site?.close()
  await rm(dataDir, { recursive: true, force: true })
})
/** The console tells of the connections that a test breaks. */
const expected = [/WebSocket connection to/, /ERR_(CONNECTION|EMPTY|NETWORK|INTERNET)/, /Failed to load resource/]
beforeEach(async () => {
  watched = await openWatchedPage(browser, { origins: [program.url, network.url], expected })
  page = watched.page
  await page.goto(`${network.url}/jobs/${id}`)
  await jobView(page).stateIs('Running')
})
afterEach(async (context) => {
  if (context.task.result?.state === 'fail')
    await page.screenshot({ path: join(tmpdir(), 'mailquarry-failed.png') }).catch(() => {})
  await watched.close()
})

const soon = { timeout: 20_000 }
const cutFor = 60_000
let cutAt: number
const badge = (words: string) => page.getByRole('button', { name: words })
/** More has happened than the page can have heard of. */
async function wentOn(items = 20) {
  const { progress } = await jobTruth(program.url, id)
  await expect
    .poll(async () => (await jobTruth(program.url, id)).progress.done, soon)
    .toBeGreaterThan(progress.done + items)
}

async function loadWholeLog(log: Page) {
  const earlier = log.getByRole('button', { name: 'Load earlier' })
  await log.getByText(/\d findings? in \d/).waitFor(soon)
  await expect
    .poll(async () => {
      if ((await earlier.count()) > 0) await earlier.click({ timeout: 1_000 }).catch(() => {})
      return earlier.count()
    }, soon)
    .toBe(0)
}

/** Two pages of the job are right in all that they show. */
async function expectAllTruth(results: Page, log: Page) {
  await Promise.all([
    expectTruth(results, program.url, id),
    expectResultsTruth(results, program.url, id),
    expectTruth(log, program.url, id),
    expectLogTruth(log, program.url, id),
  ])
}

it('loses the network of another device in the middle of the job', async () => {
  away = await openWatchedPage(browser, { origins: [far.url], expected })
  const log = await away.context.newPage()
  await away.page.goto(`${far.url}/jobs/${id}`)
  await log.goto(`${far.url}/jobs/${id}/log`)
  await jobView(log).stateIs('Running')
  await expectTruth(away.page, program.url, id)
  far.cut()
  cutAt = performance.now()
  await away.page.getByRole('button', { name: 'Reconnecting' }).waitFor(soon)
})

it('shows the truth after a refresh, and in a new tab when the old one was closed', async () => {
  await page.reload()
  await expectTruth(page, program.url, id)
  await page.close()
  await wentOn()
  page = await watched.context.newPage()
  await page.goto(`${network.url}/jobs/${id}`)
  await expectTruth(page, program.url, id)
})

it('says that it reconnects while the network is cut, and shows the truth when it is back', async () => {
  network.cut()
  await badge('Reconnecting').waitFor(soon)
  // All rows on the screen are old ones by then.
  await wentOn(200)
  network.mend()
  await Promise.all([expectTruth(page, program.url, id), expectResultsTruth(page, program.url, id)])
  await badge('Live').waitFor(soon)
})

it('shows the truth when the server was killed and started again', async () => {
  await program.kill()
  await badge('Reconnecting').waitFor(soon)
  await startAgain()
  await expectTruth(page, program.url, id)
  await jobView(page).stateIs('Running')
})

it('goes to sleep on a laptop whose network forgets it', async () => {
  const own = await launchBrowser()
  const seen = await openWatchedPage(own, { origins: [laptopNetwork.url], expected })
  laptop = { browser: own, watched: seen, wakeUp: () => {} }
  const log = await seen.context.newPage()
  await seen.page.goto(`${laptopNetwork.url}/jobs/${id}`)
  await log.goto(`${laptopNetwork.url}/jobs/${id}/log`)
  await loadWholeLog(log)
  await Promise.all([expectTruth(seen.page, program.url, id), expectLogTruth(log, program.url, id)])
  expect(laptopNetwork.held()).toBeGreaterThan(0)
  laptop.wakeUp = await putToSleep(own)
  laptopNetwork.forget()
})

it('stays as it is while somebody holds it still, and catches up when they go on', async () => {
  await badge('Live').click()
  await badge('Held').waitFor(soon)
  const held = await jobView(page).figure('Done')
  await wentOn()
  expect(await jobView(page).figure('Done')).toBe(held)
  await badge('Held').click()
  await expectTruth(page, program.url, id)
})

it('shows the truth in progress, log and results when the network was cut for a minute', async () => {
  const [results, log] = away.context.pages()
  await expect.poll(() => performance.now() - cutAt, { timeout: cutFor + 5_000 }).toBeGreaterThan(cutFor)
  expect(await results!.getByRole('button', { name: 'Reconnecting' }).count()).toBe(1)
  far.mend()
  await expectAllTruth(results!, log!)
})

it('shows the truth in progress, log and results when the laptop wakes up, long given up by the server', async () => {
  const [results, log] = laptop.watched.context.pages()
  await expect.poll(() => laptopNetwork.held(), { timeout: 40_000 }).toBe(0)
  laptop.wakeUp()
  // It is awake once its pages run again.
  for (const page of [results!, log!]) await page.evaluate(() => true)
  await expectAllTruth(results!, log!)
})

it('takes back what it showed when the server refuses an action', async () => {
  // Held still, the page does not hear that somebody else has cancelled the job.
  await badge('Live').click()
  await badge('Held').waitFor(soon)
  await ask(program.url, `mutation { cancelJob(id: ${id}) { __typename } }`)
  await expect.poll(async () => (await jobTruth(program.url, id)).state, soon).toBe('CANCELLED')
  const looked = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route, request) => {
    if (request.postData()?.includes('pauseJob')) await looked.promise
    return route.fallback()
  })
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await jobView(page).stateIs('Pausing', 3_000)
  looked.resolve()
  await page
    .getByRole('alert')
    .getByText(/cancelled/i)
    .waitFor(soon)
  await jobView(page).stateIs('Running', 3_000)

  await badge('Held').click()
  await jobView(page).stateIs('Cancelled', 3_000)
  await page.getByRole('button', { name: 'Resume' }).click()
  await jobView(page).stateIs('Running')
})

it('tells both of two tabs, and has neither a gap nor a double after all that', async () => {
  const other = await watched.context.newPage()
  await other.goto(`${network.url}/jobs/${id}`)
  await jobView(other).stateIs('Running')
  await other.getByRole('button', { name: 'Cancel', exact: true }).click()
  await other.getByRole('dialog').getByRole('button', { name: 'Cancel job' }).click()
  await jobView(other).stateIs('Cancelled')
  await jobView(page).stateIs('Cancelled', 3_000)
  await other.close()

  const { lastSeq, progress } = await jobTruth(program.url, id)
  expect(await jobView(page).figure('Results')).toBe(progress.results)
  // Every third page was a finding: the log is longer than a page of it, and was followed through everything.
  expect(progress.failed).toBeGreaterThan(50)
  await page.getByRole('link', { name: /^Log/ }).click()
  const whole = `${progress.failed.toLocaleString('en')} findings in ${lastSeq.toLocaleString('en')} events loaded`
  await loadWholeLog(page)
  await expect.poll(() => page.getByText(/\d findings? in/).innerText(), soon).toBe(whole)

  // The results, page by page, are those that the server has, in their order.
  const found = await foundAddresses(program.url, id)
  expect(found).toHaveLength(progress.results)
  expect(new Set(found).size).toBe(found.length)
  await page.goto(`${network.url}/jobs/${id}?order=address`)
  const pageSize = 50
  for (let from = 0; from < Math.min(found.length, 6 * pageSize); from += pageSize) {
    if (from > 0) await page.getByRole('button', { name: 'Next' }).click()
    await expect.poll(() => jobView(page).results(), soon).toEqual(found.slice(from, from + pageSize))
  }
})
