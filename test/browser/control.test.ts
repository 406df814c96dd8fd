import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { launchBrowser, openWatchedPage } from '../support/browser.ts'
import { type CuttableNetwork, startCuttableNetwork } from '../support/cuttable-network.ts'
import { type Dns, startDns } from '../support/dns.ts'
import { ask, jobView } from '../support/job-view.ts'
import { look } from '../support/look.ts'
import { freePortPair, type Program, startProgram } from '../support/program.ts'
import { type Site, type SitePage, startSite, status } from '../support/site.ts'

let browser: Browser
let program: Program
let site: Site
let network: CuttableNetwork
let dns: Dns
let dataDir: string
const pages: Record<string, SitePage> = {
  '/': '<a href="/a">a</a> <a href="/b">b</a> ann@maker-works.com',
  '/a': status(404),
  '/b': status(404),
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-control-'))
  site = await startSite({ pages })
  browser = await launchBrowser()
  const ALLOW_HOSTS = `${site.host}:${site.port}`
  const port = await freePortPair()
  network = await startCuttableNetwork(port)
  // Without a zone no domain exists, so that no service is asked about anybody.
  dns = await startDns()
  program = await startProgram({
    DATA_DIR: dataDir,
    PORT: String(port),
    MIN_DELAY_MS: '0',
    WORKERS: '1',
    ALLOW_HOSTS,
    ALLOW_ORIGINS: `127.0.0.1:${network.port}`,
    DNS_SERVERS: dns.server,
    REACHER_BASE_URL: 'http://127.0.0.1:9/',
  })
})
afterAll(async () => {
  await browser?.close()
  await program?.stop()
  await network?.[Symbol.asyncDispose]()
  await dns?.close()
  await site?.close()
  await rm(dataDir, { recursive: true, force: true })
})

const soon = { timeout: 20_000 }

it('retries what failed and clones the job from its page, and deletes all jobs that match from the list', async () => {
  await using watched = await openWatchedPage(browser, { origins: [program.url] })
  const { page } = watched
  const stateIs = (state: string) =>
    page.getByRole('main').locator('header').getByText(state, { exact: true }).waitFor(soon)
  const query = `mutation { startScrapeEmails(input: { startUrls: ["${site.url}/"] }) { __typename ... on UserError { message } } }`
  const started = await page.request.post(`${program.url}/graphql`, { data: { query } })
  expect(await started.text()).toContain('StartJobSuccess')

  await page.goto(`${program.url}/jobs/1`)
  await stateIs('Completed')
  pages['/a'] = 'bob@maker-works.com'
  pages['/b'] = 'cid@maker-works.com'
  await page.getByRole('button', { name: 'Retry failed (2)' }).click()
  await page.getByText('cid@maker-works.com').first().waitFor(soon)
  await stateIs('Completed')
  await expect.poll(() => page.getByRole('button', { name: /Retry failed/ }).count(), soon).toBe(0)

  await page.getByRole('button', { name: 'Clone' }).click()
  await page.waitForURL(/\/jobs\/2$/, soon)
  await stateIs('Completed')

  await page.getByRole('main').locator('header').getByText('#2', { exact: true }).waitFor(soon)
  await page.getByRole('button', { name: 'Copy the number of this job' }).click()
  await page.getByText('Copied').waitFor({ state: 'attached', ...soon })

  await page.goto(`${program.url}/?state=completed`)
  await page.getByText('2 jobs', { exact: true }).waitFor(soon)
  await page.getByRole('list', { name: 'List of jobs' }).getByText('#2', { exact: false }).waitFor(soon)
  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: /Pause/ }).click()
  await page.getByRole('dialog').getByText('No job to do this with').waitFor(soon)
  await page.getByRole('dialog').getByRole('button', { name: 'OK' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached', ...soon })

  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: /Delete/ }).click()
  await page.getByRole('dialog').getByText('Delete 2 jobs that match?').waitFor(soon)
  await page.getByRole('dialog').getByRole('button', { name: 'Delete: 2 jobs' }).click()
  await page.getByText('No job matches').waitFor(soon)
})

