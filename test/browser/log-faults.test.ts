import type { Browser, WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { buildClient, clientDir } from '../../server/client-build.ts'
import { startApi } from '../support/api.ts'
import { launchBrowser, openWatchedPage } from '../support/browser.ts'
import { testDatabase } from '../support/postgres.ts'
import { addJob, addNotes } from '../support/rows.ts'

// What the page of a job does where its log cannot be loaded, or is loaded anew while something else goes on.

let browser: Browser
beforeAll(async () => {
  await buildClient(process.env, () => {})
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

test('a connection that is lost while the log is loaded for the first time: it is loaded once, and followed', async () => {
  await using stage = await setStage(300)
  const held = Promise.withResolvers<void>()
  stage.onLoad = () => held.promise
  await stage.open()
  await expect.poll(() => stage.loads).toEqual(['newest'])
  await stage.reconnect()
  held.resolve()
  await stage.shows(200)
  await stage.isFollowedOnce()
})

test('earlier events that cannot be loaded: what is there stays over a reconnect, and they are asked for once more', async () => {
  await using stage = await setStage(500)
  await stage.open()
  await stage.shows(200)
  stage.onLoad = (which) => which === 'newest'
  await stage.page.getByRole('button', { name: 'Load earlier' }).click()
  await stage.page.getByText('Some earlier events could not be loaded.').waitFor()
  await stage.reconnect()
  await stage.happens(1)
  await stage.shows(201)
  stage.onLoad = () => true
  await stage.page.getByRole('button', { name: 'Try again' }).click()
  await stage.shows(401)
  expect(await stage.page.getByText('Some earlier events').count()).toBe(0)
  expect(stage.loads).toEqual(['newest', 'earlier', 'earlier'])
})

test('a first load that fails is tried again by itself', async () => {
  await using stage = await setStage(300)
  stage.onLoad = () => false
  await stage.open()
  await stage.page.getByText('The log could not be loaded').waitFor()
  stage.onLoad = () => true
  await stage.page.clock.fastForward(3_500)
  await stage.shows(200)
  await stage.isFollowedOnce()
  expect(stage.loads).toEqual(['newest', 'newest'])
})

test('a first load that fails, and is tried again by hand: it is loaded once, and followed', async () => {
  await using stage = await setStage(300)
  stage.onLoad = () => false
  await stage.open()
  await stage.page.getByText('The log could not be loaded').waitFor()
  stage.onLoad = () => true
  await stage.page.getByRole('button', { name: 'Try again' }).click()
  await stage.shows(200)
  await stage.isFollowedOnce()
  expect(stage.loads).toEqual(['newest', 'newest'])
})

test('a person who is forgotten while the log is loaded: it is asked for once more, and followed once', async () => {
  await using stage = await setStage(300)
  const held = Promise.withResolvers<void>()
  stage.onLoad = () => held.promise
  await stage.open()
  await expect.poll(() => stage.loads).toEqual(['newest'])
  await stage.forget()
  held.resolve()
  await stage.shows(200)
  await stage.isFollowedOnce()
  expect([stage.loads, stage.followed]).toEqual([['newest', 'newest'], 1])
})

test('a log that begins anew leaves the stream until its end is known', async () => {
  await using stage = await setStage(300)
  await stage.open()
  await stage.shows(200)
  const held = Promise.withResolvers<void>()
  stage.onLoad = () => held.promise
  await stage.forget()
  await expect.poll(() => stage.left).toBe(1)
  await stage.happens(1)
  await stage.reconnect()
  expect(stage.followed).toBe(1)
  held.resolve()
  await stage.shows(200)
  await stage.happens(1)
  await stage.shows(201)
})

test('what was passed over is not waited for any more where the log begins anew', async () => {
  await using stage = await setStage(300)
  await stage.open()
  await stage.shows(200)
  await stage.passesOver()
  stage.onLoad = () => true
  await stage.forget()
  await stage.shows(200)
  const loads = stage.loads.length
  await stage.isFollowedOnce()
  expect(stage.loads).toHaveLength(loads)
})

test('what was passed over is tried again, until the job is deleted', async () => {
  await using stage = await setStage(300)
  await stage.open()
  await stage.shows(200)
  await stage.passesOver()
  await stage.page.clock.fastForward(3_500)
  await expect.poll(() => stage.loads.length).toBe(3)
  await stage.deletes()
  await stage.passes(10_000)
  await stage.passes(10_000)
  expect(stage.loads).toHaveLength(3)
})

test('the log of a job that was deleted is not asked for any more', async () => {
  await using stage = await setStage(300)
  stage.onLoad = () => false
  await stage.open()
  await stage.page.getByText('The log could not be loaded').waitFor()
  await stage.deletes()
  const loads = stage.loads.length
  await stage.passes(10_000)
  await stage.passes(10_000)
  expect(stage.loads).toHaveLength(loads)
})

test('a page that is left while it loads the log does not follow it', async () => {
  await using stage = await setStage(300)
  const held = Promise.withResolvers<void>()
  stage.onLoad = () => held.promise
  await stage.open()
  await expect.poll(() => stage.loads).toEqual(['newest'])
  await stage.page.getByRole('navigation').getByRole('link', { name: 'Jobs' }).first().click()
  await stage.page.getByText('1 job', { exact: true }).waitFor()
  const answer = stage.page.waitForResponse(
    (response) => response.request().postData()?.includes('JobHistory') ?? false,
  )
  held.resolve()
  await (await answer).finished()
  await stage.reconnect()
  expect(stage.followed).toBe(0)
})

test('the stream of an ended job that the server breaks off is followed anew, since the job can be resumed', async () => {
  await using stage = await setStage(300, 'COMPLETED')
  await stage.open()
  await stage.shows(200)
  stage.breakOff()
  await stage.page.clock.fastForward(2_500)
  await expect.poll(() => stage.followed).toBe(2)
  await stage.happens(1)
  await stage.shows(201)
})

/** A job that has had so many events, and the page that opens its log. */
async function setStage(events: number, state = 'RUNNING') {
  // Of its own: a new visitor loads twice where somebody was forgotten before.
  const database = await testDatabase()
  const api = await startApi(database, { clientDir })
  const jobId = await addJob(database.db, { kind: 'scrape-emails', title: 'a log with faults', state })
  let lastSeq = await addNotes(database.db, jobId, events)
  const expected = [/Failed to load resource/, /WebSocket connection to/]
  const watched = await openWatchedPage(browser, { origins: [api.url], expected })
  const { page } = watched
  const sockets: WebSocketRoute[] = []
  /** How often the page was told of forgettings. */
  let heard = 0
  /** Of the subscriptions to the job. */
  const ids = new Set<string>()

  const stage = {
    page,
    /** What was asked of the log. */
    loads: [] as ('newest' | 'earlier')[],
    /** Called at each; what comes of it says whether it is answered. */
    onLoad: (_which: 'newest' | 'earlier'): unknown => true,
    /** How often the stream was begun, and left. */
    followed: 0,
    left: 0,
    open: async () => {
      await page.goto(`${api.url}/jobs/${jobId}/log`)
      await page.getByRole('button', { name: 'Live' }).waitFor()
    },
    shows: (count: number) => page.getByText(`in ${count} events loaded`).waitFor(),
    async happens(count: number) {
      lastSeq = await addNotes(database.db, jobId, count)
      api.engine.notices.changed(jobId, lastSeq)
    },
    /** The stream passes over more than it tells one by one, and what it passes over cannot be read. */
    async passesOver() {
      stage.onLoad = () => false
      await stage.happens(500)
      await expect.poll(() => stage.loads.length).toBe(2)
    },
    /** A person, of which the page hears. */
    async forget() {
      const before = heard
      await api.data('mutation { forgetAddress(address: "ada@example.com", reason: "7") { __typename } }')
      await expect.poll(() => heard).toBeGreaterThan(before)
    },
    async deletes() {
      await api.data(`mutation { cancelJob(id: ${jobId}) { __typename } deleteJob(id: ${jobId}) { __typename } }`)
      await page.getByText('There is no such job').waitFor()
    },
    async reconnect() {
      const before = sockets.length
      await sockets.at(-1)!.close()
      await expect.poll(() => sockets.length).toBe(before + 1)
      await page.getByRole('button', { name: 'Live' }).waitFor()
    },
    /** As by a fault of the server. */
    breakOff() {
      for (const id of ids) sockets.at(-1)!.send(JSON.stringify({ type: 'complete', id }))
    },
    /** So much time, and until all that the page asks for in it has come by here. */
    async passes(ms: number) {
      await page.clock.fastForward(ms)
      await page.evaluate(() => fetch('/healthz').then((answer) => answer.text()))
    },
    /** Neither now nor after what would be tried again by and by. */
    async isFollowedOnce() {
      const streams = () => stage.followed - stage.left
      await expect.poll(streams).toBe(1)
      await page.clock.fastForward(4_000)
      await page.clock.fastForward(4_000)
      await stage.happens(1)
      await stage.shows(201)
      expect(streams()).toBe(1)
    },
    async [Symbol.asyncDispose]() {
      await watched.close()
      await api.close()
    },
  }
  await page.route('**/graphql', async (route, request) => {
    const body = request.postData() ?? ''
    if (body.includes('query JobHistory(')) {
      const which = body.includes('"before":"') ? 'earlier' : 'newest'
      stage.loads.push(which)
      if ((await stage.onLoad(which)) === false) return route.abort()
    }
    return route.fallback()
  })
  await page.routeWebSocket(/graphql/, (socket) => {
    sockets.push(socket)
    const server = socket.connectToServer()
    socket.onMessage((message) => {
      const { type, id, payload } = JSON.parse(String(message)) as Message
      if (type === 'subscribe' && payload?.query.includes('subscription JobEvents')) {
        ids.add(id!)
        stage.followed++
      }
      if (type === 'complete' && ids.delete(id!)) stage.left++
      server.send(message)
    })
    server.onMessage((message) => {
      if (String(message).includes('"forgotten":')) heard++
      socket.send(message)
    })
  })
  await page.clock.install()
  return stage
}

interface Message {
  type: string
  id?: string
  payload?: { query: string }
}
