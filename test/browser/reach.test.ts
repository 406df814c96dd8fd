import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { launchBrowser, nameOfThisMachine, openWatchedPage, type WatchedPage } from '../support/browser.ts'
import { ask, jobView } from '../support/job-view.ts'
import { freePortPair, type Program, startProgram } from '../support/program.ts'

// Who has no mouse, who wants nothing to move, and who comes by plain http from another machine.
const soon = { timeout: 20_000 }
let browser: Browser
let program: Program
let dataDir: string
let watched: WatchedPage
let page: Page

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-reach-'))
  browser = await launchBrowser()
  const port = await freePortPair()
  program = await startProgram({
    DATA_DIR: dataDir,
    PORT: String(port),
    MIN_DELAY_MS: '0',
    WORKERS: '1',
    ALLOW_ORIGINS: `${nameOfThisMachine}:${port}`,
  })
  const start = `startScrapeEmails(input: { startUrls: ["http://127.0.0.1:${port + 1}/"] })`
  await ask(program.url, `mutation { ${start} { __typename } }`)
  watched = await openWatchedPage(browser, {
    origins: [program.url, `http://${nameOfThisMachine}:${port}`],
    // By plain http the browser says that it leaves out a header that is there for https.
    expected: [/Cross-Origin-Opener-Policy header has been ignored/],
  })
  await watched.page.goto(`${program.url}/jobs/1`)
  await jobView(watched.page).stateIs('Completed', 60_000)
})
afterAll(async () => {
  await watched?.close()
  await browser?.close()
  await program?.stop()
  await rm(dataDir, { recursive: true, force: true })
})
beforeEach(async () => {
  page = await watched.context.newPage()
})

/** Where the focus is, and whether anybody can see it there. */
const focused = () =>
  page.evaluate(async () => {
    // A look may take a frame to change.
    await new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))
    const element = document.activeElement
    if (!(element instanceof HTMLElement)) return undefined
    const { top, bottom, left, right } = element.getBoundingClientRect()
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
    const marked = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none'
    const inView = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth
    return {
      tag: element.tagName,
      name: element.getAttribute('aria-label') ?? element.innerText?.trim(),
      visible: marked && inView,
    }
  })
const open = async (path: string) => {
  await page.goto(program.url + path)
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().waitFor(soon)
}

it('shows where the focus is at every step through a page, which begins with a way past the menu', async () => {
  for (const [path, words] of [
    ['/jobs', '1 job'],
    ['/jobs/1', '47 addresses'],
    ['/jobs/1/pages', '55'],
    ['/jobs/1/log', 'Completed: '],
    ['/addresses', '47 addresses'],
    ['/settings', 'USER_AGENT_CONTACT'],
    ['/jobs/new?kind=VERIFY_EMAILS', 'Depth'],
  ] as const) {
    await open(path)
    await page.getByText(words).first().waitFor(soon)
    await page.keyboard.press('Tab')
    await expect.poll(focused).toMatchObject({ name: 'Skip to content', visible: true })
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press('Tab')
      const stop = await focused()
      if (!stop || stop.tag === 'BODY') break
      expect(stop.visible, `${path}: ${stop.tag} ${stop.name}`).toBe(true)
    }
  }
})

