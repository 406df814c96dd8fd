import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { addSuppressions } from '../../db/suppressions.ts'
import { launchBrowser, openWatchedPage, type WatchedPage } from '../support/browser.ts'
import { type CuttableNetwork, startCuttableNetwork } from '../support/cuttable-network.ts'
import { ask } from '../support/job-view.ts'
import { look } from '../support/look.ts'
import { testDatabase } from '../support/postgres.ts'
import { freePortPair, type Program, startProgram } from '../support/program.ts'
import { addAddresses, addEvents, addJob, addNotes, addPages } from '../support/rows.ts'

// Who wants to be left alone, and who wants to be forgotten.
const soon = { timeout: 20_000 }
const { url: databaseUrl, db } = await testDatabase()
let browser: Browser
let program: Program
let network: CuttableNetwork
let dataDir: string
let watched: WatchedPage
let page: Page

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-suppressions-'))
  browser = await launchBrowser()
  const port = await freePortPair()
  network = await startCuttableNetwork(port)
  program = await startProgram({
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    WORKERS: '0',
    ALLOW_ORIGINS: `127.0.0.1:${network.port}`,
  })
  watched = await openWatchedPage(browser, { origins: [program.url] })
  page = watched.page
})
afterAll(async () => {
  await watched?.close()
  await browser?.close()
  await program?.stop()
  await network?.[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

const dialog = () => page.getByRole('dialog')
const said = (words: string) => page.getByRole('status').getByText(words).waitFor(soon)
/** The console tells of the connections that a test breaks. */
const brokenConnections = [
  /WebSocket connection to/,
  /ERR_(CONNECTION|EMPTY|NETWORK|INTERNET)/,
  /Failed to load resource/,
]
const forget = (address: string) =>
  ask(program.url, `mutation { forgetAddress(address: "${address}", reason: "request 9") { __typename } }`)
const row = (address: string) => page.getByRole('row').filter({ hasText: address })

it('puts addresses on the list, pasted and from a file, and says of each line that is none why', async () => {
  await page.goto(`${program.url}/suppressions`)
  await page.getByText('Nobody is on the list').waitFor(soon)
  await look(page, 'suppressions-none')
  await page.getByRole('button', { name: 'Add addresses' }).first().click()
  const add = dialog().getByRole('button', { name: 'Put on the list' })
  await add.click()
  await dialog().getByText('Name an address, or choose a file.').waitFor(soon)
  await dialog().getByText('Say why.').waitFor(soon)
  const addresses = dialog().getByRole('textbox', { name: 'Addresses' })
  await addresses.fill('bob@maker-works.com\n\nnot an address\neve@bücher.example\nnor this')
  await add.click()
  await dialog().getByText('Say why.').waitFor(soon)
  await dialog().getByText('Line 3: “not an address” has no @.').waitFor(soon)
  await dialog().getByText('Line 5: “nor this” has no @.').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('asked by phone')
  await look(page, 'suppressions-add')
  await dialog().getByRole('button', { name: 'Take these 2 lines out' }).click()
  await add.click()
  await said('2 addresses put on the list.')
  await row('bob@maker-works.com').getByText('asked by phone').locator('visible=true').waitFor(soon)
  await page.getByRole('button', { name: 'By hand 2', exact: true }).waitFor(soon)

  const removal = () =>
    page.waitForRequest((request) => request.method() === 'DELETE' && request.url().includes('/upload/'), soon)
  const letGo = removal()
  await page.getByRole('button', { name: 'Add addresses' }).click()
  await dialog().getByRole('textbox', { name: 'Addresses' }).fill('dan@maker-works.com')
  const picture = { name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from('\x89PNG\r\n\0\0 ann@maker-works.com') }
  await dialog().getByLabel('File', { exact: true }).setInputFiles(picture)
  await dialog().getByText('on the server').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('our old list')
  await add.click()
  await dialog().getByText('This is no text file.').waitFor(soon)
  await letGo
  const removed = removal()
  const list = 'name;mail\nBob;BOB@maker-works.com\nCid;cid@maker-works.com\nNo;no@one@here.com\n'
  const file = { name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(list) }
  await dialog().getByLabel('File', { exact: true }).setInputFiles(file)
  await dialog().getByText('77 B, on the server').waitFor(soon)
  await add.click()
  await said('2 addresses put on the list. 1 was there already and keeps its reason. 1 piece with an @')
  await removed
  await row('cid@maker-works.com').getByText('From a file').locator('visible=true').waitFor(soon)
})

it('marks whom a job had found before in its results', async () => {
  const jobId = await addJob(db, { kind: 'scrape-emails', state: 'COMPLETED' })
  await addAddresses(db, jobId, { seq: 1, groupId: 700 }, [
    { address: 'cid@maker-works.com' },
    { address: 'fay@maker-works.com' },
  ])
  await db.updateTable('jobs').set({ results: 2, steps: 1, done: 2 }).where('id', '=', jobId).execute()
  await page.goto(`${program.url}/jobs/${jobId}`)
  await row('cid@maker-works.com').getByText('Suppressed', { exact: true }).waitFor(soon)
  expect(await row('fay@maker-works.com').getByText('Suppressed', { exact: true }).count()).toBe(0)
  await look(page, 'suppressions-results')
  await row('cid@maker-works.com').getByRole('button', { name: 'cid@maker-works.com', exact: true }).click()
  await dialog().getByText('Suppressed', { exact: true }).waitFor(soon)
  await page.goto(`${program.url}/suppressions`)
})

it('closed while a file is being read, it leaves the file there until that is done', async () => {
  await page.getByRole('button', { name: 'Add addresses' }).click()
  const file = { name: 'list.txt', mimeType: 'text/plain', buffer: Buffer.from('cid@maker-works.com\n') }
  await dialog().getByLabel('File', { exact: true }).setInputFiles(file)
  await dialog().getByText('on the server').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('our old list')
  const held = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route, request) => {
    if (request.postData()?.includes('SuppressUpload')) await held.promise
    return route.fallback()
  })
  const asked = page.waitForRequest((request) => request.postData()?.includes('SuppressUpload') === true)
  await dialog().getByRole('button', { name: 'Put on the list' }).click()
  await asked
  const removed = page.waitForRequest((request) => request.method() === 'DELETE' && request.url().includes('/upload/'))
  let isRemoved = false
  void removed.then(() => (isRemoved = true))
  await dialog().getByRole('button', { name: 'Cancel' }).click()
  await expect.poll(() => dialog().count(), soon).toBe(0)
  expect(isRemoved).toBe(false)
  held.resolve()
  await said('No address is new on the list. 1 was there already')
  await removed
  await page.unroute('**/graphql')
})

it('takes an address off the list with a reason, and says what an objection means before', async () => {
  const reason = 'its owner has objected, says Hunter'
  await addSuppressions(db, ['ann@maker-works.com'], { reason, source: 'OBJECTION' })
  await page.goto(`${program.url}/suppressions?source=OBJECTION`)
  await page.getByText('1 address', { exact: true }).waitFor(soon)
  expect(await page.getByText('bob@maker-works.com').count()).toBe(0)
  await page.getByRole('button', { name: 'Take off ann@maker-works.com' }).click()
  await dialog().getByText('A later objection does not bring it back').waitFor(soon)
  await look(page, 'suppressions-take-off')
  await dialog().getByRole('button', { name: 'Take off' }).click()
  await dialog().getByRole('alert').getByText('Say why.').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('she agrees')
  await page.keyboard.press('Enter')
  await said('ann@maker-works.com is off the list.')
  await page.getByText('Nothing on the list matches').waitFor(soon)
  await page.getByRole('button', { name: 'Show the whole list' }).click()
  await expect.poll(() => new URL(page.url()).search, soon).toBe('')
  await page.getByText('4 addresses', { exact: true }).waitFor(soon)
})

it('says at each field of the dialog to forget a person what is wrong with it', async () => {
  await page.goto(`${program.url}/suppressions`)
  await page.getByRole('button', { name: 'Forget a person' }).click()
  const address = dialog().getByRole('textbox', { name: 'Address' })
  const reason = dialog().getByRole('textbox', { name: 'Reason' })
  await address.fill('nonsense')
  await dialog().getByRole('button', { name: 'Forget this person' }).click()
  await expect.poll(() => address.getAttribute('aria-invalid'), soon).toBe('true')
  expect(await reason.getAttribute('aria-invalid')).toBe('true')
  expect(await dialog().getByRole('alert').allTextContents()).toEqual(['“nonsense” has no @.', 'Say why.'])
  await look(page, 'forget-refused')
  await dialog().getByRole('button', { name: 'Change nothing' }).click()
})

it('forgets a person from the page of an address, and every open page lets go of them without a reload', async () => {
  const ada = 'ada@maker-works.com'
  const kept = 'grace@maker-works.com'
  const id = await addJob(db, { kind: 'scrape-emails', state: 'COMPLETED', title: `the site of ${ada}` })
  await addAddresses(db, id, { seq: 1, groupId: 1 }, [{ address: ada }, { address: kept }])
  await addPages(db, id, [{ url: `https://example.com/people/${ada}` }, { url: 'https://example.com/people/others' }])
  await addEvents(db, id, [{ type: 'finding', data: { item: ada, message: `${ada} could not be read` } }])
  await db.updateTable('jobs').set({ results: 2, steps: 1, done: 2 }).where('id', '=', id).execute()

  const paths = ['/jobs', `/jobs/${id}`, `/jobs/${id}?address=${ada}`, `/jobs/${id}/log`, `/jobs/${id}/log?q=read`]
  paths.push(
    `/addresses?q=${ada}`,
    `/jobs/${id}/pages`,
    `/jobs/${id}/pages?view=list`,
    '/addresses',
    `/address?email=${ada}`,
  )
  const others = await Promise.all(
    paths.map(async (path) => {
      const other = await watched.context.newPage()
      await other.goto(program.url + path)
      await other.getByText(ada).first().waitFor(soon)
      await other.evaluate(() => Object.assign(globalThis, { loadedOnce: true }))
      return { path, other }
    }),
  )
  await page.goto(`${program.url}/addresses`)
  const drafts = { filledIn: 'mailquarry.draft.VERIFY_EMAILS.filled-in', typed: 'mailquarry.draft.VERIFY_EMAILS' }
  await page.evaluate(([keys, text]) => keys.forEach((key) => localStorage.setItem(key, JSON.stringify({ text }))), [
    Object.values(drafts),
    ada,
  ] as const)
  await page.getByRole('link', { name: ada }).click()
  await page.getByRole('button', { name: 'Forget' }).click()
  await dialog().getByText(`What is stored about ${ada} is removed from everywhere, for good.`).waitFor(soon)
  await look(page, 'forget-asked')
  const confirm = dialog().getByRole('button', { name: 'Forget this person' })
  await dialog().getByRole('textbox', { name: 'Reason' }).fill(`for ${ada}`)
  await confirm.click()
  await dialog().getByRole('alert').getByText('The reason is kept: it cannot name the address.').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('request 7')
  await confirm.click()
  await page.waitForURL(/\/suppressions$/, soon)
  await said('The person is forgotten: 3 rows about them are removed')
  await row('A forgotten person').getByText('request 7').locator('visible=true').waitFor(soon)
  expect(await page.content()).not.toContain(ada)

  // What they say by themselves, as where the address of the page names it, is not of the server.
  for (const { path, other } of others) {
    const stands = () => other.getByRole('main').or(other.getByRole('dialog')).getByText(ada)
    const names = path.includes('?email=') ? 1 : 0
    await expect.poll(() => stands().count(), { timeout: 3_000, message: path }).toBeLessThanOrEqual(names)
    if (path.includes('q=ada') || path.includes('?address=')) expect(new URL(other.url()).search, path).toBe('')
    expect(await other.evaluate(() => Object(globalThis).loadedOnce), path).toBe(true)
  }
  expect(await page.evaluate((key) => localStorage.getItem(key), drafts.filledIn)).toBeNull()
  expect(await page.evaluate((key) => localStorage.getItem(key), drafts.typed)).toContain(ada)
  const [, results, drawer] = others.map(({ other }) => other)
  await results!.getByText(kept).first().waitFor(soon)
  expect(await drawer!.getByRole('dialog').count()).toBe(0)
  for (const { other } of others) await other.close()

  // What this tab had seen before is not shown again while it is asked for.
  await page.getByRole('link', { name: 'Addresses', exact: true }).click()
  await page.getByRole('link', { name: kept }).waitFor(soon)
  expect(await page.content()).not.toContain(ada)
})

it('forgets who is typed, and finds a forgotten person by the whole address alone', async () => {
  await page.goto(`${program.url}/suppressions`)
  await page.getByRole('button', { name: 'Forget a person' }).click()
  const confirm = dialog().getByRole('button', { name: 'Forget this person' })
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('request 8')
  await dialog().getByRole('textbox', { name: 'Address' }).fill('bob')
  await confirm.click()
  await dialog().getByRole('alert').getByText('“bob” has no @.').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Address' }).fill('bob@maker-works.com')
  await confirm.click()
  await said('The person is forgotten. No row was about them')
  await page.getByRole('button', { name: 'Forgotten 2', exact: true }).waitFor(soon)
  expect(await page.getByText('bob@').count()).toBe(0)

  const search = page.getByRole('searchbox', { name: 'Search suppressions' })
  await search.fill('bob@maker')
  await page.getByText('A forgotten person is found by the whole address alone').waitFor(soon)
  await search.fill('bob@maker-works.com')
  await row('A forgotten person').getByText('request 8').locator('visible=true').waitFor(soon)
  // While another one is searched for, the row is still his.
  const answered = Promise.withResolvers<void>()
  await page.route('**/graphql', async (route) => {
    await answered.promise
    return route.fallback()
  })
  await search.fill('eve@bücher.example')
  await page.waitForURL(/q=eve/, soon)
  await page.getByRole('button', { name: 'Take off a forgotten person' }).click()
  await dialog().getByText('The list does not know it any more').waitFor(soon)
  await dialog().getByRole('button', { name: 'Leave on the list' }).click()
  answered.resolve()
  await page.unroute('**/graphql')
  await search.fill('bob@maker-works.com')
  await row('A forgotten person').getByText('request 8').locator('visible=true').waitFor(soon)
  await page.getByRole('button', { name: 'Take off a forgotten person' }).click()
  await dialog().getByText('Take bob@maker-works.com off the list?').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('he signed up')
  await dialog().getByRole('button', { name: 'Take off' }).click()
  await said('bob@maker-works.com is off the list.')

  await page.getByRole('button', { name: 'Show the whole list' }).click()
  await page.getByRole('button', { name: 'Take off a forgotten person' }).click()
  await dialog().getByText('The list does not know it any more').waitFor(soon)
  await dialog().getByRole('textbox', { name: 'Address' }).fill('nobody@maker-works.com')
  await dialog().getByRole('textbox', { name: 'Reason' }).fill('she signed up')
  await dialog().getByRole('button', { name: 'Take off' }).click()
  await dialog().getByRole('alert').getByText('not on the list').waitFor(soon)
})

it('shows what others put there, and goes through a long list page by page', async () => {
  const many = Array.from({ length: 120 }, (_, i) => `many${String(i).padStart(3, '0')}@list.example`)
  await addSuppressions(db, many, { reason: 'an old list', source: 'UPLOAD' })
  await page.goto(`${program.url}/suppressions?q=many`)
  await page.getByText('120 addresses', { exact: true }).waitFor(soon)
  const query = `mutation { suppressAddresses(addresses: ["many-more@list.example"], reason: "by a program") { __typename } }`
  await ask(program.url, query)
  await row('many-more@list.example').waitFor({ timeout: 30_000 })
  await page.getByText('121 addresses', { exact: true }).waitFor(soon)
  await page.getByRole('button', { name: 'Next' }).click()
  await row('many070@list.example').waitFor(soon)
  expect(new URL(page.url()).searchParams.get('after')).not.toBeNull()
  expect(await row('many119@list.example').count()).toBe(0)
  await page.goBack()
  await row('many119@list.example').waitFor(soon)
})

it('a page that was offline while a person was forgotten lets go of them when it is back, however much has happened since', async () => {
  const cyd = 'cyd@maker-works.com'
  const id = await addJob(db, { kind: 'scrape-emails', state: 'COMPLETED', title: 'a job with a log' })
  await addEvents(db, id, [{ type: 'finding', data: { item: cyd, message: `${cyd} could not be read` } }])
  await addNotes(db, id, 40)
  await using offline = await openWatchedPage(browser, { origins: [network.url], expected: brokenConnections })
  const log = offline.page
  await log.goto(`${network.url}/jobs/${id}/log`)
  await log.getByText('in 41 events loaded').waitFor(soon)
  const stands = () => log.getByRole('main').getByText(cyd).count()
  const first = log.getByRole('button', { name: `${cyd} could not be read` })
  // A log that is still settling may go to its end once more.
  await vi.waitFor(async () => {
    await log.getByRole('log').evaluate((box) => (box.scrollTop = 0))
    await first.click({ timeout: 1_000 })
  }, 20_000)
  await log.getByRole('button', { name: 'Close details' }).waitFor(soon)
  await log.getByRole('button', { name: 'Live' }).waitFor(soon)

  network.cut()
  await log.getByRole('button', { name: 'Reconnecting' }).waitFor(soon)
  await forget(cyd)
  await addNotes(db, id, 250)
  expect(await stands()).toBeGreaterThan(0)
  network.mend()
  await log.getByRole('button', { name: 'Live' }).waitFor(soon)
  await expect.poll(stands, { timeout: 3_000 }).toBe(0)
  await log.getByText('in 200 events loaded').waitFor(soon)
})

it('a page that has not heard of anything yet lets go of who was forgotten since it was loaded', async () => {
  const dot = 'dot@maker-works.com'
  const id = await addJob(db, { kind: 'scrape-emails', state: 'COMPLETED', title: 'a job with an address' })
  await addAddresses(db, id, { seq: 1, groupId: 1 }, [{ address: dot }])
  const fresh = await watched.context.newPage()
  let deaf = true
  await fresh.routeWebSocket(/graphql/, (socket) => {
    if (deaf) void socket.close()
    else socket.connectToServer()
  })
  await fresh.goto(`${program.url}/address?email=${dot}`)
  await fresh.getByText('a job with an address').waitFor(soon)
  await forget(dot)
  deaf = false
  await fresh.getByRole('button', { name: 'Live' }).waitFor(soon)
  await fresh.getByText('No job of yours has met this address').waitFor({ timeout: 3_000 })
  await fresh.close()
})

it('what a page asked for before a person was forgotten, and is answered after it, is asked again', async () => {
  const may = 'may@maker-works.com'
  await addSuppressions(db, [may], { reason: 'an old list', source: 'UPLOAD' })
  await using late = await openWatchedPage(browser, { origins: [program.url] })
  const held = Promise.withResolvers<void>()
  const lists: string[] = []
  await late.page.route('**/graphql', async (route, request) => {
    if (!request.postData()?.includes('query Suppressions(')) return route.fallback()
    const answer = await route.fetch()
    lists.push(await answer.text())
    await held.promise
    return route.fulfill({ response: answer })
  })
  await late.page.goto(`${program.url}/suppressions`)
  await late.page.getByRole('button', { name: 'Live' }).waitFor(soon)
  await expect.poll(() => lists.length, soon).toBe(1)
  expect(lists[0]).toContain(may)
  const told = () => late.page.evaluate(() => localStorage.getItem('mailquarry.forgettings'))
  const before = await told()
  await forget(may)
  await expect.poll(told, soon).not.toBe(before)
  held.resolve()
  await expect.poll(() => lists.length, { timeout: 3_000 }).toBeGreaterThan(1)
  await late.page.getByText('A forgotten person').first().waitFor(soon)
  expect(await late.page.content()).not.toContain(may)
  await late.page.unrouteAll({ behavior: 'wait' })
})
