import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Kysely, sql } from 'kysely'
import { z } from 'zod'

import type { DB } from '../../db/types.ts'
import { openUpload } from '../../db/upload-bytes.ts'
import { JobFailure, type JobKind } from '../../jobs/job-kind.ts'

const text = (title: string, description: string) => ({ title, description })

const input = z.object({
  shards: z.number().int().min(1).max(100_000).meta(text('Shards', 'How many.')),
  steps: z.number().int().min(0).max(1_000).meta(text('Steps', 'Of each shard.')),
  rowsPerStep: z.number().int().min(0).max(1_000).default(5).meta(text('Rows', 'Of each step.')),
  stepMs: z
    .number()
    .min(0)
    .default(0)
    .meta(text('Milliseconds', 'What a step takes, more or less; one of main at most 100.')),
  letterEvery: z
    .number()
    .int()
    .min(0)
    .default(8)
    .meta(
      text('Letters', 'Each step of one in so many sends letters to other shards, which reopens them; 0: none does.'),
    ),
  failing: z
    .array(z.string())
    .default([])
    .meta(text('Failing', 'Items whose row ends in one of these fail, with a finding; on the next try they succeed.')),
  poison: z.string().optional().meta(text('Poison', 'A run that meets this row throws.')),
  poisonKills: z.boolean().default(false).meta(text('Deadly', 'A run that meets the poison ends its process.')),
  deafEvery: z
    .number()
    .int()
    .min(0)
    .default(0)
    .meta(text('Deaf', 'One shard in so many does not hear in the middle of a step that it is to stop; 0: all do.')),
  laterMs: z
    .number()
    .int()
    .min(0)
    .default(0)
    .meta(text('Later', 'Every shard waits so many milliseconds before its first step, without a slot.')),
  waitMs: z
    .number()
    .int()
    .min(0)
    .default(0)
    .meta(text('Wait', 'Each step waits so many milliseconds before it, inside the process.')),
  apiKey: z
    .string()
    .min(4)
    .optional()
    .meta({ ...text('Key', 'For nothing.'), secret: true }),
  upload: z
    .string()
    .optional()
    .meta({ ...text('Upload', 'Its SHA-256 is the digest of each run.'), upload: true }),
  keyDigest: z
    .string()
    .optional()
    .meta(text('Digest', 'Each run wants the key, or the upload, whose SHA-256 this is.')),
})
type Input = z.infer<typeof input>

export const digestOf = (key: string) => createHash('sha256').update(key).digest('hex')

const checkpoint = z.object({ at: z.number().int(), waited: z.boolean().default(false) })
type Checkpoint = z.infer<typeof checkpoint>

interface Batch {
  rows: string[]
  letters: { to: string; text: string }[]
  opened: { to: string; text: string }[]
  failed?: { shard: string; item: string }[]
  retried?: string[]
}

interface Io {
  letters(jobId: number, shard: string, limit: number): Promise<string[]>
  /** Failed items that are to be tried again. */
  retries(jobId: number, shard: string, limit: number): Promise<string[]>
  keyDigest(jobId: number): Promise<string>
  uploadDigest(uploadId: string): Promise<string>
}

/**
 * A kind for tests of the engine: a world that is the same in every run whatever the order. `main` spawns shards in steps; each
 * writes rows and now and then a letter to another, which is reopened to read it.
 */