it('starts nothing while a file is under way, and stops sending one when the form is cleared', async () => {
  await using watched = await openWatchedPage(browser, { origins: [program.url] })
  const { page } = watched
  const asked: string[] = []
  await page.route(/\/upload(\/|$)/, (route, request) => {
    asked.push(request.method())
    // The bytes are on their way for as long as the test looks.
    return request.method() === 'PATCH' ? undefined : route.fallback()
  })
  await page.goto(`${program.url}/jobs/new?kind=VERIFY_EMAILS`)
  await page.getByRole('textbox', { name: 'Addresses' }).fill('ada@maker-works.com')
  const file = { name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from('mail\nada@maker-works.com\n') }
  await page.getByLabel('File', { exact: true }).setInputFiles(file)
  await page.getByText('It can start once the file is there.').waitFor(soon)
  await expect.poll(() => asked, soon).toEqual(['POST', 'PATCH'])
  const start = page.getByRole('button', { name: 'Start job' })
  expect(await start.isDisabled()).toBe(true)
  await page.getByRole('textbox', { name: 'Addresses' }).press('Control+Enter')

  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByRole('button', { name: 'Choose a file' }).waitFor(soon)
  await expect.poll(() => asked, soon).toEqual(['POST', 'PATCH', 'DELETE'])
  expect(await start.isEnabled()).toBe(true)
  expect(new URL(page.url()).pathname).toBe('/jobs/new')
})

it('says before a verification starts what it would come to, and what is missing for it', async () => {
  await using watched = await openWatchedPage(browser, { origins: [program.url] })
  const { page } = watched
  await page.goto(`${program.url}/jobs/new?kind=VERIFY_EMAILS`)
  await page.getByRole('textbox', { name: 'Addresses' }).fill('bob@maker-works.com\nBob@maker-works.com\nnobody')
  await page
    .getByText('3 entries: 2 results (1 new, 0 known already, 1 not an address), 1 skipped (1 repeated)')
    .waitFor(soon)
  await page.getByLabel('Service', { exact: true }).selectOption('ZEROBOUNCE')
  const needsKey = 'ZeroBounce needs the setting ZEROBOUNCE_API_KEY, or a key of your own with the job.'
  await page.getByRole('status').getByText(needsKey).waitFor(soon)
  const service = page.getByLabel('Service', { exact: true })
  expect(await service.locator('option').allInnerTexts()).toContain('ZeroBounce (not set up)')
  await page.getByText(`${needsKey} Settings says how.`).waitFor(soon)
  await look(page, 'new-job-not-set-up')
  await page.getByText('Advanced', { exact: true }).click()
  await page.getByLabel('Key of the service').fill('a-key-of-their-own')
  await page
    .getByText(
      '3 entries: 2 results (1 new, 0 known already, 1 not an address), 1 skipped (1 repeated), at most 1 paid call',
    )
    .waitFor(soon)
  await page.getByRole('button', { name: 'Clear' }).click()
})

it('sends a file on after a cut line and after a reload, without a byte sent twice', async () => {
  const file = join(dataDir, 'people.csv')
  const line = 'Ada;ada@maker-works.com\n'
  const partBytes = 8 * 1_024 * 1_024
  const sizeBytes = 3 * partBytes
  await writeFile(file, `name;mail\n${line.repeat(Math.ceil(sizeBytes / line.length))}`.slice(0, sizeBytes))
  // The console tells of the connections that are broken.
  const expected = [/WebSocket connection to/, /ERR_/, /Failed to load resource/]
  await using watched = await openWatchedPage(browser, { origins: [program.url, network.url], expected })
  const { page } = watched
  const sent: string[] = []
  let [isCut, isLeft] = [false, false]
  await page.route('**/upload**', async (route, request) => {
    const offset = request.headers()['upload-offset']
    sent.push(request.method() + (offset === undefined ? '' : ` ${offset}`))
    if (request.method() === 'PATCH' && offset === String(partBytes) && !isCut) {
      isCut = true
      network.cut()
      return route.abort('connectionreset')
    }
    // The last part is under way when the page is left.
    if (request.method() === 'PATCH' && offset === String(2 * partBytes) && !isLeft) {
      isLeft = true
      return undefined
    }
    return route.fallback()
  })

  await page.goto(`${network.url}/jobs/new?kind=VERIFY_EMAILS`)
  const input = page.getByLabel('File', { exact: true })
  await input.setInputFiles(file)
  await page.getByText('The connection is cut at').waitFor(soon)
  network.mend()
  await expect.poll(() => isLeft, soon).toBe(true)
  await page.reload()
  await page.getByText('“people.csv” was not sent to its end').waitFor(soon)
  await input.setInputFiles(file)
  await page.getByText('on the server').waitFor(soon)
  expect(sent.filter((request) => request.startsWith('POST'))).toHaveLength(1)
  // Each part has arrived once; those that the line or the page lost were sent again.
  expect(sent.filter((request) => request.startsWith('PATCH'))).toEqual(
    [0, partBytes, partBytes, 2 * partBytes, 2 * partBytes].map((offset) => `PATCH ${offset}`),
  )
  await page
    .getByRole('region', { name: 'How the table is read' })
    .getByRole('columnheader', { name: 'mail, the column that is read' })
    .waitFor(soon)

  // The form still names it after another reload; taken out, it is gone here and on the server.
  await page.reload()
  await page.getByText('on the server').waitFor(soon)
  await page.getByText('people.csv', { exact: true }).waitFor(soon)
  await page.getByRole('button', { name: 'Take the file out' }).click()
  await page.getByRole('button', { name: 'Choose a file' }).waitFor(soon)
  await expect.poll(() => sent.at(-1), soon).toBe('DELETE')

  await input.setInputFiles({ name: 'nothing.csv', mimeType: 'text/csv', buffer: Buffer.alloc(0) })
  await page.getByRole('alert').getByText('“nothing.csv” is empty.').waitFor(soon)
})

