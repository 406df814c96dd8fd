import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { startApi } from '../support/api.ts'
import { launchBrowser, openWatchedPage } from '../support/browser.ts'
import { testDatabase } from '../support/postgres.ts'
import { addJob } from '../support/rows.ts'

const database = await testDatabase()
let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
}, 120_000)
afterAll(() => browser.close())

test('GraphiQL runs queries and subscriptions, under our policy and without another host', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(database.db, { title: 'seen in GraphiQL' })
  await using watched = await openWatchedPage(browser, { origins: [api.url] })
  const { page } = watched
  const run = async (query: string) => {
    await page.goto(`${api.url}/graphql?query=${encodeURIComponent(query)}`)
    await page.getByRole('button', { name: /execute query/i }).click()
  }
  await run('{ jobs(first: 5) { nodes { title } } }')
  await page.getByText('seen in GraphiQL').first().waitFor()
  await run(`subscription { jobEvents(jobId: "${jobId}") { __typename } }`)
  await page.getByText('JobSnapshot').first().waitFor()
  expect(watched.problems).toEqual([])
}, 120_000)
