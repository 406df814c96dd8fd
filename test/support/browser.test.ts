import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { launchBrowser, openWatchedPage } from './browser.ts'
import { startSite } from './site.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
}, 60_000)
afterAll(() => browser.close())

test('shows a page in the wanted width and colours, without a word in the console', async () => {
  await using site = await startSite({
    pages: {
      '/': '<!doctype html><link rel="icon" href="data:,"><title>Hello</title><h1>Grüße 你好</h1><script>localStorage.x = 1</script>',
    },
  })
  await using watched = await openWatchedPage(browser, { width: 390, colorScheme: 'dark', origins: [site.url] })
  await watched.page.goto(site.url)
  expect(await watched.page.title()).toBe('Hello')
  expect(await watched.page.evaluate('[innerWidth, matchMedia("(prefers-color-scheme: dark)").matches]')).toEqual([
    390,
    true,
  ])
  const heading = await watched.page.getByRole('heading').boundingBox()
  expect(heading?.height, 'height of a heading: 0 where there is no font').toBeGreaterThan(20)
  const second = await watched.context.newPage()
  await second.goto(site.url)
  expect(await second.evaluate('localStorage.x')).toBe('1')
  expect(watched.problems).toEqual([])
})

test('collects what no page may do, and fails at the end', async () => {
  await using site = await startSite({
    pages: {
      '/': `<!doctype html><link rel="icon" href="data:,"><title>Bad</title><img src="http://tracker.invalid/pixel.png">
        <script>console.error('first complaint'); new WebSocket('ws://tracker.invalid/live'); setTimeout(() => { throw new Error('second complaint') })</script>`,
    },
  })
  const watched = await openWatchedPage(browser, { origins: [site.url], expected: [/ERR_BLOCKED_BY_CLIENT/] })
  await watched.page.goto(site.url)
  await expect.poll(() => watched.problems.length).toBe(4)
  const complaint = await watched.close().then(
    () => 'none',
    (error: unknown) => String(error),
  )
  expect(complaint).toContain('console error: first complaint')
  expect(complaint).toContain('exception: Error: second complaint')
  expect(complaint).toContain('request to another place: http://tracker.invalid/pixel.png')
  expect(complaint).toContain('WebSocket to another place: ws://tracker.invalid/live')
})
