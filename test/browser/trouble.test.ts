import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type RawBuilder, sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { launchBrowser, openWatchedPage, type WatchedPage } from '../support/browser.ts'
import { type CuttableNetwork, startCuttableNetwork } from '../support/cuttable-network.ts'
import { ask, jobView } from '../support/job-view.ts'
import { look } from '../support/look.ts'
import { testDatabase } from '../support/postgres.ts'
import { type Program, startProgram } from '../support/program.ts'

// What the views say where there is nothing to show, and where something could not be loaded or done.
const soon = { timeout: 20_000 }
const { url: databaseUrl, db } = await testDatabase()
const token = 'a-token-of-many-letters-for-a-test'
let browser: Browser
let program: Program
let database: CuttableNetwork
let dataDir: string
let watched: WatchedPage
let page: Page

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-trouble-'))
  browser = await launchBrowser()
  database = await startCuttableNetwork(Number(new URL(databaseUrl).port))
  const DATABASE_URL = new URL(databaseUrl)
  DATABASE_URL.port = String(database.port)
  program = await startProgram({
    DATA_DIR: dataDir,
    DATABASE_URL: DATABASE_URL.href,
    MIN_DELAY_MS: '0',
    WORKERS: '1',
    API_TOKEN: token,
  })
  // The console tells of what is refused, and of answers that a test holds back.
  const expected = [/Failed to load resource/, /WebSocket connection to/]
  watched = await openWatchedPage(browser, { origins: [program.url], expected })
  page = watched.page

  // Job 1 crawls, job 2 verifies.
  for (const start of [
    `startScrapeEmails(input: { startUrls: ["http://127.0.0.1:${program.port + 1}/"] })`,
    'startVerifyEmails(input: { emails: ["ada@maker-works.com"], depth: SYNTAX })',
  ])
    await ask(program.url, `mutation { ${start} { __typename } }`, { authorization: `Bearer ${token}` })
})
afterAll(async () => {
  await watched?.close()
  await browser?.close()
  await program?.stop()
  await database?.[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

const open = (path: string) => page.goto(program.url + path)
const text = (words: string) => page.getByText(words).first().waitFor(soon)
const alert = (words: string | RegExp) => page.getByRole('alert').getByText(words)
/** Until what could not be loaded is there. */
async function tryAgain(words: string) {
  await expect
    .poll(async () => {
      // Some views ask again by themselves meanwhile.
      const again = page.getByRole('button', { name: 'Try again' })
      if ((await again.count()) > 0) await again.click({ timeout: 1_000 }).catch(() => {})
      return alert(words).count()
    }, soon)
    .toBe(0)
}

it('a browser that has not logged in, a token that is not accepted, and one that is', async () => {
  await open('/jobs/1')
  const field = page.getByLabel('Token')
  await field.fill('something else')
  await page.getByRole('button', { name: 'Log in' }).click()
  await alert('This token is not accepted.').waitFor(soon)
  expect(await page.getByRole('navigation').count(), 'there is nowhere to go').toBe(0)
  await look(page, 'login-refused')
  await field.fill(token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await jobView(page).stateIs('Completed', 60_000)
  await open('/jobs/2')
  await jobView(page).stateIs('Completed', 60_000)
})

it('what there is not: jobs, addresses, pages, kinds', async () => {
  for (const [path, words, name] of [
    ['/jobs/999', 'There is no such job', 'job-none'],
    ['/jobs/999/log', 'There is no such job', undefined],
    ['/address?email=nobody@maker-works.com', 'No job of yours has met this address', undefined],
    ['/jobs/1?address=nobody@maker-works.com', 'This job has not met this address', 'provenance-none'],
    ['/jobs/2?address=nobody@maker-works.com', 'This job has no verdict on this address', undefined],
    ['/jobs/1/pages?view=list&q=nowhere', 'No page matches', undefined],
    ['/jobs/1/pages?q=nowhere', 'No page matches', 'pages-none'],
    ['/jobs/1/log?q=nowhere', 'No event matches', 'log-none'],
    ['/jobs/2?q=nowhere', 'No verdict matches', undefined],
    ['/addresses?q=nowhere', 'No address matches', 'addresses-none'],
    ['/verification?job=999', 'No verified address here', undefined],
    ['/suppressions?q=nowhere', 'Nothing on the list matches', 'suppressions-no-match'],
    ['/jobs/new?kind=NO_SUCH_KIND', 'Verify e-mail', 'new-job-kinds'],
  ] as const) {
    await open(path)
    await text(words)
    if (name) await look(page, name)
  }
})

/** Each view with what it says where it has nothing to show. */
const views = [
  ['/jobs', 'The jobs could not be loaded'],
  ['/jobs/1', 'The job could not be loaded'],
  ['/addresses', 'The addresses could not be loaded'],
  ['/address?email=press@fernhill-instruments.com', 'The address could not be loaded'],
  ['/verification', 'The figures could not be loaded'],
  ['/suppressions', 'The suppressions could not be loaded'],
  ['/workers', 'The workers could not be loaded'],
] as const

it('every view where the database is away, and how it comes back', async () => {
  database.cut()
  for (const [path, words] of views) {
    await open(path)
    await alert(words).waitFor(soon)
  }
  await look(page, 'workers-error')
  await open('/jobs/1')
  await alert('The job could not be loaded').waitFor(soon)
  await look(page, 'job-error')
  database.mend()
  await tryAgain('The job could not be loaded')
  await page.getByRole('heading', { name: 'Sample site' }).waitFor(soon)
})

/** What a part of a job rests on is away while `then` runs, so that the server cannot answer for that part. */
async function without(part: Part, then: () => Promise<void>) {
  const table = sql.table(part.table)
  const rename = (from: string, to: string): RawBuilder<unknown> =>
    part.column
      ? sql`alter table ${table} rename column ${sql.ref(from)} to ${sql.ref(to)}`
      : sql`alter table ${sql.table(from)} rename to ${sql.raw(to)}`
  const name = part.column ?? part.table
  await rename(name, `${name}_away`).execute(db)
  try {
    await then()
  } finally {
    await rename(`${name}_away`, name).execute(db)
  }
}
interface Part {
  table: string
  column?: string
}

it('every part of a job that the server cannot read, and only it', async () => {
  for (const [part, path, words, name] of [
    [{ table: 'job_addresses' }, '/jobs/1', 'The results could not be loaded', 'results-error'],
    [{ table: 'job_verifications' }, '/jobs/2', 'The verdicts could not be loaded', undefined],
    [{ table: 'pages' }, '/jobs/1/pages?view=list', 'The pages could not be loaded', undefined],
    [{ table: 'pages' }, '/jobs/1/pages', 'The pages could not be loaded', undefined],
    [{ table: 'job_events' }, '/jobs/1/log', 'The log could not be loaded', 'log-error'],
    [{ table: 'job_events' }, '/jobs/1/log?show=state', 'The log could not be loaded', undefined],
    [{ table: 'jobs', column: 'input' }, '/jobs/1/input', 'The input could not be loaded', undefined],
    [
      { table: 'sightings' },
      '/jobs/1?address=press@fernhill-instruments.com',
      'The sightings could not be loaded',
      undefined,
    ],
    [
      { table: 'job_verifications' },
      '/jobs/2?address=ada@maker-works.com',
      'The verdict could not be loaded',
      'evidence-error',
    ],
  ] as const) {
    await without(part, async () => {
      await open(path)
      await alert(words).waitFor(soon)
      if (!path.includes('/input'))
        await alert(/log has the cause under fault/)
          .first()
          .waitFor(soon)
      if (name) await look(page, name)
    })
    await tryAgain(words)
  }
})

it('a filter of the log that the server cannot apply does not pass for one that lets nothing through', async () => {
  await open('/jobs/1/log')
  await text('Completed: ')
  await without({ table: 'job_events' }, async () => {
    await page.getByRole('button', { name: 'Retries' }).click()
    await alert('The log could not be loaded').waitFor(soon)
    // What is held fits, but it may not be all.
    await page.getByRole('button', { name: 'Findings' }).click()
    await alert('Some earlier events could not be loaded.').waitFor(soon)
    await text('2 events loaded')
    await look(page, 'log-part')
  })
  await tryAgain('Some earlier events could not be loaded.')
  await expect.poll(() => page.getByRole('log').getByRole('listitem').count(), soon).toBe(2)
  await page.getByRole('button', { name: 'Retries' }).click()
  await text('No event matches')
})

it('what the server has in memory, where its answer is lost', async () => {
  // Nothing makes the server refuse these: the fault is put in the place of its answer.
  for (const [operation, path, words] of [
    ['Settings', '/settings', 'The settings could not be loaded'],
    ['JobKinds', '/jobs/new', 'The form could not be loaded'],
  ] as const) {
    await page.route('**/graphql', (route, request) =>
      new RegExp(`query ${operation}\\b`).test(request.postData() ?? '')
        ? route.fulfill({ json: { data: null, errors: [{ message: 'Something went wrong.' }] } })
        : route.fallback(),
    )
    await open(path)
    await alert(words).waitFor(soon)
    await page.unroute('**/graphql')
    await tryAgain(words)
  }
})

it('a list that loads, and one that could not be loaded', async () => {
  let held = true
  const release = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route) => {
    await release.promise
    return held ? route.abort() : route.fallback()
  })
  await open('/jobs')
  await page
    .getByRole('status')
    .getByText('Loading jobs')
    .waitFor({ state: 'attached', ...soon })
  await look(page, 'jobs-loading')
  release.resolve()
  await text('The jobs could not be loaded')
  expect(await page.getByRole('button', { name: 'Actions' }).count(), 'on what is not there').toBe(0)
  await look(page, 'jobs-error')
  held = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await text('2 jobs')
  await page.unroute('**/graphql')
})

it('figures that take long to sum up keep nothing else waiting', async () => {
  const held = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route, request) => {
    if (request.postData()?.includes('verificationStats(')) await held.promise
    return route.fallback()
  })
  await open('/verification')
  await page.getByRole('region', { name: 'Latest verifications' }).getByRole('link').waitFor(soon)
  await page
    .getByRole('status')
    .getByText('Counting the verdicts')
    .waitFor({ state: 'attached', ...soon })
  await look(page, 'verification-counting')
  held.resolve()
  await page.getByRole('region', { name: 'By status' }).waitFor(soon)
  await page.unroute('**/graphql')
})

