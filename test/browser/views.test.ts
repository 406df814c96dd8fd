import { mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { launchBrowser, openWatchedPage, type WatchedPage } from '../support/browser.ts'
import { type Dns, startDns } from '../support/dns.ts'
import { jobView } from '../support/job-view.ts'
import { type Program, startProgram } from '../support/program.ts'

// Each named view at two widths, light and dark, with a look at what a screen reader meets. The pictures are for people to judge.
const folder = join(import.meta.dirname, 'screenshots')
const soon = { timeout: 20_000 }
let browser: Browser
let program: Program
let dns: Dns
let dataDir: string
let watched: WatchedPage
let page: Page

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-views-'))
  browser = await launchBrowser()
  dns = await startDns({
    zone: {
      'fernhill-instruments.com': { mx: [[10, 'mx.fernhill-instruments.com']] },
      'mx.fernhill-instruments.com': { a: ['203.0.114.10'] },
      'silent-works.com': { mx: [[0, '.']] },
      'broken-works.com': { trouble: { what: 'servfail' } },
    },
  })
  program = await startProgram({
    DATA_DIR: dataDir,
    MIN_DELAY_MS: '600',
    WORKERS: '1',
    DNS_SERVERS: dns.server,
    // Not asked: nobody starts a job with it.
    REACHER_BASE_URL: 'http://127.0.0.1:9/',
  })
  // The console tells of answers that a test holds back.
  watched = await openWatchedPage(browser, { origins: [program.url], expected: [/Failed to load resource/] })
  page = watched.page
})
afterAll(async () => {
  await watched?.close()
  await browser?.close()
  await program?.stop()
  await dns?.close()
  await rm(dataDir, { recursive: true, force: true })
})

const looks = [
  { width: 1280, height: 860, colorScheme: 'light' },
  { width: 1280, height: 860, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'light' },
] as const

let looked = 0
/** Pictures of what is shown, none wider than its screen, and no serious finding of axe, in one of them by turns. */
async function look(name: string) {
  for (const [index, { width, height, colorScheme }] of looks.entries()) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    await page.waitForFunction(
      (dark) => document.documentElement.classList.contains('dark') === dark,
      colorScheme === 'dark',
    )
    // The class is there a frame before its colours are.
    await page.evaluate(
      () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))),
    )
    await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), animations: 'disabled' })
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(wider, `${name} at ${width} px is wider than its screen`).toBeLessThanOrEqual(0)
    if (index === looked % looks.length) await expectAccessible(name)
  }
  looked++
  await page.setViewportSize({ width: 1280, height: 860 })
  await page.emulateMedia({ colorScheme: 'light' })
}

