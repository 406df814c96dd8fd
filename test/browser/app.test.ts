import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'

import { launchBrowser, openWatchedPage, type WatchedPage } from '../support/browser.ts'
import { type Program, startProgram } from '../support/program.ts'

// The tests go on from each other, as a person's day does: one data directory, one browser profile.
let browser: Browser
let program: Program
let dataDir: string
let watched: WatchedPage
let page: Page
let port: string | undefined

const start = async () => {
  program = await startProgram({ DATA_DIR: dataDir, MIN_DELAY_MS: '250', WORKERS: '2', ...(port && { PORT: port }) })
  port = String(program.port)
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-browser-'))
  browser = await launchBrowser()
  await start()
})
afterAll(async () => {
  await browser?.close()
  await program?.stop()
  await rm(dataDir, { recursive: true, force: true })
})
beforeEach(async () => {
  // The console tells of the server that a test stops.
  const expected = [/WebSocket connection to/, /ERR_CONNECTION_REFUSED/, /Failed to load resource/]
  watched = await openWatchedPage(browser, { origins: [program.url], expected })
  page = watched.page
})
afterEach(async (context) => {
  if (context.task.result?.state === 'fail')
    await page.screenshot({ path: join(tmpdir(), 'mailquarry-failed.png') }).catch(() => {})
  await watched.close()
})

/** What stands on the sample site, written down by hand. */
const expected = z
  .object({
    addresses: z.array(z.object({ address: z.string(), places: z.array(z.object({ reach: z.string().optional() })) })),
    traps: z.array(z.object({ text: z.string() })),
  })
  .parse(JSON.parse(readFileSync(new URL('../fixtures/sample-site-expected.json', import.meta.url), 'utf8')))
const reachable = expected.addresses
  .filter(({ places }) => places.some(({ reach }) => reach !== 'sitemap'))
  .map(({ address }) => address)
  .toSorted()

const soon = { timeout: 20_000 }
/** A figure of the progress: Results, Done, Failed … */
const figure = async (label: string) => {
  const figures = page.getByRole('region', { name: 'Progress' }).locator('dl > div')
  const text = await figures
    .filter({ has: page.getByText(label, { exact: true }) })
    .locator('dd > :first-child')
    .innerText()
  return Number(text.replaceAll(/\D/g, ''))
}
const stateIs = (state: string, withinMs = 20_000) =>
  page.getByRole('main').locator('header').getByText(state, { exact: true }).waitFor({ timeout: withinMs })
const startSample = async () => {
  await page.goto(program.url)
  await page.getByRole('button', { name: 'Try it on the sample site' }).click()
  await page.waitForURL(/\/jobs\/\d+/, soon)
}

it('shows a newcomer addresses within one click, live', async () => {
  await startSample()
  await stateIs('Running')
  await expect.poll(() => figure('Results'), soon).toBeGreaterThan(0)
  const early = await figure('Results')
  await expect.poll(() => figure('Results'), soon).toBeGreaterThan(early)
  await page.getByText('@fernhill-instruments.com').first().waitFor(soon)
})

it('shows the truth after a refresh, in a new tab, and lets the job be cancelled and resumed', async () => {
  await page.goto(`${program.url}/jobs/1`)
  await stateIs('Running')
  const before = await figure('Done')
  await page.reload()
  await expect.poll(() => figure('Done'), soon).toBeGreaterThanOrEqual(before)

  const other = await watched.context.newPage()
  await other.goto(program.url)
  await other.getByRole('link', { name: 'Sample site' }).first().click()
  await other.waitForURL(/\/jobs\/1/, soon)
  await other.close()

  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel job' }).click()
  await stateIs('Cancelled')
  const stopped = await figure('Done')
  await page.getByRole('button', { name: 'Resume' }).click()
  await stateIs('Running')
  await expect.poll(() => figure('Done'), soon).toBeGreaterThan(stopped)
})