it('what was verified last says why there is nothing: not before it is there, and where it could not be loaded', async () => {
  const held = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route, request) => {
    if (!request.postData()?.includes('query LatestVerifications')) return route.fallback()
    await held.promise
    return route.abort()
  })
  const latest = page.getByRole('region', { name: 'Latest verifications' })
  await open('/verification?domain=nobody-is-here.com')
  await page
    .getByRole('status')
    .getByText('Counting the verdicts')
    .waitFor({ state: 'attached', ...soon })
  held.resolve()
  await latest.getByText('The jobs could not be loaded').waitFor(soon)
  await text('No verified address here')
  await page.unroute('**/graphql')
  await latest.getByRole('button', { name: 'Try again' }).click()
  await latest.getByRole('link').waitFor(soon)
})

it('figures of a job are not said to be those over all jobs while these are counted', async () => {
  await open('/verification?job=2')
  await text('1 result')
  const held = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route, request) => {
    if (request.postData()?.includes('verificationStats(')) await held.promise
    return route.fallback()
  })
  await page.getByRole('button', { name: 'Only job 2' }).click()
  await page.getByRole('region', { name: 'Latest verifications' }).waitFor(soon)
  expect(await page.getByText('over all jobs').count()).toBe(0)
  held.resolve()
  await text('1 address over all jobs')
  await page.unroute('**/graphql')
})

it('a job that another tab has deleted: refused where the page was held still, and gone when it goes on', async () => {
  await open('/jobs/2')
  await page.getByRole('button', { name: 'Live' }).click()
  await page.getByRole('button', { name: 'Held' }).waitFor(soon)
  const other = await watched.context.newPage()
  await other.goto(`${program.url}/jobs/2`)
  await other.getByRole('button', { name: 'Delete' }).click()
  await other.getByRole('dialog').getByRole('button', { name: 'Delete job' }).click()
  await other.getByText('1 job', { exact: true }).waitFor(soon)
  await other.close()

  await page.getByRole('button', { name: 'Clone' }).click()
  await alert('This job is there no more').waitFor(soon)
  await look(page, 'job-refused')
  expect(new URL(page.url()).pathname).toBe('/jobs/2')
  await page.getByRole('button', { name: 'Held' }).click()
  await text('There is no such job')
})