it('loads the page anew where the app was built anew under it; a form that is cleared lets go of its file', async () => {
  // The console tells of the chunk that is gone.
  await using watched = await openWatchedPage(browser, {
    origins: [program.url],
    expected: [/Failed to load resource/],
  })
  const { page } = watched
  let loads = 0
  page.on('request', (request) => void (request.resourceType() === 'document' && loads++))
  await page.goto(`${program.url}/jobs/new?kind=SCRAPE_EMAILS`)
  await page.getByRole('button', { name: 'Choose a file' }).waitFor(soon)
  const anew = (await (await page.request.get(program.url)).text()).replaceAll('/assets/index-', '/assets/anew-')
  await page.route('**/assets/TablePreview-*', (route) =>
    loads === 1 ? route.fulfill({ status: 404 }) : route.fallback(),
  )
  await page.route(`${program.url}/`, (route, request) =>
    request.resourceType() === 'fetch' ? route.fulfill({ contentType: 'text/html', body: anew }) : route.fallback(),
  )
  await page.getByRole('link', { name: 'Addresses', exact: true }).click()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Jobs', exact: true }).click()
  await page.getByRole('link', { name: 'New job' }).first().click()
  await page.getByRole('link', { name: /^Verify e-mail/ }).click()
  const file = page.getByLabel('File', { exact: true })
  const list = (name: string) => ({
    name,
    mimeType: 'text/csv',
    buffer: Buffer.from('\uFEFFmail;note\r\nada@maker-works.com;"two\r\nlines"\r\n'),
  })
  await file.setInputFiles(list('first.csv'))
  const preview = page.getByRole('region', { name: 'How the table is read' })
  await preview.getByRole('columnheader', { name: 'mail, the column that is read' }).waitFor(soon)
  expect(loads).toBe(2)
  await page.getByText('first.csv', { exact: true }).waitFor(soon)

  const column = preview.getByRole('combobox', { name: 'Column that is read' })
  await column.selectOption({ label: '2: note' })
  await preview.getByRole('columnheader', { name: 'note, the column that is read' }).waitFor(soon)
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByRole('button', { name: 'Choose a file' }).waitFor(soon)
  await file.setInputFiles(list('second.csv'))
  await column.selectOption({ label: '2: note' })
  // What was said of one table is not held of the next.
  await file.setInputFiles(list('third.csv'))
  await page.getByText('third.csv', { exact: true }).waitFor(soon)
  await preview.getByRole('columnheader', { name: 'mail, the column that is read' }).waitFor(soon)
  await page.getByRole('combobox', { name: 'Depth' }).selectOption({ label: 'Syntax' })
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.getByRole('heading', { name: 'third.csv' }).waitFor(soon)
  await page.getByRole('link', { name: 'Input' }).click()
  await page.getByRole('region', { name: 'Input' }).getByText('third.csv', { exact: true }).waitFor(soon)
})