async function expectAccessible(name: string) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`),
    name,
  ).toEqual([])
}

const open = (path: string) => page.goto(program.url + path)
const view = jobView
const text = (words: string | RegExp) => page.getByText(words).first().waitFor(soon)

it('loads less than 200 kB before the first view, and the charts later', async () => {
  const sizes = new Map<string, number>()
  const urls: string[] = []
  const note = (response: { url(): string }) => {
    if (/\.(?:js|css)$/.test(new URL(response.url()).pathname)) urls.push(response.url())
  }
  page.on('response', note)
  await open('/')
  await text('Watch your first job run')
  page.off('response', note)
  for (const url of urls) sizes.set(url, gzipSync(await (await page.request.get(url)).body()).length)
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  expect(sizes.size).toBeGreaterThan(3)
  expect(total).toBeLessThan(200_000)
  expect([...sizes.keys()].filter((url) => /RatePlot|echarts/i.test(url))).toEqual([])
})

it('first run', async () => {
  await open('/')
  await text('Watch your first job run')
  await look('first-run')
})

it('a job that runs', async () => {
  await page.getByRole('button', { name: 'Try it on the sample site' }).click()
  await page.waitForURL(/\/jobs\/1/, soon)
  await view(page).stateIs('Running')
  await page.getByRole('img', { name: /^Rate over the last/ }).waitFor(soon)
  await text('@fernhill-instruments.com')
  await look('job-running')
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByRole('dialog').getByText('Cancel this job?').waitFor(soon)
  await look('job-cancel-asked')
  await page.getByRole('dialog').getByRole('button', { name: 'Let it run' }).click()
})

// While it runs:
it('a new job, its mistakes told while one types, and what it would come to', async () => {
  await open('/jobs/new?kind=SCRAPE_EMAILS')
  const domains = page.getByRole('textbox', { name: /domains/i })
  await domains.fill('example.com\nnot a domain\n')
  await text(/“?not a domain”?" is not a domain/)
  await look('new-job-mistake')
  await domains.fill('example.com\nexample.org')
  await text(/at most 100 items, at least \d+ s/)
  await look('new-job')
})

it('verification before anything was verified', async () => {
  await open('/verification')
  await text('No address is verified yet')
  await look('verification-none')
})

it('a job that has ended', async () => {
  await open('/jobs/1')
  await view(page).stateIs('Completed', 60_000)
  await look('job-ended')
})

it('the results of a job, filtered, and where one of them stood', async () => {
  await open('/jobs/1?quality=high&method=mailto')
  const count = await page.getByText(/^\d+ addresses$/).innerText({ timeout: soon.timeout })
  await look('results-filtered')
  await page.getByText('Export', { exact: true }).click()
  await look('export')
  const [download] = await Promise.all([
    page.waitForEvent('download', soon),
    page.getByRole('link', { name: /^CSV/ }).click(),
  ])
  const lines = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\r\n')
  expect(`${lines.length - 1} addresses`, 'in the file as in the list').toBe(count)
  await open('/jobs/1?address=felicity.ashdown@fernhill-instruments.com')
  await page.getByRole('dialog').getByText('2 sightings').waitFor(soon)
  await look('provenance')
  await open('/jobs/1?q=nobody-is-called-so')
  await text('No address matches')
  await look('results-none')
})

it('its pages as a tree and as a list', async () => {
  await open('/jobs/1/pages')
  await page.getByRole('button', { name: /^events\// }).click()
  await page.getByRole('button', { name: /^products\// }).click()
  await text('sap-flow-probe.html')
  await page.evaluate(() => scrollTo(0, 0))
  await look('pages-tree')
  await open('/jobs/1/pages?view=list&status=failed')
  await text('the host answered 404')
  await look('pages-failed')
})

it('its log with a finding that was jumped to, and its input', async () => {
  await open('/jobs/1/log')
  await text('Completed: ')
  await page.getByRole('button', { name: 'Previous finding' }).click()
  await page.getByRole('button', { name: 'Close details' }).waitFor(soon)
  await look('log-finding')
  await open('/jobs/1/log?show=findings')
  await expect.poll(() => page.getByRole('log').getByRole('listitem').count(), soon).toBe(2)
  await open('/jobs/1/input')
  await text('What this job was started with')
  await look('input')
})

it('jobs: a list, and one that no filter lets through', async () => {
  await open('/jobs')
  await text('1 job')
  await look('jobs')
  await open('/jobs?state=failed&time=week')
  await text('No job matches')
  await look('jobs-none')
})

it('“Verify these” on results: the form, the verdicts of the text alone, and how little they say', async () => {
  await open('/jobs/1')
  await page.getByRole('button', { name: 'Verify these' }).click()
  await page.waitForURL(/new\?kind=VERIFY_EMAILS/, soon)
  await expect.poll(() => page.getByRole('combobox', { name: 'Results of a job' }).inputValue(), soon).toBe('1')
  await page.getByRole('combobox', { name: 'Depth' }).selectOption({ label: 'Syntax' })
  await look('verify-these')
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.waitForURL(/\/jobs\/2/, soon)
  await view(page).stateIs('Completed', 60_000)
  const results = page.getByRole('region', { name: 'Results' })
  await results
    .getByRole('row')
    .filter({ hasText: 'press@fernhill-instruments.com' })
    .locator('visible=true')
    .getByText('Syntax OK')
    .last()
    .waitFor(soon)
  await look('verdicts-text-only')
  await open('/verification')
  await text(/Only how these addresses are written was looked at|No verdict is kept yet/)
  await look('verification-text-only')
})

it('addresses over all jobs, and the history of one', async () => {
  await open('/addresses')
  await page.getByRole('link', { name: 'press@fernhill-instruments.com' }).waitFor(soon)
  await look('addresses')
  await page.getByRole('link', { name: 'felicity.ashdown@fernhill-instruments.com' }).click()
  await text('History, 2 sightings')
  await look('address')
})

it('workers, settings, a place that does not exist', async () => {
  await open('/workers')
  await text('All is well.')
  await look('workers')
  await open('/settings')
  await text('USER_AGENT_CONTACT')
  await look('settings')
  await open('/nowhere')
  await text('There is nothing here')
  await look('nowhere')
})

it('the command palette by keyboard alone, and the keys', async () => {
  await open('/jobs')
  await text('2 jobs')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /^Find/ }).waitFor(soon)
  await page.keyboard.type('press@')
  await page.getByRole('option', { name: 'press@fernhill-instruments.com' }).waitFor(soon)
  await look('palette')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/address\?email=press/, soon)
  await page.getByRole('dialog').waitFor({ state: 'detached', ...soon })
  await page.keyboard.press('g')
  await page.keyboard.press('w')
  await page.waitForURL(/\/workers/, soon)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor(soon)
  await look('keyboard')
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
  await look('jobs-loading')
  release.resolve()
  await text('The jobs could not be loaded')
  await look('jobs-error')
  held = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await text('2 jobs')
  await page.unroute('**/graphql')
})
