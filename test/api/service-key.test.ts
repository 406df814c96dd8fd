import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'

import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'

import { openEngine } from '../../jobs/engine.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker } from '../../jobs/worker.ts'
import { startApi } from '../support/api.ts'
import { startDns } from '../support/dns.ts'
import { jobEnds, testBlobs, testSecretKey, testSettings } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { tablesWith } from '../support/whole-database.ts'

// A key that is given with a job goes to its service, and nowhere else.

const database = await testDatabase()
const { db, url } = database
const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

type Answer = (key: string, response: ServerResponse) => void

function inTurn(...answers: [Answer, ...Answer[]]): Answer {
  let given = 0
  return (key, response) => answers[Math.min(given++, answers.length - 1)]!(key, response)
}

/** A service that says the key back whatever it is asked. */
function startEcho(answer: Answer) {
  const keys: string[] = []
  const server = createServer((request, response) => {
    const key = new URL(request.url!, 'http://localhost').searchParams.get('api_key') ?? ''
    keys.push(key)
    answer(key, response)
  })
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return new Promise<{ url: string; keys: string[] }>((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys }),
    ),
  )
}

const dns = await startDns({
  otherwise: (name) => (name.startsWith('mx.') ? { a: ['198.20.1.1'] } : { mx: [[10, 'mx.hosting.com']] }),
})
closing.push(() => dns.close())

test.each<[what: string, state: string, answer: Answer]>([
  [
    'answers',
    'COMPLETED',
    (key, response) =>
      response.end(JSON.stringify({ status: 'valid', sub_status: '', mx_found: 'true', api_key: key })),
  ],
  [
    'stumbles, and then refuses the key',
    'FAILED',
    inTurn(
      (_key, response) => response.destroy(),
      (key, response) =>
        response.writeHead(500).end(`<html>GET /v2/validate?api_key=${encodeURIComponent(key)}</html>`),
      (key, response) => response.writeHead(400).end(JSON.stringify({ error: `Invalid API key ${key}` })),
    ),
  ],
])(
  'a service that %s: its key is in no table, event, export or log',
  { timeout: 120_000 },
  async (what, state, answer) => {
    const apiKey = `zb/live+${what.replaceAll(/\W+/g, '-')}="do\\not\\tell"`
    const echo = await startEcho(answer)
    const settings = { dnsServers: [dns.server], services: { zerobounce: { url: echo.url } } }
    let logged = ''
    const log = pino(
      { level: 'trace' },
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          logged += chunk.toString()
          done()
        },
      }),
    )
    const engine = await openEngine({
      url,
      db,
      blobs: testBlobs(url),
      secretKey: testSecretKey,
      settings: { ...testSettings, ...settings },
      log,
      supervise: false,
    })
    const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
    const worker = await startWorker({ engine, url, outgoing, slots: 2 })
    const api = await startApi(database, { settings })
    try {
      const { started } = await api.data<{ started: { job: { id: string } } }>(
        `mutation ($input: VerifyEmailsInput!) { started: startVerifyEmails(input: $input) { ... on StartJobSuccess { job { id input } } ... on UserError { message } } }`,
        { input: { emails: [`ann@${what.replaceAll(/\W+/g, '-')}.com`], service: 'ZEROBOUNCE', apiKey } },
      )
      await jobEnds(db, Number(started.job.id), 100_000)
      const shown = await api.data<{ job: { state: string } }>(
        `query ($id: ID!) { job(id: $id) { state title input summary error { code message }
        events(first: 200) { nodes { type message url } } verifications(first: 10) { nodes { address reason evidence } } } }`,
        { id: started.job.id },
      )
      expect(shown.job.state).toBe(state)
      expect(echo.keys.length).toBeGreaterThan(0)
      expect(new Set(echo.keys)).toEqual(new Set([apiKey]))
      const files = await Promise.all(
        ['csv', 'ndjson'].map(async (format) =>
          (await fetch(`${api.url}/export/jobs/${started.job.id}/verifications.${format}`)).text(),
        ),
      )
      expect(files[0]).toContain('ann@')
      expect(logged).toContain(`"job":${started.job.id},`)
      for (const form of [apiKey, encodeURIComponent(apiKey), JSON.stringify(apiKey).slice(1, -1)]) {
        expect(JSON.stringify([started, shown])).not.toContain(JSON.stringify(form).slice(1, -1))
        for (const text of [...files, logged]) expect(text).not.toContain(form)
        expect(await tablesWith(db, form)).toEqual([])
      }
    } finally {
      await api.close()
      await worker.stop()
      await outgoing.close()
      await engine.close()
    }
  },
)
