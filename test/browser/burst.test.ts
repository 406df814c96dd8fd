import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { appendEvents } from '../../db/jobs.ts'
import { buildClient, clientDir } from '../../server/client-build.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { launchBrowser, openWatchedPage } from '../support/browser.ts'
import { jobView } from '../support/job-view.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addJob, addNotes } from '../support/rows.ts'

const database = await testDatabase()
let browser: Browser
beforeAll(async () => {
  await buildClient(process.env, () => {})
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

test('9,000 findings in 3 s: the figures follow all the while, and the log is whole and at its end a moment after the last', async () => {
  await using api = await startApi(database, { clientDir })
  const jobId = await addJob(database.db, { kind: 'scrape-emails', title: 'a burst' })
  await addNotes(database.db, jobId, 20)
  await using watched = await openWatchedPage(browser, { origins: [api.url] })
  const { page } = watched
  let frames = 0
  page.on('websocket', (socket) => socket.on('framereceived', () => frames++))
  await page.goto(`${api.url}/jobs/${jobId}/log`)
  await page.getByText('note 20').first().waitFor()
  await watchFigure(page)

  const lastWrite = await findings(api, jobId, { count: 9_000, aStep: 1_000, withinMs: 3_000 })
  await page.getByText('finding 9000').first().waitFor()
  await expect.poll(() => jobView(page).figure('Done'), { interval: 10 }).toBe(9_000)
  const lateMs = Date.now() - lastWrite
  const seen = await seenFigures(page)
  expect(seen.length, 'figures that were shown on the way').toBeGreaterThan(6)
  // One by one they would be 9,000.
  expect(frames).toBeLessThan(1_000)
  expect(lateMs).toBeLessThan(3_000)
  // Where a slow browser had missed too much, the log has begun anew; but it has no hole, and nothing twice.
  const held = await jobView(page).events()
  await page.getByRole('log').evaluate((box) => (box.scrollTop = 0))
  const oldest = held === 9_020 ? 'note 1' : `finding ${9_000 - held + 1}:`
  await page.getByRole('log').locator('li').first().getByText(oldest).waitFor()
})

test('results that pour in: their facets are counted once a second, and to the last one', async () => {
  await using api = await startApi(database, { clientDir })
  const { db } = database
  const jobId = await addJob(db, { kind: 'scrape-emails', title: 'much is found' })
  await using watched = await openWatchedPage(browser, { origins: [api.url] })
  const { page } = watched
  let counted = 0
  await page.route('**/graphql', (route, request) => {
    if (request.postData()?.includes('query ResultFacets(')) counted++
    return route.fallback()
  })
  let found = 0
  const find = async (count: number) => {
    const addresses = Array.from({ length: count }, (_, i) => ({ address: `person${found + i}@example.com` }))
    await addAddresses(db, jobId, { seq: found, groupId: found }, addresses)
    found += count
    await sql`update jobs set results = ${found} where id = ${jobId}`.execute(db)
    api.engine.notices.changed(jobId, 0)
  }
  // More than one page: what is whole on the screen is counted there.
  await find(60)
  await page.goto(`${api.url}/jobs/${jobId}`)
  const medium = page.getByRole('group', { name: 'Quality' }).getByRole('button', { name: 'Medium' })
  const isCounted = () => expect.poll(() => medium.innerText(), { timeout: 5_000 }).toMatch(new RegExp(`\\b${found}$`))
  await isCounted()

  const [before, began] = [counted, Date.now()]
  while (Date.now() - began < 5_000) {
    await find(1)
    await sleep(100)
  }
  await isCounted()
  const seconds = (Date.now() - began) / 1_000
  expect(counted - before).toBeGreaterThan(2)
  expect(counted - before).toBeLessThanOrEqual(Math.ceil(seconds) + 1)

  // The end weighs what was found once more: no result comes, and some are of less quality.
  await sql`update job_addresses set quality = 'low' where job_id = ${jobId} and address like '%0@example.com'`.execute(
    db,
  )
  await sql`update jobs set state = 'COMPLETED' where id = ${jobId}`.execute(db)
  api.engine.notices.changed(jobId, 0)
  const low = page.getByRole('group', { name: 'Quality' }).getByRole('button', { name: 'Low' })
  await expect.poll(() => low.innerText(), { timeout: 5_000 }).toMatch(/ [1-9]/)
})

/** Findings as steps leave them, each with its items; returns when the last were written. */
async function findings(
  { engine }: TestApi,
  jobId: number,
  { count, aStep, withinMs }: { count: number; aStep: number; withinMs: number },
): Promise<number> {
  const began = Date.now()
  for (let done = 0; done < count; done += aStep) {
    const events = Array.from({ length: aStep }, (_, i) => ({
      type: 'finding',
      data: {
        message: `finding ${done + i + 1}: the host answered 404`,
        url: `https://www.example.com/some/where/page-${done + i + 1}.html`,
        category: 'http_4xx',
        httpStatus: 404,
      },
    }))
    const seq = await engine.db.transaction().execute(async (trx) => {
      await sql`update jobs set done = done + ${aStep}, failed = failed + ${aStep} where id = ${jobId}`.execute(trx)
      return appendEvents(trx, jobId, events)
    })
    engine.notices.changed(jobId, seq)
    await sleep(Math.max(0, began + ((done + aStep) / count) * withinMs - Date.now()))
  }
  return Date.now()
}

/** Notes each value of Done that comes onto the screen, and when. */
function watchFigure(page: Page) {
  return page.evaluate(() => {
    const seen: { at: number; done: string }[] = []
    Object.assign(globalThis, { seen })
    const look = () => {
      const label = [...document.querySelectorAll('dt')].find((dt) => dt.textContent === 'Done')
      const done = label?.nextElementSibling?.firstElementChild?.textContent ?? ''
      if (done !== seen.at(-1)?.done) seen.push({ at: Date.now(), done })
      requestAnimationFrame(look)
    }
    look()
  })
}

function seenFigures(page: Page): Promise<{ at: number; done: string }[]> {
  return page.evaluate(() => Object(globalThis).seen)
}