it('names the bad rows of a table of sites, and leaves them out where one wants that', async () => {
  await using watched = await openWatchedPage(browser, { origins: [program.url] })
  const { page } = watched
  await page.goto(`${program.url}/jobs/new?kind=SCRAPE_EMAILS`)
  const leaveOut = page.getByRole('checkbox', { name: 'Leave out bad rows' })
  expect(await leaveOut.count()).toBe(0)
  await page.getByLabel('File', { exact: true }).setInputFiles({
    name: 'sites.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(`company;site\nOurs;${site.url}\nNobody;exa mple\nOwn;10.0.0.1\n`),
  })
  await page.getByText('Line 3, column 2: "exa mple" is not a domain: it is several words').waitFor(soon)
  await page.getByText('Choose "Leave out bad rows" to crawl the 1 other row.').waitFor(soon)
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.getByRole('alert').getByText('2 problems with the input').waitFor(soon)
  await leaveOut.check()
  await page.getByText('2 rows that cannot be crawled').waitFor(soon)
  expect(await page.getByText(/Line 3, column 2/).count()).toBe(0)
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.getByRole('heading', { name: 'sites.csv' }).waitFor(soon)
  await page.getByRole('link', { name: /^Log/ }).click()
  await page.getByText('2 rows of the table are not crawled: the results by domain say why').waitFor(soon)
})

it('keeps a secret off the device, the page and the API', async () => {
  await using watched = await openWatchedPage(browser, { origins: [program.url] })
  const { page } = watched
  const secret = 'sesame-4711-open'
  await page.goto(`${program.url}/jobs/new?kind=VERIFY_EMAILS`)
  await page.getByRole('textbox', { name: 'Addresses' }).fill('ada@nowhere-works.com')
  await page.getByText('Advanced', { exact: true }).click()
  const key = page.getByLabel('Key of the service')
  await key.fill(secret)
  expect(await key.getAttribute('type')).toBe('password')
  await page.reload()
  await expect.poll(() => page.getByRole('textbox', { name: 'Addresses' }).inputValue(), soon).not.toBe('')
  expect(await page.evaluate(() => JSON.stringify(Object.entries(localStorage)))).not.toContain(secret)

  await page.getByRole('combobox', { name: 'Service' }).selectOption({ label: 'Reacher' })
  await page.getByText('Advanced', { exact: true }).click()
  await key.fill(secret)
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.waitForURL(/\/jobs\/\d+$/, soon)
  await page.getByRole('region', { name: 'Results' }).getByText('ada@nowhere-works.com').first().waitFor(soon)
  const id = page.url().split('/').at(-1)!
  await page.getByRole('link', { name: 'Input' }).click()
  await page.getByText('What this job was started with').waitFor(soon)
  expect(await page.content()).not.toContain(secret)
  expect(await page.evaluate(() => JSON.stringify(Object.entries(localStorage)))).not.toContain(secret)
  const query = `{ job(id: ${id}) { input summary events(first: 100) { nodes { message counts } } } }`
  const answer = await page.request.post(`${program.url}/graphql`, { data: { query } })
  const told = await answer.text()
  expect(told).toContain('REACHER')
  expect(told).not.toContain(secret)
})

/** The number of a crawl that begins at a page of the site. */
async function crawlFrom(path: string) {
  const start = `startScrapeEmails(input: { startUrls: ["${site.url}${path}"] })`
  const query = `mutation { ${start} { ... on StartJobSuccess { job { id } } } }`
  const { startScrapeEmails } = await ask<{ startScrapeEmails: { job: { id: string } } }>(program.url, query)
  return startScrapeEmails.job.id
}

it('says in a drawer, which lies over the page on a phone, that the connection is away', async () => {
  const id = await crawlFrom('/nothing-here')
  await using watched = await openWatchedPage(browser, {
    width: 390,
    height: 844,
    origins: [network.url],
    expected: [/WebSocket connection to/, /ERR_/, /Failed to load resource/],
  })
  const { page } = watched
  await page.goto(`${network.url}/jobs/${id}?address=nobody@maker-works.com`)
  const drawer = page.getByRole('dialog')
  await drawer.getByText('This job has not met this address').waitFor(soon)
  network.cut()
  const badge = drawer.getByRole('button', { name: 'Reconnecting' })
  await badge.waitFor(soon)
  await look(page, 'drawer-reconnecting')
  await page.setViewportSize({ width: 390, height: 844 })
  network.mend()
  await badge.waitFor({ state: 'detached', ...soon })
})

