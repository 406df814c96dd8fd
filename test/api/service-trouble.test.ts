import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'

import { jobEnds, until } from '../support/engine.ts'
import { listBench } from '../support/list-bench.ts'
import { startMailsso } from '../support/services/mailsso.ts'

// What a user sees of a service that does not answer as it should, and how the job goes on when that is over.

const mailsso = await startMailsso()
afterAll(() => mailsso.close())
const bench = await listBench({ allDomains: true, services: { mailsso: { url: mailsso.url, key: mailsso.key } } })
const { db, api } = bench
beforeEach(() => mailsso.recovers())

interface Shown {
  state: string
  error: { code: string; message: string } | null
  waitingFor: string | null
  progress: { succeeded: number; failed: number }
  events: { nodes: { message: string; category: string | null; item: string | null }[] }
  verifications: { nodes: { address: string; status: string; reason: string }[] }
}

async function start(emails: string[]): Promise<string> {
  const { job } = await bench.start({ emails, service: 'MAILSSO' })
  return job!.id
}

async function shown(id: string): Promise<Shown> {
  const { job } = await api.data<{ job: Shown }>(
    `query ($id: ID!) { job(id: $id) { state error { code message } waitingFor progress { succeeded failed }
      events(first: 100, filter: { type: ["finding"] }) { nodes { message category item } }
      verifications(first: 10) { nodes { address status reason } } } }`,
    { id },
  )
  return job
}

const act = (action: 'resumeJob' | 'retryJob', id: string) =>
  api.data(`mutation ($id: ID!) { ${action}(id: $id) { __typename ... on JobSuccess { job { id } } } }`, { id })

const valid = (address: string) => ({ address, status: 'VALID', reason: 'MAILBOX_ACCEPTED' })

test('a wrong key ends the job with a code, and it goes on when the key is right', { timeout: 60_000 }, async () => {
  mailsso.meets('wrongKey', { times: Infinity })
  const id = await start(['valid@key.com'])
  await jobEnds(db, Number(id))
  expect(await shown(id)).toMatchObject({
    state: 'FAILED',
    error: { code: 'SERVICE_KEY_REFUSED', message: expect.stringContaining('mails.so refuses the key') },
    verifications: { nodes: [] },
  })
  mailsso.recovers()
  await act('resumeJob', id)
  await until('it ends', async () => (await shown(id)).state === 'COMPLETED')
  expect((await shown(id)).verifications.nodes).toMatchObject([valid('valid@key.com')])
})

test(
  'HTML, broken connections and failures for ever cost addresses their verdicts, with findings, and a retry gets them',
  { timeout: 120_000 },
  async () => {
    const jobs = await Promise.all(
      (['html', 'hangUp', 'serverError'] as const).map(async (trouble) => {
        const address = `valid@${trouble.toLowerCase()}.com`
        mailsso.plan(address, { trouble })
        return { address, id: await start([address, 'no address']) }
      }),
    )
    for (const { address, id } of jobs) {
      // The three pauses are of 1, 5 and 20 s.
      await jobEnds(db, Number(id), 90_000)
      expect(await shown(id)).toMatchObject({
        state: 'COMPLETED',
        error: null,
        progress: { succeeded: 1, failed: 1 },
        events: { nodes: [{ category: 'PROVIDER', item: address, message: expect.stringContaining('mails.so') }] },
      })
      mailsso.plan(address, 'valid')
      await act('retryJob', id)
      await until('it has its verdict', async () => (await shown(id)).progress.failed === 0)
      await jobEnds(db, Number(id))
      expect((await shown(id)).verifications.nodes).toContainEqual(expect.objectContaining(valid(address)))
    }
  },
)

test(
  'a service that says 429 for ever lets the job wait, which says for what, until it is over',
  { timeout: 60_000 },
  async () => {
    mailsso.meets('throttled', { times: Infinity })
    const id = await start(['valid@throttled.com'])
    const wait = async () => {
      const told = await shown(id)
      return told.state === 'RUNNING' && (told.waitingFor?.includes('mails.so: asked to go slower') ?? false)
    }
    /** As if the pause of a minute were over. */
    const passTime = async () => {
      await sql`update service_paces set paused_until = now()`.execute(db)
      await sql`update job_shards set wait_until = now() where job_id = ${id} and state = 'WAITING'`.execute(db)
    }
    for (let round = 1; round <= 5; round++) {
      await until('it waits', wait)
      const before = mailsso.requests.length
      await passTime()
      await until('it has asked once more', async () => mailsso.requests.length > before)
    }
    expect(await shown(id)).toMatchObject({ progress: { succeeded: 0, failed: 0 }, events: { nodes: [] } })
    mailsso.recovers()
    await until('it waits', wait)
    await passTime()
    await jobEnds(db, Number(id))
    expect((await shown(id)).verifications.nodes).toMatchObject([valid('valid@throttled.com')])
  },
)