it('finds the running job again when the server was killed and started anew, and watches it to its end', async () => {
  await page.goto(`${program.url}/jobs/1`)
  await expect.poll(() => figure('Done'), soon).toBeGreaterThan(5)
  await program.kill()
  await page
    .getByText(/reconnecting/i)
    .first()
    .waitFor(soon)
  await start()
  await page.getByText('Live', { exact: true }).first().waitFor(soon)
  await stateIs('Completed', 60_000)
  expect(await figure('Done')).toBeGreaterThan(40)

  const log = page.getByRole('link', { name: /^Log/ })
  const events = Number((await log.innerText()).replaceAll(/\D/g, ''))
  await log.click()
  await page.getByText(`in ${events} events loaded`).waitFor(soon)
  for (const message of ['Started', 'Cancelled', `Completed: ${reachable.length} results`])
    await page.getByText(message, { exact: true }).waitFor(soon)
  await page.getByRole('link', { name: /^Results/ }).click()
  await page.getByText('@fernhill-instruments.com').first().click()
  await page
    .getByRole('dialog')
    .getByText(/fernhill-instruments\.com/)
    .first()
    .waitFor(soon)
})

it('has found every address of the sample site that links lead to, and none of its traps', async () => {
  const query = '{ job(id: 1) { emails(first: 200, orderBy: ADDRESS) { nodes { address } } } }'
  const response = await page.request.post(`${program.url}/graphql`, { data: { query } })
  const answer = (await response.json()) as { data: { job: { emails: { nodes: { address: string }[] } } } }
  const found = answer.data.job.emails.nodes.map((node) => node.address)
  expect(found.toSorted()).toEqual(reachable)
  expect(found.filter((address) => expected.traps.some((trap) => trap.text === address))).toEqual([])
})

it('names each bad entry beside its field and keeps what was typed', async () => {
  await page.goto(`${program.url}/jobs/new?kind=SCRAPE_EMAILS`)
  const domains = page.getByRole('textbox', { name: /domains/i })
  await domains.fill('not a domain\nhttp://10.0.0.1/\nlocalhost\nex ample.com')
  await page.getByRole('button', { name: /^Start/ }).click()
  for (const entry of ['not a domain', '10.0.0.1', 'localhost', 'ex ample.com'])
    await page
      .getByText(new RegExp(entry.replaceAll('.', String.raw`\.`)))
      .last()
      .waitFor(soon)
  await expect
    .poll(() => page.getByText(/private|this machine itself|is not a domain/).count(), soon)
    .toBeGreaterThanOrEqual(4)
  expect(await domains.inputValue()).toContain('ex ample.com')
  // A number that is none hides nothing of the rest.
  await page.getByRole('textbox', { name: 'Start URLs' }).fill('http://192.168.0.7/')
  await page.getByLabel('Pages per domain').fill('many')
  await page.getByText('“many” is not a number in plain digits.').waitFor(soon)
  await page.getByText('"http://192.168.0.7/" is an address that is not on the public Internet').first().waitFor(soon)
  await page.getByText('"localhost" is this machine itself').first().waitFor(soon)
  await page.goto(`${program.url}/jobs/new?kind=VERIFY_EMAILS`)
  const addresses = page.getByRole('textbox', { name: 'Addresses' })
  // As a mail program writes recipients.
  await addresses.fill('Ann <ann@maker-works.com>; bob@maker-works.com')
  for (const keys of ['Control+a', 'Control+x', 'Control+v']) await addresses.press(keys)
  expect(await addresses.inputValue()).toBe('ann@maker-works.com\nbob@maker-works.com')
  await page.getByText('2 entries').waitFor(soon)
  await addresses.fill('hello there\nann@maker_works.com')
  await addresses.blur()
  await page.getByText('Nothing here is an e-mail address.').waitFor(soon)
  await page.getByText('Line 1: "hello there" has no @.').waitFor(soon)
  await page.getByText('Line 2: "ann@maker_works.com" has “_” behind the @, which no domain has.').waitFor(soon)
  await page.goto(program.url)
  await page.getByText('1 job', { exact: true }).waitFor(soon)
})