it('says where nothing could be read, with a way to the reasons', async () => {
  await using watched = await openWatchedPage(browser, { origins: [program.url] })
  const { page } = watched
  await page.goto(`${program.url}/jobs/${await crawlFrom('/gone')}`)
  await jobView(page).stateIs('Completed')
  await page.getByRole('region', { name: 'Results' }).getByText('No page could be read').waitFor(soon)
  const progress = page.getByRole('region', { name: 'Progress' })
  await progress.getByText('of these', { exact: true }).waitFor(soon)
  await progress.getByText('No page could be read').waitFor(soon)
  await progress.getByRole('link', { name: 'The log says why' }).click()
  await page.waitForURL(/\/log\?show=findings/, soon)
  await page.getByRole('log').getByText('404').first().waitFor(soon)
  expect(await page.getByRole('button', { name: /^Follow/ }).count(), 'nothing more comes').toBe(0)
  const colourOfState = (place: Locator) =>
    place.getByText('Completed', { exact: true }).evaluate((badge) => getComputedStyle(badge).color)
  const amber = await colourOfState(page.getByRole('main').locator('header'))
  await page.goto(`${program.url}/jobs`)
  const row = page.getByRole('listitem').filter({ hasText: '/gone' })
  await row.getByText('No page could be read').waitFor(soon)
  expect(await colourOfState(row), 'in the list as on its page').toBe(amber)
  await look(page, 'jobs-nothing-read')
})

it('stays where it is while the server is away, says so, and goes to the page once it is back', async () => {
  await crawlFrom('/a')
  await using watched = await openWatchedPage(browser, {
    origins: [network.url],
    expected: [/WebSocket connection to/, /ERR_/, /Failed to (?:load|fetch)/, /dynamically imported module/],
  })
  const { page } = watched
  const place = (name: string) =>
    page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click()
  const note = (title: string) => page.getByRole('alert').filter({ hasText: `${title} could not be loaded.` })
  await page.goto(`${network.url}/jobs`)
  await page.getByRole('list', { name: 'List of jobs' }).waitFor(soon)
  await page.getByRole('button', { name: 'Live' }).waitFor(soon)
  network.cut()
  await page.getByText('Reconnecting', { exact: true }).waitFor(soon)
  await place('Workers')
  await note('Workers').waitFor(soon)
  await page.getByRole('heading', { name: 'Jobs' }).waitFor(soon)
  await note('Workers').getByRole('button', { name: 'Try again' }).click()
  await note('Workers').getByRole('button', { name: 'Stay here' }).click()
  await note('Workers').waitFor({ state: 'detached', ...soon })
  await place('Addresses')
  await note('Addresses').waitFor(soon)
  await look(page, 'page-awaited')
  network.mend()
  await page.waitForURL(/\/addresses$/, soon)
  await page.getByRole('heading', { name: 'Addresses', exact: true }).waitFor(soon)
  expect(await note('Addresses').count()).toBe(0)
})

it('counts nothing on while the connection is away, and says how old the figures are', async () => {
  // It is read for as long as the test looks.
  pages['/slow'] = () => {}
  const id = await crawlFrom('/slow')
  await using watched = await openWatchedPage(browser, {
    origins: [network.url],
    expected: [/WebSocket connection to/, /ERR_/, /Failed to load resource/],
  })
  const { page } = watched
  await page.goto(`${network.url}/jobs/${id}`)
  await jobView(page).stateIs('Running')
  await page.getByRole('button', { name: 'Live' }).waitFor(soon)
  expect(await page.getByText(/^as of/).count()).toBe(0)
  network.cut()
  await page.getByText(/^as of \d s ago$/).waitFor(soon)
  const before = await jobView(page).figure('Since start')
  await page.getByText('as of 3 s ago').waitFor(soon)
  expect(await jobView(page).figure('Since start')).toBe(before)
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await page.getByText('The server cannot be reached: nothing has changed.').waitFor(soon)
  network.mend()
  await page.getByText(/^as of/).waitFor({ state: 'detached', ...soon })
  expect(await page.getByText('The server cannot be reached').count()).toBe(0)
  await expect.poll(() => jobView(page).figure('Since start'), soon).toBeGreaterThan(before)
  await ask(program.url, `mutation { cancelJob(id: ${id}) { __typename } }`)
})