it('goes past the menu, opens an address, keeps the focus in its drawer and gives it back', async () => {
  await open('/jobs/1?order=address')
  const row = page.getByRole('button', { name: 'accounts@fernhill-instruments.com', exact: true })
  await row.waitFor(soon)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  expect(await focused()).toMatchObject({ tag: 'MAIN' })
  await page.keyboard.press('Tab')
  expect(await focused()).toMatchObject({ tag: 'A', name: 'Jobs' })

  for (let step = 0; step < 40 && !(await row.evaluate((one) => one === document.activeElement)); step++)
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  const drawer = page.getByRole('dialog', { name: 'accounts@fernhill-instruments.com' })
  await drawer.getByText(/\d sighting/).waitFor(soon)
  expect(await drawer.getByText('still there').count(), 'it was crawled only once').toBe(0)
  const isInside = () => drawer.evaluate((one) => one.contains(document.activeElement))
  for (let step = 0; step < 12; step++) {
    expect(await isInside()).toBe(true)
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached', ...soon })
  expect(new URL(page.url()).searchParams.get('address')).toBeNull()
  await expect.poll(() => row.evaluate((one) => one === document.activeElement), soon).toBe(true)
})

it('starts a job by keyboard alone', async () => {
  await open('/jobs')
  await page.getByText('1 job').waitFor(soon)
  await page.keyboard.press('n')
  await page.waitForURL(/\/jobs\/new/, soon)
  const verify = page.getByRole('link', { name: /^Verify e-mail/ })
  await verify.waitFor(soon)
  for (let step = 0; step < 20 && !(await verify.evaluate((one) => one === document.activeElement)); step++)
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  const addresses = page.getByRole('textbox', { name: 'Addresses' })
  await addresses.waitFor(soon)
  for (let step = 0; step < 20 && !(await addresses.evaluate((one) => one === document.activeElement)); step++)
    await page.keyboard.press('Tab')
  await page.keyboard.type('not-an-address')
  await page.keyboard.press('Enter')
  await page.keyboard.type('ada@example.invalid')
  await page.keyboard.press('Control+Enter')
  await page.waitForURL(/\/jobs\/2/, soon)
  await page.getByText('It has no @.').locator('visible=true').first().waitFor(soon)
})

it('fills in the sample site as the example, with the focus left in the form, and starts it from the palette', async () => {
  await open('/jobs/new?kind=SCRAPE_EMAILS')
  const urls = page.getByRole('textbox', { name: 'Start URLs' })
  await page.getByRole('button', { name: 'Fill in an example' }).click()
  expect(await urls.inputValue()).toBe(`http://127.0.0.1:${program.port + 1}/`)
  expect(await page.getByRole('textbox', { name: 'Domains' }).inputValue()).toBe('')
  expect(await focused()).toMatchObject({ tag: 'TEXTAREA', visible: true })
  await page.getByRole('button', { name: 'Clear' }).click()
  expect(await urls.inputValue()).toBe('')
  expect(await focused()).toMatchObject({ tag: 'TEXTAREA', visible: true })

  await open('/jobs')
  await page.keyboard.press('Control+k')
  await page.getByRole('option', { name: 'Try it on the sample site' }).waitFor(soon)
  await page.keyboard.type('sample')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/jobs\/3/, soon)
  await jobView(page).stateIs('Completed', 60_000)
})

it('moves nothing for who wants nothing to move', async () => {
  await open('/jobs/1')
  await page.getByText('47 addresses').waitFor(soon)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').waitFor(soon)
  const moving = await page.evaluate(
    () => document.getAnimations().filter((one) => Number(one.effect?.getComputedTiming().duration) > 1).length,
  )
  expect(moving).toBe(0)
})

it('copies where the browser lends no clipboard, on the page and in a drawer', async () => {
  await page.goto(`http://${nameOfThisMachine}:${program.port}/jobs/1?order=address`)
  await page.getByText('47 addresses').waitFor(soon)
  expect(await page.evaluate(() => isSecureContext)).toBe(false)
  const search = page.getByRole('searchbox', { name: 'Filter results by text' })
  const pasted = async () => {
    await search.fill('')
    await search.press('Control+v')
    return search.inputValue()
  }
  await page.getByRole('button', { name: 'Copy accounts@fernhill-instruments.com' }).click()
  await page.getByText('Copied').waitFor({ state: 'attached', ...soon })
  expect(await pasted()).toBe('accounts@fernhill-instruments.com')

  await page.goto(`http://${nameOfThisMachine}:${program.port}/jobs/1?address=press@fernhill-instruments.com`)
  await page.getByRole('dialog').getByRole('button', { name: 'Copy address' }).click()
  await page.getByRole('dialog').getByText('Copied').first().waitFor(soon)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached', ...soon })
  expect(await pasted()).toBe('press@fernhill-instruments.com')
})

it('has the exact time at hand wherever it says how long ago something was', async () => {
  for (const path of ['/jobs', '/jobs/1', '/addresses', '/workers']) {
    await open(path)
    const times = page.getByRole('main').locator('time')
    await times.first().waitFor({ state: 'attached', ...soon })
    for (const time of await times.all()) {
      const title = await time.getAttribute('title')
      expect(Date.parse(title ?? ''), `${path}: ${title}`).toBeCloseTo(
        Date.parse((await time.getAttribute('datetime')) ?? ''),
        -3.4,
      )
    }
  }
})
