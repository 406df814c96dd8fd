import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

import { sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { addSuppressions } from '../../db/suppressions.ts'
import { launchBrowser, openWatchedPage, type WatchedPage } from '../support/browser.ts'
import { type Dns, startDns } from '../support/dns.ts'
import { ask, jobView } from '../support/job-view.ts'
import { look } from '../support/look.ts'
import { startMailHosts } from '../support/mail-hosts.ts'
import { testDatabase } from '../support/postgres.ts'
import { type Program, startProgram } from '../support/program.ts'
import { soundSender } from '../support/sender-checks.ts'
import { always, onlyMailboxes, refusals } from '../support/smtp-rules.ts'
import { startSmtp } from '../support/smtp.ts'

// Each named view with something in it. Where there is nothing, or nothing could be loaded: trouble.test.ts.
const soon = { timeout: 20_000 }
const { url: databaseUrl, db } = await testDatabase()
let browser: Browser
let program: Program
let dns: Dns
let mail: { port: number; close(): Promise<void> }
let dataDir: string
let watched: WatchedPage
let page: Page

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-views-'))
  browser = await launchBrowser()
  const knownHere = ['ada', 'grace', 'sales'].map((name) => `${name}@maker-works.com`)
  mail = await startMailHosts({
    '127.0.0.2': (place) => startSmtp({ ...place, name: 'mx.maker-works.com', rcpt: onlyMailboxes(knownHere) }),
    // So slow that the verdicts of the others are seen while the job goes on.
    '127.0.0.3': (place) =>
      startSmtp({ ...place, name: 'mx.takes-all-works.com', mail: () => setTimeout(4_000, undefined) }),
    '127.0.0.4': (place) => startSmtp({ ...place, name: 'mx.shy-works.com', rcpt: always(refusals.blockList) }),
  })
  const sender = { address: '127.0.0.1', name: 'probe.mailquarry.test', domain: 'mailquarry.test' }
  const { 'mailquarry.test': own, ...sound } = soundSender(sender)
  dns = await startDns({
    zone: {
      ...sound,
      // Nothing there says who may send for it.
      'mailquarry.test': { mx: own!.mx! },
      'maker-works.com': { mx: [[10, 'mx.maker-works.com']] },
      'mx.maker-works.com': { a: ['127.0.0.2'] },
      'takes-all-works.com': { mx: [[10, 'mx.takes-all-works.com']] },
      'mx.takes-all-works.com': { a: ['127.0.0.3'] },
      'shy-works.com': { mx: [[10, 'mx.shy-works.com']] },
      'mx.shy-works.com': { a: ['127.0.0.4'] },
      'silent-works.com': { mx: [[0, '.']] },
    },
  })
  program = await startProgram({
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    SECRET_KEY: 'the secret of a test, 32 letters and more',
    MIN_DELAY_MS: '450',
    WORKERS: '1',
    DNS_SERVERS: dns.server,
    ALLOW_HOSTS: [1, 2, 3, 4].map((host) => `127.0.0.${host}:${mail.port}`).join(','),
    SMTP_HELO: sender.name,
    SMTP_MAIL_FROM: `probe@${sender.domain}`,
    SMTP_PORT: String(mail.port),
    // Not asked: nobody starts a job with it.
    REACHER_BASE_URL: 'http://127.0.0.1:9/',
  })
  watched = await openWatchedPage(browser, { origins: [program.url] })
  page = watched.page
})
afterAll(async () => {
  await watched?.close()
  await browser?.close()
  await program?.stop()
  await mail?.close()
  await dns?.close()
  await rm(dataDir, { recursive: true, force: true })
})

const open = (path: string) => page.goto(program.url + path)
const view = jobView
const text = (words: string | RegExp) => page.getByText(words).first().waitFor(soon)
/** However long the work takes, crawls stand where they are: what they read next is stored after it. */
const whileCrawlsStand = (work: () => Promise<void>) =>
  db.transaction().execute(async (trx) => {
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(trx)
    await sql`lock table pages in share mode`.execute(trx)
    await work()
  })

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
  await look(page, 'first-run')
})