export const relayKind: JobKind<Input, Checkpoint, Batch, Io> = {
  kind: 'relay',
  title: 'Relay',
  description: 'Shards that write rows and letters to each other.',
  input,
  checkpoint,
  titleOf: ({ shards, steps }) => `${shards} shards of ${steps} steps`,
  example: {
    input: () => ({
      shards: 6,
      steps: 5,
      rowsPerStep: 2,
      stepMs: 0,
      letterEvery: 2,
      failing: ['-0-1'],
      poisonKills: false,
      deafEvery: 0,
      laterMs: 0,
      waitMs: 0,
    }),
    refused: [
      { input: { steps: 5 }, path: ['shards'] },
      { input: { shards: 0, steps: 5 }, path: ['shards'] },
      { input: { shards: 6, steps: 5, failing: [7] }, path: ['failing', 0] },
    ],
    compared: { relay_rows: ['row'], relay_letters: ['shard', 'text', 'opened'] },
    async duplicates(db, jobId) {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from (
          select shard from relay_letters where job_id = ${jobId} group by shard having count(*) > 1) shared`.execute(
        db,
      )
      return rows[0]!.n
    },
  },
  io: ({ db, blobs, secret }) => ({
    letters: (jobId, shard, limit) => readLetters(db, jobId, shard, limit),
    retries: (jobId, shard, limit) => readRetries(db, jobId, shard, limit),
    keyDigest: async (jobId) => digestOf((await secret(jobId, 'apiKey')) ?? ''),
    async uploadDigest(uploadId) {
      const hash = createHash('sha256')
      for await (const chunk of (await openUpload(db, blobs, uploadId)).read()) hash.update(chunk)
      return hash.digest('hex')
    },
  }),

  async *run({ jobId, shard, input, checkpoint, io, signal, care, wait }) {
    if ('apiKey' in input) throw new JobFailure('KEY_SHOWN', 'the key is in the input')
    const digest = input.upload ? io.uploadDigest(input.upload) : io.keyDigest(jobId)
    if ((await digest) !== (input.keyDigest ?? (await digest))) throw new JobFailure('WRONG_DIGEST', 'no')
    let at = checkpoint?.at ?? 0
    let careful = care
    const deaf = input.deafEvery > 0 && pick(`${shard}deaf`, input.deafEvery) === 0
    const stepMs = shard === 'main' ? Math.min(input.stepMs, 100) : input.stepMs
    const work = () =>
      stepMs > 0 ? sleep(stepMs * (0.5 + Math.random()), undefined, deaf ? {} : { signal }) : undefined
    if (input.laterMs > 0 && !checkpoint?.waited && shard !== 'main') {
      yield { batch: { rows: [], letters: [], opened: [] }, checkpoint: { at, waited: true } }
      return { end: 'later', at: new Date(Date.now() + input.laterMs), why: 'told to wait' }
    }
    const steps = shard === 'main' ? Math.min(20, input.shards) : input.steps
    while (at < steps) {
      if (input.waitMs > 0) await wait(input.waitMs)
      await work()
      const from = Math.floor((at * input.shards) / steps)
      const to = Math.floor(((at + 1) * input.shards) / steps)
      const spawn = shard === 'main' ? Array.from({ length: to - from }, (_, i) => shardName(from + i)) : []
      const letters =
        shard !== 'main' && input.letterEvery > 0 && pick(`${shard}${at}`, input.letterEvery) === 0
          ? lettersOf(shard, at, input)
          : []
      spawn.push(...letters.map((letter) => letter.to))
      const items = shard === 'main' ? [] : Array.from({ length: input.rowsPerStep }, (_, i) => `${shard}-${at}-${i}`)
      const poisoned = items.find((item) => item === input.poison)
      if (poisoned !== undefined && careful !== 'give-up-one') explode(input)
      // Without a poisoned one it gives up an innocent item, as a kind would that cannot know.
      const givenUp = careful === 'give-up-one' ? (poisoned ?? items[0]) : undefined
      careful = 'normal'
      const failed = items.filter((item) => item === givenUp || input.failing.some((end) => item.endsWith(end)))
      const rows = items.filter((item) => !failed.includes(item))
      at++
      yield {
        batch: { rows, letters, opened: [], failed: failed.map((item) => ({ shard, item })) },
        checkpoint: { at, waited: true },
        counts: { total: items.length, succeeded: rows.length, failed: failed.length, results: rows.length },
        findings: failed.map((item) => ({
          category: item === givenUp ? 'internal' : 'parse',
          message: 'unreadable',
          item,
        })),
        spawn,
      }
      if (signal.aborted) return { end: 'done' }
    }
    for (;;) {
      const items = await io.retries(jobId, shard, 20)
      if (items.length === 0) break
      await work()
      yield {
        batch: { rows: items, letters: [], opened: [], retried: items },
        checkpoint: { at, waited: true },
        counts: { succeeded: items.length, results: items.length },
      }
      if (signal.aborted) return { end: 'done' }
    }
    for (;;) {
      const texts = await io.letters(jobId, shard, 20)
      if (texts.length === 0) return { end: 'done' }
      await work()
      yield {
        batch: {
          rows: texts.map((text) => `letter-${shard}-${text}`),
          letters: [],
          opened: texts.map((text) => ({ to: shard, text })),
        },
        checkpoint: { at, waited: true },
        counts: { total: texts.length, succeeded: texts.length, results: texts.length },
        ...(texts.length < 20 && { end: { end: 'done' } as const }),
      }
      if (signal.aborted) return { end: 'done' }
    }
  },

  async save(trx, { jobId }, batches) {
    const letters = sorted(batches.flatMap((batch) => batch.letters))
    const opened = sorted(batches.flatMap((batch) => batch.opened))
    const rows = batches.flatMap((batch) => batch.rows).sort()
    const failed = batches.flatMap((batch) => batch.failed ?? [])
    const retried = batches.flatMap((batch) => batch.retried ?? [])
    if (failed.length > 0)
      await sql`insert into relay_failed (job_id, shard, item)
        select ${jobId}::bigint, s, i from unnest(${failed.map((f) => f.shard)}::text[], ${failed.map((f) => f.item)}::text[]) u(s, i)`.execute(
        trx,
      )
    if (retried.length > 0)
      await sql`delete from relay_failed where job_id = ${jobId} and item = any(${retried}::text[])`.execute(trx)
    if (letters.length > 0)
      await sql`insert into relay_letters (job_id, shard, text)
        select ${jobId}::bigint, s, t from unnest(${letters.map((l) => l.to)}::text[], ${letters.map((l) => l.text)}::text[]) with ordinality u(s, t, o)
        order by o on conflict do nothing`.execute(trx)
    if (opened.length > 0)
      await sql`update relay_letters l set opened = true
        from unnest(${opened.map((l) => l.to)}::text[], ${opened.map((l) => l.text)}::text[]) u(s, t)
        where l.job_id = ${jobId} and l.shard = u.s and l.text = u.t`.execute(trx)
    if (rows.length > 0)
      await sql`insert into relay_rows (job_id, row) select ${jobId}::bigint, r from unnest(${rows}::text[]) with ordinality u(r, o) order by o`.execute(
        trx,
      )
    return {}
  },

  retryFailed: {
    shards: (jobId) => sql`select distinct shard as key from relay_failed where job_id = ${jobId}`,
    async reopen(trx, jobId) {
      const { numAffectedRows } =
        await sql`update relay_failed set open = true where job_id = ${jobId} and not open`.execute(trx)
      return { failed: -Number(numAffectedRows ?? 0) }
    },
    checkpoint: sql`checkpoint`,
    mayGrow: false,
  },

  finish: (_trx, jobId) => Promise.resolve({ summary: { job: jobId } }),
}

/** Without a unique key: a row that is stored twice is there twice, so that a doubled step cannot go unseen. */
export async function createRelayTables(db: Kysely<DB>): Promise<void> {
  await sql`create table relay_rows (job_id bigint references jobs on delete cascade, row text collate "C")`.execute(db)
  await sql`create index relay_rows_in_order on relay_rows (job_id, row)`.execute(db)
  await sql`create table relay_letters (job_id bigint references jobs on delete cascade, shard text collate "C", text text collate "C", opened boolean not null default false,
    primary key (job_id, shard, text))`.execute(db)
  await sql`create table relay_failed (job_id bigint references jobs on delete cascade, shard text collate "C", item text collate "C",
    open boolean not null default false)`.execute(db)
  await sql`create index relay_failed_in_order on relay_failed (job_id, shard, item)`.execute(db)
}

async function readRetries(db: Kysely<DB>, jobId: number, shard: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ item: string }>`
    select item from relay_failed where job_id = ${jobId} and shard = ${shard} and open order by item limit ${limit}`.execute(
    db,
  )
  return rows.map((row) => row.item)
}

async function readLetters(db: Kysely<DB>, jobId: number, shard: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ text: string }>`
    select text from relay_letters where job_id = ${jobId} and shard = ${shard} and not opened order by text limit ${limit}`.execute(
    db,
  )
  return rows.map((row) => row.text)
}

function lettersOf(shard: string, at: number, { shards }: Input) {
  const targets = [0, 1].map((i) => shardName(pick(`${shard}${at}x${i}`, shards)))
  return [...new Set(targets)].map((to) => ({ to, text: `${shard}-${at}` }))
}

function explode({ poisonKills }: Input): never {
  if (poisonKills) process.kill(process.pid, 'SIGKILL')
  // As where what an item holds comes into the message.
  throw new Error('a poisoned item: \0')
}

export function shardName(n: number): string {
  return `s${String(n).padStart(6, '0')}`
}

/** A number below `below` that depends on the text alone. */
function pick(text: string, below: number): number {
  return createHash('md5').update(text).digest().readUInt32BE(0) % below
}

function sorted(letters: { to: string; text: string }[]) {
  return letters.sort((a, b) => (a.to < b.to ? -1 : a.to > b.to ? 1 : a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
}
