// npm run bench -- app [--results 1000000] [--pages 200000]: the web app over a large job, measured in Chromium against the real server.
// Ends with 1 where a view takes longer than 1 s or the page is held up for longer than 200 ms. With --data DIR the job is made there once, and kept.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import type { Page } from 'playwright-core'

import { openDatabase } from '../../../db/database.ts'
import { startEmbedded } from '../../../db/embedded.ts'
import { migrate } from '../../../db/migrate.ts'
import { createLog } from '../../../server/log.ts'
import { launchBrowser, openWatchedPage } from '../../support/browser.ts'
import { startProgram } from '../../support/program.ts'
import { seedLargeJobs } from './seed.ts'

const { values } = parseArgs({
  options: {
    results: { type: 'string', default: '1000000' },
    pages: { type: 'string', default: '200000' },
    data: { type: 'string' },
  },
})
const sizes = { results: Number(values.results), pages: Number(values.pages) }
const mostViewMs = 1_000
const mostHeldMs = 200

const made = values.data !== undefined && existsSync(values.data)
const dataDir = values.data ?? (await mkdtemp(join(tmpdir(), 'mailquarry-bench-app-')))
const embedded = await startEmbedded({ dataDir, log: createLog('warn') })
let failed = false
try {
  const jobs = made ? { crawl: 1, verification: 2 } : await seed(embedded.url)
  const program = await startProgram({ DATABASE_URL: embedded.url, DATA_DIR: dataDir, WORKERS: '0', LOG_LEVEL: 'info' })
  const browser = await launchBrowser()
  const { page, close } = await openWatchedPage(browser, { origins: [program.url] })
  try {
    await page.addInitScript(() => {
      const held: number[] = []
      Object.assign(globalThis, { held })
      new PerformanceObserver((list) => held.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
        buffered: true,
      })
    })
    // A person comes from the list of jobs: the browser and the database have been used before.
    await page.goto(`${program.url}/jobs`)
    await page.getByText('a large crawl').first().waitFor()
    for (const measure of measures(page, program.url, jobs)) await tell(page, measure)
  } finally {
    await close()
    await browser.close()
    await program.stop()
  }
} finally {
  await embedded.stop()
  if (values.data === undefined) await rm(dataDir, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)

async function seed(url: string) {
  await migrate(url)
  const database = openDatabase(url, { max: 2, applicationName: 'bench' })
  const began = performance.now()
  const jobs = await seedLargeJobs(database.db, sizes)
  await database.close()
  console.log(`seeded ${sizes.results} results and ${sizes.pages} pages in ${seconds(performance.now() - began)} s`)
  return jobs
}

interface Measure {
  name: string
  /** Brings the view about. */
  act(): Promise<unknown>
  /** Resolves when it is there. */
  seen(): Promise<unknown>
  /** How long it takes is the measure's own doing; only that the page is not held up counts. */
  unhurried?: boolean
}

function measures(page: Page, url: string, jobs: { crawl: number; verification: number }): Measure[] {
  const rows = (pattern: RegExp) => page.getByRole('button', { name: pattern }).first()
  const row = (words: string | RegExp) => page.getByText(words).first()
  const visit = (name: string, path: string, seen: () => Promise<unknown>): Measure => ({
    name,
    act: () => page.goto(url + path),
    seen,
  })
  const go = (name: string, path: string, seen: () => Promise<unknown>) =>
    visit(name, `/jobs/${jobs.crawl}${path}`, seen)
  const search = (words: string) => () => page.getByRole('searchbox').first().fill(words)
  const last = sizes.results - 1
  return [
    go('first view of the results', '', () => rows(new RegExp(`^person${last}@`)).waitFor()),
    {
      name: 'scrolling through them',
      unhurried: true,
      act: () => scroll(page),
      seen: () => rows(/^person\d+@/).waitFor(),
    },
    {
      name: 'the next page',
      act: () => page.getByRole('button', { name: 'Next' }).click(),
      seen: () => rows(new RegExp(`^person${last - 50}@`)).waitFor(),
    },
    {
      name: 'only of low quality',
      act: () => page.getByRole('group', { name: 'Quality' }).getByRole('button', { name: 'Low' }).click(),
      seen: () => rows(new RegExp(`^person${last - ((last - 3) % 4)}@`)).waitFor(),
    },
    go('by confidence, the surest', '?order=confidence', () => rows(/^person\d+@/).waitFor()),
    go('of one domain', '?domain=firm77.example', () => rows(/@firm77\.example$/).waitFor()),
    go('all of them again', '', () => rows(new RegExp(`^person${last}@`)).waitFor()),
    {
      name: 'with a text that few hold',
      act: search(`person${last}@`),
      seen: () => row(/^1 address$/).waitFor(),
    },
    { name: 'with a text that none holds', act: search('nobody'), seen: () => row('No address matches').waitFor() },
    go('where one stood', `?address=person${last}@firm${last % 5000}.example`, () => row('1 sighting').waitFor()),
    go('pages: hosts', '/pages', () => row('www.large.example').waitFor()),
    { name: 'pages: a large host', act: () => row('www.large.example').click(), seen: () => row(/^team\/$/).waitFor() },
    { name: 'pages: one of its folders', act: () => row(/^team\/$/).click(), seen: () => row(/^96\/$/).waitFor() },
    go('pages that failed', '/pages?view=list&status=failed', () => row('the host answered 404').waitFor()),
    go('the log', '/log', () => row('event 20000').waitFor()),
    go('its findings', '/log?show=findings', () => row('event 20000').waitFor()),
    visit('all addresses', '/addresses', () => page.getByRole('link', { name: /^person0@/ }).waitFor()),
    { name: 'with a text that few hold', act: search(`person${last}@`), seen: () => row(/^1 address$/).waitFor() },
    visit('verdicts', `/jobs/${jobs.verification}`, () => rows(/^person0@/).waitFor()),
    {
      name: 'only the risky ones',
      act: () => page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Risky' }).click(),
      seen: () => rows(/^person3@/).waitFor(),
    },
    visit('figures of these verdicts', `/verification?job=${jobs.verification}`, () => row('By reason').waitFor()),
    {
      // The best verdict of each address is found first; the server keeps the sums for all who look.
      ...visit('figures of all that is known', '/verification', () => row('By reason').waitFor()),
      unhurried: true,
    },
  ]
}

async function scroll(page: Page) {
  await page.mouse.move(600, 600)
  for (let i = 0; i < 40; i++) await page.mouse.wheel(0, 200)
  for (let i = 0; i < 40; i++) await page.mouse.wheel(0, -200)
}

async function tell(page: Page, { name, act, seen, unhurried }: Measure) {
  await page.evaluate(() => Object(globalThis).held?.splice(0))
  const began = performance.now()
  await act()
  await seen()
  const viewMs = Math.round(performance.now() - began)
  // The browser tells of a long task after it.
  await page.waitForTimeout(300)
  const held = Math.round(await page.evaluate(() => Math.max(0, ...(Object(globalThis).held as number[]))))
  const bad = (viewMs > mostViewMs && !unhurried) || held > mostHeldMs
  failed ||= bad
  console.log(
    `${bad ? 'too slow' : 'ok      '}  ${String(viewMs).padStart(6)} ms  held up ${String(held).padStart(4)} ms  ${name}`,
  )
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