it('a job that runs', async () => {
  await page.getByRole('button', { name: 'Try it on the sample site' }).click()
  await page.waitForURL(/\/jobs\/1/, soon)
  await view(page).stateIs('Running')
  await page.getByRole('heading', { name: 'Sample site', level: 1 }).waitFor(soon)
  await page.getByRole('img', { name: /^Rate over the last/ }).waitFor(soon)
  await text('@fernhill-instruments.com')
  await expect.poll(() => view(page).figure('Done'), soon).toBeGreaterThan(8)
  await whileCrawlsStand(() => look(page, 'job-running'))
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await view(page).stateIs('Paused')
  await look(page, 'job-paused')
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByRole('dialog').getByText('Cancel this job?').waitFor(soon)
  await look(page, 'job-cancel-asked')
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it paused' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached', ...soon })
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /^Find/ }).fill('resume')
  await page.getByRole('option', { name: 'Resume', exact: true }).waitFor(soon)
  await page.keyboard.press('Enter')
  await view(page).stateIs('Running')
})

// While it runs:
it('a new job, its mistakes told while one types, and what it would come to', async () => {
  await open('/jobs/new?kind=SCRAPE_EMAILS')
  const domains = page.getByRole('textbox', { name: /domains/i })
  await domains.fill('example.com\nnot a domain\n')
  await text(/“?not a domain”?" is not a domain/)
  await look(page, 'new-job-mistake')
  await domains.fill('example.com\nexample.org')
  await text(/at most 100 pages, about \d+ s/)
  await look(page, 'new-job')
  await open('/jobs/new?kind=VERIFY_EMAILS')
  const table = 'name;mail;city\nAda Lovelace;ada@maker-works.com;London\nGrace Hopper;grace@maker-works.com;New York\n'
  const file = { name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(table) }
  await page.getByLabel('File', { exact: true }).setInputFiles(file)
  await page.getByRole('columnheader', { name: 'mail, the column that is read' }).waitFor(soon)
  await look(page, 'new-job-table')
  await page.getByRole('button', { name: 'Clear' }).click()
  const sheet = { name: 'people.xlsx', mimeType: 'text/csv', buffer: Buffer.from('PK\u0003\u0004 no text') }
  await page.getByLabel('File', { exact: true }).setInputFiles(sheet)
  await page.getByRole('alert').getByText('Save it as CSV.').waitFor(soon)
  await page.getByRole('button', { name: 'Choose again' }).waitFor(soon)
  await text('Choose another file, or take this one out.')
  await look(page, 'new-job-no-text')
  await page.reload()
  await page.getByRole('button', { name: 'Choose a file' }).waitFor(soon)
  expect(await page.getByRole('button', { name: 'Clear' }).count(), 'nothing is kept of it').toBe(0)
  const addresses = page.getByRole('textbox', { name: 'Addresses' })
  await addresses.fill('ada@maker-works.com\nann b@maker-works.com\n')
  await text('Line 2: "ann b@maker-works.com" has a blank before the @, which no address has')
  expect(await addresses.getAttribute('aria-invalid'), 'it can be started').not.toBe('true')
  await look(page, 'new-job-remark')
  await page.getByRole('button', { name: 'Take this line out' }).click()
  expect(await addresses.inputValue()).toBe('ada@maker-works.com\n')
  await page.getByRole('button', { name: 'Clear' }).click()
})

it('verification before anything was verified', async () => {
  await open('/verification')
  await text('No address is verified yet')
  await look(page, 'verification-none')
})

it('a job that has ended', async () => {
  await open('/jobs/1')
  await view(page).stateIs('Completed', 60_000)
  await look(page, 'job-ended')
  const tabs = page.getByRole('navigation', { name: 'Parts of the job' })
  const beyond = await tabs.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)
  expect(beyond, 'what would be scrolled up and down').toBe(0)
})

