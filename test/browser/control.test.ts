import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { launchBrowser, openWatchedPage } from '../support/browser.ts'
import { type Program, startProgram } from '../support/program.ts'
import { type Site, type SitePage, startSite, status } from '../support/site.ts'

let browser: Browser
let program: Program
let site: Site
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
  program = await startProgram({ DATA_DIR: dataDir, MIN_DELAY_MS: '0', WORKERS: '1', ALLOW_HOSTS })
})
afterAll(async () => {
  await browser?.close()
  await program?.stop()
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

  await page.goto(`${program.url}/?state=completed`)
  await page.getByText('2 jobs', { exact: true }).waitFor(soon)
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
