import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import { type Kysely, sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'

import { fieldsOf, readForm, valuesOf } from '../client/jobs/input-form.ts'
import type { DB } from '../db/types.ts'
import { startJob } from '../jobs/control.ts'
import { retryJob } from '../jobs/control/retry-job.ts'
import type { AnyJobKind, Step } from '../jobs/job-kind.ts'
import { createOutgoing } from '../jobs/outgoing.ts'
import { ValidationError } from '../jobs/refusals.ts'
import { kinds } from '../jobs/registry.ts'
import { startWorker } from '../jobs/worker.ts'
import { apiSchema, storedSchema, toApi } from '../schema/kind-schema.ts'
import { comparedRows } from './support/compared-rows.ts'
import { startDns } from './support/dns.ts'
import { type Drive, driveKind, type DriveOptions } from './support/drive-kind.ts'
import { jobEnds, openTestEngine, sound, soundness, testSettings } from './support/engine.ts'
import { testDatabase } from './support/postgres.ts'
import { createRelayTables } from './support/relay-kind.ts'
import { plainText, startSite } from './support/site.ts'

// The contract of job-kind.ts, kept by every kind: each joins by standing in the registry, with its example.

const { db, url } = await testDatabase()
await createRelayTables(db)
const dns = await startDns()
const own = { ownHosts: ['127.0.0.1'], dnsServers: [dns.server] }
const engine = await openTestEngine(url, db, own)
const outgoing = createOutgoing({ allowHosts: ['127.0.0.1'], userAgent: 'Mailquarry-test' })
const closing: (() => Promise<unknown>)[] = [() => dns.close(), () => engine.close(), () => outgoing.close()]
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

/** So long may a handler take to stop that was told to; people are promised half a second on a machine that is not busy with tests. */
const stopsWithinMs = 3_000
const largestCheckpoint = 64_000

const nonsense: [string, unknown][] = [
  ['null', null],
  ['nothing', undefined],
  ['a list', []],
  ['a text', 'text'],
  ['a number', 12],
  ['a property that is a method', { toString: 1 }],
  ['a prototype', JSON.parse('{"__proto__":{"polluted":true}}')],
  ['10,000 levels', Array.from({ length: 10_000 }).reduce<unknown>((inner) => ({ inner }), {})],
  ['a million letters', { domains: 'a'.repeat(1_000_000), shards: 'a'.repeat(1_000_000) }],
]

describe.each(kinds)('$kind', (kind: AnyJobKind) => {
  const { example } = kind
  let input: unknown
  let unbroken: Drive
  let expected: Awaited<ReturnType<typeof comparedRows>>
  const steps: Step<unknown, unknown>[] = []

  const drive = (options: Partial<DriveOptions<unknown>> = {}) =>
    driveKind(kind, { db, outgoing, input, settings: own, ...options })
  const expectSame = async ({ jobId, counts }: Drive) => {
    expect(await comparedRows(db, kind, jobId)).toEqual(expected)
    const { bytesDone: _, ...exact } = unbroken.counts
    expect(counts).toMatchObject(exact)
  }

  test('has an example that is large enough', async () => {
    const sites = await Promise.all((example.sites ?? []).map((pages) => startSite({ pages: withTypes(pages) })))
    closing.push(...sites.map((site) => () => site.close()))
    for (const [name, { fails, ...has }] of Object.entries(example.dns ?? {}))
      dns.zone.set(name, { ...has, ...(fails && { trouble: { what: 'servfail' } }) })
    input = kind.input.parse(example.input(sites.map((site) => site.url)))
    unbroken = await drive({ onStep: (step) => void steps.push(step) })
    expected = await comparedRows(db, kind, unbroken.jobId)

    expect(unbroken.shards.size).toBeGreaterThanOrEqual(3)
    expect(unbroken.counts.failed).toBeGreaterThanOrEqual(1)
    expect(unbroken.findings.length).toBeGreaterThanOrEqual(1)
    expect(unbroken.counts.results).toBeGreaterThanOrEqual(1)
    expect(await example.duplicates(db, unbroken.jobId)).toBeGreaterThanOrEqual(1)
    for (const rows of Object.values(expected)) expect(rows.length).toBeGreaterThan(0)
  })

  test.each(example.refused)('refuses $input', async ({ input: hostile, path }) => {
    const refusal = await startJob(engine, { kind: kind.kind, input: hostile, owner: 'tester' }).catch(
      (error: unknown) => error,
    )
    expect(refusal).toBeInstanceOf(ValidationError)
    const { issues } = refusal as ValidationError
    expect(issues.map((issue) => issue.path.join('.'))).toContain(path.join('.'))
    for (const issue of issues) expect(issue.message).toMatch(/\S{2,}/)
    expect(await jobsOf(db, kind.kind, 'PENDING')).toBe(0)
  })

  test.each(nonsense)('refuses %s without falling over', async (_name, hostile) => {
    const refused = startJob(engine, { kind: kind.kind, input: hostile, owner: 'tester' })
    await expect(refused).rejects.toBeInstanceOf(ValidationError)
    expect('polluted' in {}).toBe(false)
  })

  test('yields plain data, and checkpoints that survive JSON and stay small', () => {
    for (const step of steps) {
      const text = JSON.stringify(step.checkpoint)
      expect(kind.checkpoint.parse(JSON.parse(text))).toEqual(step.checkpoint)
      expect(text.length).toBeLessThan(largestCheckpoint)
      expect(isDeepStrictEqual(structuredClone(step), step)).toBe(true)
    }
  })

  test('its counts add up at the end, and never go backwards on the way', async () => {
    const { total, succeeded, failed, skipped } = unbroken.counts
    expect(succeeded + failed + skipped).toBe(total)
    let done = 0
    let known = 0
    await drive({
      atOnce: 3,
      onStep(_step, { counts }) {
        const now = counts.succeeded + counts.failed + counts.skipped
        expect(now).toBeGreaterThanOrEqual(done)
        expect(counts.total).toBeGreaterThanOrEqual(known)
        expect(now).toBeLessThanOrEqual(counts.total)
        done = now
        known = counts.total
      },
    })
    expect(done).toBeGreaterThan(0)
  })

  test('gives the same rows with its shards side by side', async () => {
    await expectSame(await drive({ atOnce: 8 }))
  })

  test('gives the same rows when it is stopped after every step, of one item each, and goes on', async () => {
    const stopped = await drive({ stopsAfterEachStep: true, care: () => 'one-item' })
    expect(stopped.steps).toBeGreaterThanOrEqual(20)
    await expectSame(stopped)
  })

  test('gives the same rows when it dies again and again before a step is stored', async () => {
    let step = 0
    const died = await drive({ atOnce: 2, care: () => 'one-item', dies: () => step++ % 3 !== 0 })
    expect(died.deaths).toBeGreaterThanOrEqual(20)
    await expectSame(died)
  })

  test('stops soon when it is told to, wherever it is, and goes on to the same rows', async () => {
    let going: Drive | undefined
    let longest = 0
    for (let stops = 0; stops < 12 && going?.summary === undefined; stops++) {
      const stop = new AbortController()
      const running = drive({ atOnce: 3, signal: stop.signal, ...(going && { resume: going }) })
      await sleep(stops * 7)
      stop.abort('stopped')
      const stopped = performance.now()
      going = await running
      longest = Math.max(longest, performance.now() - stopped)
    }
    expect(longest).toBeLessThan(stopsWithinMs)
    if (going!.summary === undefined) going = await drive({ atOnce: 3, resume: going! })
    await expectSame(going!)
  })

  test('gives the same rows in the engine, where each item has one fate', async () => {
    const worker = await startWorker({ engine, url, outgoing, slots: 8 })
    const { jobId } = await startJob(engine, { kind: kind.kind, input, owner: 'tester' })
    try {
      await jobEnds(db, jobId)
    } finally {
      await worker.stop()
    }
    expect(await soundness(db, jobId)).toEqual(sound)
    const counts = await db
      .selectFrom('jobs')
      .select(['total', 'succeeded', 'failed', 'skipped', 'results'])
      .where('id', '=', jobId)
      .executeTakeFirstOrThrow()
    await expectSame({ ...unbroken, jobId, counts: { ...unbroken.counts, ...counts, total: counts.total! } })
  })

  test('gives what failed another try, after which each item has one fate again', async () => {
    const worker = await startWorker({ engine, url, outgoing, slots: 8 })
    const { jobId } = await startJob(engine, { kind: kind.kind, input, owner: 'tester' })
    try {
      await jobEnds(db, jobId)
      await retryJob(engine, jobId, 'tester')
      await jobEnds(db, jobId)
    } finally {
      await worker.stop()
    }
    expect(await soundness(db, jobId)).toEqual({ ...sound, finishes: 2 })
  })

  test('has a form that can be filled in for it', () => {
    const schema = storedSchema(kind)
    const fields = fieldsOf(apiSchema(schema))
    for (const field of fields) {
      expect(field.label).toMatch(/\S/)
      expect(field.help, field.name).toMatch(/\S/)
      expect(field.widget, field.name).not.toBe('json')
    }
    const shown = toApi(schema, input)
    expect(readForm(fields, valuesOf(fields, shown))).toEqual({ input: shown, issues: [] })
    expect(kind.check?.(kind.input.parse(input), { ...testSettings, ...own }) ?? []).toEqual([])
  })
})

function withTypes(pages: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(pages).map(([path, body]) => [path, path.endsWith('.txt') ? plainText(body) : body]),
  )
}

async function jobsOf(db: Kysely<DB>, kind: string, state: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from jobs where kind = ${kind} and state = ${state}`.execute(db)
  return rows[0]!.n
}