it('the results of a job, filtered, and where one of them stood', async () => {
  await open('/jobs/1?quality=high&method=mailto')
  const count = await page.getByText(/^\d+ addresses$/).innerText({ timeout: soon.timeout })
  await look(page, 'results-filtered')
  await page.getByText('Export', { exact: true }).click()
  await look(page, 'export')
  await page.getByRole('link', { name: /^Results by domain/ }).waitFor(soon)
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
  await page.setViewportSize({ width: 390, height: 844 })
  const right = await page
    .getByRole('dialog')
    .getByRole('heading', { level: 2 })
    .evaluate((title) => {
      const letters = document.createRange()
      letters.selectNodeContents(title)
      return letters.getBoundingClientRect().right
    })
  const close = await page.getByRole('dialog').getByRole('button', { name: 'Close' }).boundingBox()
  expect(right).toBeLessThan(close!.x)
  await look(page, 'provenance')
  await open('/jobs/1?q=farnhügel-instrumente.de')
  await page.getByRole('button', { name: 'kontakt@farnhügel-instrumente.de', exact: true }).waitFor(soon)
  await page.getByRole('option', { name: 'farnhügel-instrumente.de (3)' }).waitFor({ state: 'attached', ...soon })
  expect(await page.getByRole('button', { name: 'Copy kontakt@xn--farnhgel-instrumente-tec.de' }).count()).toBe(1)
  await look(page, 'results-international')
  await open('/jobs/1?q=nobody-is-called-so')
  await text('No address matches')
  await look(page, 'results-none')
})

it('counts beside the filters are of what the filters let through, or are not there', async () => {
  const medium = page.getByRole('group', { name: 'Quality' }).getByRole('button', { name: /^Medium/ })
  await open('/jobs/1?quality=high')
  await expect.poll(() => medium.innerText(), soon).toMatch(/^Medium [1-9]/)
  const answer = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('ResultFacets')) await answer.promise
    await route.continue()
  })
  await page.getByLabel('Filter results by text').fill('felicity')
  await page.waitForURL(/q=felicity/, soon)
  await expect.poll(() => medium.innerText(), soon).toBe('Medium')
  answer.resolve()
  await expect.poll(() => medium.innerText(), soon).toBe('Medium 0')
  await page.unroute('**/graphql')

  await open('/jobs/1?domain=farnhügel-instrumente.de')
  const methods = page.getByLabel('Method', { exact: true }).getByRole('option')
  const counts = async () =>
    (await methods.allInnerTexts()).flatMap((option) => /\((\d+)\)$/.exec(option)?.[1] ?? []).map(Number)
  await expect.poll(async () => (await counts()).reduce((sum, n) => sum + n, 0), soon).toBe(3)
})

it('its pages as a tree and as a list', async () => {
  await open('/jobs/1/pages')
  await page.getByRole('button', { name: /^events\// }).click()
  await page.getByRole('button', { name: /^products\// }).click()
  await text('sap-flow-probe.html')
  await page.getByRole('region', { name: 'Pages' }).getByText('Addresses', { exact: true }).waitFor(soon)
  await page.evaluate(() => scrollTo(0, 0))
  await look(page, 'pages-tree')
  await open('/jobs/1/pages?view=list&status=failed')
  await text('the host answered 404')
  await look(page, 'pages-failed')
})

it('its log with a finding that was jumped to, and its input', async () => {
  await open('/jobs/1/log')
  await text('Completed: ')
  await page.getByRole('button', { name: 'Previous finding' }).click()
  await page.getByRole('button', { name: 'Close details' }).waitFor(soon)
  await look(page, 'log-finding')
  await open('/jobs/1/log?show=findings')
  await expect.poll(() => page.getByRole('log').getByRole('listitem').count(), soon).toBe(2)
  await open('/jobs/1/input')
  await text('What this job was started with')
  await look(page, 'input')
})

it('jobs: a list, and one that no filter lets through', async () => {
  await open('/jobs')
  await text('1 job')
  await look(page, 'jobs')
  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: /Delete/ }).click()
  await page.getByRole('dialog').getByText('Delete 1 job?').waitFor(soon)
  await look(page, 'jobs-delete-asked')
  await page.keyboard.press('Escape')
  const owner = page.getByRole('combobox', { name: 'Owner' })
  expect(await owner.count(), 'nothing to choose').toBe(0)
  await open('/jobs?owner=local')
  await text('1 job')
  expect(await owner.locator('option').allInnerTexts()).toEqual(['All owners', 'local'])
  await owner.focus()
  await page.keyboard.press('ArrowUp')
  await expect.poll(() => new URL(page.url()).search, soon).toBe('')
  await open('/jobs?owner=nobody')
  await text('No job matches')
  await look(page, 'jobs-owner')
  await open('/jobs?state=failed&time=week')
  await text('No job matches')
  await look(page, 'jobs-none')
})

it('“Verify these” on results: the form, the verdicts of the text alone, and how little they say', async () => {
  await open('/jobs/new?kind=VERIFY_EMAILS')
  const typed = page.getByRole('textbox', { name: 'Addresses' })
  await typed.fill('typed@maker-works.com')
  await open('/jobs/1?quality=high&method=mailto')
  const shown = await page.getByText(/^\d+ addresses$/).innerText({ timeout: soon.timeout })
  await page.getByRole('button', { name: 'Verify these' }).click()
  await page.waitForURL(/new\?kind=VERIFY_EMAILS/, soon)
  await expect.poll(() => page.getByRole('combobox', { name: 'Results of a job' }).inputValue(), soon).toBe('1')
  expect(await page.getByRole('checkbox', { name: 'High' }).isChecked()).toBe(true)
  expect(await page.getByRole('textbox', { name: 'Only found by' }).inputValue()).toBe('mailto')
  await page.getByRole('combobox', { name: 'Depth' }).selectOption({ label: 'Syntax' })
  await look(page, 'verify-these')
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.waitForURL(/\/jobs\/2/, soon)
  await view(page).stateIs('Completed', 60_000)
  const results = page.getByRole('region', { name: 'Results' })
  await results.getByText('Syntax OK', { exact: true }).locator('visible=true').first().waitFor(soon)
  expect(`${await view(page).figure('Results')} addresses`, 'as the filters showed').toBe(shown)
  await look(page, 'verdicts-text-only')
  await open('/verification')
  await text(/Only how these addresses are written was looked at|No verdict is kept yet/)
  await look(page, 'verification-text-only')
  // What somebody had typed before is nobody else's to replace.
  await open('/jobs/new?kind=VERIFY_EMAILS')
  await expect.poll(() => typed.inputValue(), soon).toBe('typed@maker-works.com')
  await page.getByRole('button', { name: 'Clear' }).click()
})

it('verdicts as they come, each with all that it rests on, and their figures', async () => {
  await open('/jobs/new?kind=VERIFY_EMAILS')
  const emails = [
    'ada@maker-works.com',
    'sales@maker-works.com',
    'nobody-at-all@maker-works.com',
    'grace+news@maker-works.com',
    'someone@takes-all-works.com',
    'someone@shy-works.com',
    'someone@silent-works.com',
    'someone@no-such-works.com',
    'someone@gmial.com',
    'someone@mailinator.com',
    'not an address',
  ]
  await page.getByRole('textbox', { name: 'Addresses' }).fill(emails.join('\n'))
  await page.getByRole('combobox', { name: 'Depth' }).selectOption({ label: 'SMTP' })
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.waitForURL(/\/jobs\/3/, soon)
  await page.evaluate(() => Object.assign(globalThis, { loadedOnce: true }))
  const results = page.getByRole('region', { name: 'Results' })
  const rows = results.locator('tbody tr')
  await view(page).stateIs('Running')
  await expect.poll(() => rows.count(), soon).toBeGreaterThan(0)
  await view(page).stateIs('Running', 1_000)
  for (const words of ['Mailbox accepted', 'Mailbox not found', 'Catch all', 'Null MX', 'Domain not found'])
    await results.getByText(words, { exact: true }).locator('visible=true').first().waitFor({ timeout: 60_000 })
  await view(page).stateIs('Completed', 60_000)
  await expect.poll(() => rows.count(), soon).toBe(emails.length)
  expect(await page.evaluate(() => Object(globalThis).loadedOnce), 'without a reload').toBe(true)
  await page.getByRole('button', { name: 'Risky 1', exact: true }).waitFor(soon)
  await results.getByText('11 results, 1 of them not an address and so invalid', { exact: true }).waitFor(soon)
  await rows.filter({ hasText: 'not an address' }).getByText('It has no @.').locator('visible=true').waitFor(soon)
  await look(page, 'verdicts')
  await open('/jobs/3?address=nobody-at-all@maker-works.com')
  const drawer = page.getByRole('dialog')
  const dialogue = drawer.getByRole('list', { name: 'What was said, word by word' })
  await dialogue.getByText('RCPT TO:<nobody-at-all@maker-works.com>').waitFor(soon)
  expect(await drawer.getByText('"transcript"').isVisible(), 'raw only where it is asked for').toBe(false)
  await look(page, 'evidence')
  await drawer.getByText('All of it, as JSON').click()
  await drawer.getByText('"transcript"').waitFor(soon)
  await open('/jobs/3?address=not an address')
  await drawer.getByText('It has no @.').waitFor(soon)
  expect(await drawer.getByText('Its history over all jobs').count(), 'it has none').toBe(0)
  await look(page, 'evidence-no-address')
  await open('/jobs/3?status=risky')
  await results.getByText('someone@takes-all-works.com').first().waitFor(soon)
  expect(await results.getByText('ada@maker-works.com').count()).toBe(0)
  await open('/verification?job=3')
  await page.getByRole('region', { name: 'By status' }).waitFor(soon)
  await look(page, 'verification')
})

it('addresses over all jobs, and the history of one', async () => {
  await open('/addresses')
  await page.getByRole('link', { name: 'press@fernhill-instruments.com' }).waitFor(soon)
  await look(page, 'addresses')
  await page.getByRole('link', { name: 'felicity.ashdown@fernhill-instruments.com' }).click()
  await text('History, 2 sightings')
  await look(page, 'address')
})

it('suppressions: people who want to be left alone, and who were forgotten', async () => {
  const forget = `forgetAddress(address: "jo@left-works.com", reason: "request 7 of 12 May") { __typename }`
  await ask(program.url, `mutation { ${forget} }`)
  const reason = 'Wrote on 3 June that neither she nor anybody else at the company wants to hear from us again'
  await addSuppressions(db, ['sales@left-works.com', 'i@xn--bcher-kva.example'], {
    reason: 'old list',
    source: 'UPLOAD',
  })
  await addSuppressions(db, ['mary.ann.of.the.long.name@quiet-and-far-away-works.example'], {
    reason,
    source: 'PERSON',
  })
  await addSuppressions(db, ['ann@left-works.com'], {
    reason: 'its owner has objected, says Hunter',
    source: 'OBJECTION',
  })
  await open('/suppressions')
  await text('5 addresses')
  await text('A forgotten person')
  await look(page, 'suppressions')
  await open('/address?email=ann@left-works.com')
  await text('on the list since')
  await look(page, 'address-suppressed')
})

it('workers, settings, a place that does not exist', async () => {
  await open('/workers')
  await text('All is well.')
  await look(page, 'workers')
  await open('/settings')
  await text('USER_AGENT_CONTACT')
  // What was found out before the first mail server was asked.
  await page.getByRole('region', { name: 'What mail servers think of us' }).getByText('SPF').first().waitFor(soon)
  await look(page, 'settings')
  expect(await page.getByRole('button', { name: /^Worth a look/ }).count()).toBe(0)
  await page.getByRole('button', { name: /^Optional, not set up \d/ }).click()
  await look(page, 'settings-optional')
  await open('/nowhere')
  await text('There is nothing here')
  await look(page, 'nowhere')
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('button', { name: 'Menu' }).click()
  await look(page, 'menu')
})

it('what a verification was started with and what came of it, in words', async () => {
  await open('/jobs/2/input')
  const input = page.getByRole('region', { name: 'Input' })
  await input.getByRole('link', { name: 'Sample site' }).waitFor(soon)
  await input.getByText(/^(?:Valid|Risky|Invalid|Unknown) \d+(?:, [A-Z][a-z]+ \d+)*$/).waitFor(soon)
  await input.getByText('Known already', { exact: true }).waitFor(soon)
  await look(page, 'input-verification')
})

it('deleting several jobs is said of several', async () => {
  await open('/jobs')
  await text('3 jobs')
  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: /Delete/ }).click()
  await page.getByRole('dialog').getByText('Removes the jobs with their results').waitFor(soon)
  await page.keyboard.press('Escape')
})

it('a part of a domain in letters beyond ASCII that is found by whole names alone', async () => {
  await open('/addresses?q=farnhü')
  await text('a domain is found by what stands whole between its dots')
  await open('/addresses?q=farnhügel-instrumente')
  await page.getByRole('link', { name: 'kontakt@farnhügel-instrumente.de' }).waitFor(soon)
})

it('the command palette by keyboard alone, and the keys', async () => {
  await open('/jobs')
  await text('3 jobs')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /^Find/ }).waitFor(soon)
  await page.keyboard.type('press@')
  await page.getByRole('option', { name: 'press@fernhill-instruments.com' }).waitFor(soon)
  await look(page, 'palette')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/address\?email=press/, soon)
  await page.getByRole('dialog').waitFor({ state: 'detached', ...soon })
  await page.keyboard.press('g')
  await page.keyboard.press('w')
  await page.waitForURL(/\/workers/, soon)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor(soon)
  await look(page, 'keyboard')
})

it('finds in the palette jobs by number, new ones by their words, and what can be done with the one that is open', async () => {
  await open('/jobs/1')
  await view(page).stateIs('Completed')
  await page.keyboard.press('Control+k')
  const find = page.getByRole('combobox', { name: /^Find/ })
  for (const [typed, name] of [
    ['#2', /#2, completed/],
    ['3', /#3, completed/],
    ['verify', 'New job: Verify e-mail addresses'],
    ['scrape', 'New job: Scrape e-mail addresses'],
    ['clone', 'Clone'],
    ['results by domain', 'Export: Results by domain'],
    ['new job from', 'New job from this'],
  ] as const) {
    await find.fill(typed)
    await page.getByRole('option', { name }).waitFor(soon)
  }
  await find.fill('pause')
  await text('Nothing is called so.')
  await find.fill('export csv')
  await page.getByRole('option', { name: 'Export: Results as CSV' }).waitFor(soon)
  const [download] = await Promise.all([page.waitForEvent('download', soon), page.keyboard.press('Enter')])
  expect(download.suggestedFilename()).toBe('job_1_addresses.csv')
  await page.keyboard.press('Control+k')
  await find.fill('new job from')
  await page.getByRole('option', { name: 'New job from this' }).waitFor(soon)
  await page.keyboard.press('Enter')
  await page.waitForURL(/kind=SCRAPE_EMAILS&draft=filled-in/, soon)
})
