import { type Kysely, sql, type Transaction } from 'kysely'

import { jsonText, storableText } from './json.ts'
import { suppressedAmong } from './suppressions.ts'
import type { DB } from './types.ts'

/**
 * Batches of addresses that services work through. SENDING: written down before it is sent, so that it is never sent unknown; a worker that dies then leaves
 * it UNCERTAIN. RUNNING: its id at the service is stored, and whoever wants one of its addresses asks for it. DONE: all that it said is stored. FAILED: its
 * addresses are asked about one by one.
 */
export type BatchState = 'SENDING' | 'RUNNING' | 'DONE' | 'FAILED' | 'UNCERTAIN'

export interface NewBatch {
  service: string
  /** Service and key, as a hash. */
  account: string
  jobId: number
  workerId: string
  addresses: readonly string[]
  at: Date
}

export interface BegunBatch {
  id: number
  /** Without those that no job may store. */
  addresses: string[]
}

/** Undefined where no job may store any of the addresses. */
export async function beginBatch(db: Kysely<DB>, batch: NewBatch): Promise<BegunBatch | undefined> {
  const { service, account, jobId, workerId, at } = batch
  return db.transaction().execute(async (trx) => {
    const suppressed = await suppressedAmong(trx, batch.addresses)
    const addresses = [...new Set(batch.addresses)].filter((address) => !suppressed.has(address)).sort()
    if (addresses.length === 0) return undefined
    const { rows } = await sql<{ id: number }>`
      with b as (
        insert into service_batches (service, account, job_id, worker_id, sent_at) values (${service}, ${account}, ${jobId}, ${workerId}, ${at}) returning id),
      i as (
        insert into service_batch_addresses (batch_id, address) select b.id, a.address from b, unnest(${addresses}::text[]) a(address))
      select id from b`.execute(trx)
    return { id: rows[0]!.id, addresses }
  })
}

/** From now on it is asked for by this id, first at `pollAt`. */
export async function batchRuns(db: Kysely<DB>, id: number, remoteId: string, pollAt: Date): Promise<void> {
  await sql`
    update service_batches set state = 'RUNNING', remote_id = ${storableText(remoteId)}, poll_at = ${pollAt} where id = ${id}`.execute(
    db,
  )
}

/** What a service said of one address. */
export interface BatchAnswer {
  address: string
  answer: unknown
}

/** Stores all that a batch said, at once, but for what no job may store any more. Addresses that it left out are asked about one by one. */
export async function batchIsDone(db: Kysely<DB>, id: number, answers: readonly BatchAnswer[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const suppressed = await suppressedAmong(
      trx,
      answers.map(({ address }) => address),
    )
    if (suppressed.size > 0)
      await sql`
        delete from service_batch_addresses where batch_id = ${id} and address = any(${[...suppressed]}::text[])`.execute(
        trx,
      )
    await storeAnswers(trx, id, answers)
  })
}

async function storeAnswers(trx: Transaction<DB>, id: number, answers: readonly BatchAnswer[]): Promise<void> {
  await sql`
    with done as (update service_batches set state = 'DONE' where id = ${id} and state in ('SENDING', 'RUNNING', 'UNCERTAIN') returning id)
    update service_batch_addresses b set answer = n.answer::jsonb
    from done, unnest(${answers.map(({ address }) => address)}::text[], ${answers.map(({ answer }) => jsonText(answer))}::text[]) n(address, answer)
    where b.batch_id = done.id and b.address = n.address`.execute(trx)
}

export async function batchFailed(db: Kysely<DB>, id: number, message: string): Promise<void> {
  await sql`update service_batches set state = 'FAILED', message = ${storableText(message)} where id = ${id}`.execute(
    db,
  )
}

/** It was broken off on its way: nobody knows whether the service has it. */
export async function batchIsUncertain(db: Kysely<DB>, id: number): Promise<void> {
  await sql`update service_batches set state = 'UNCERTAIN' where id = ${id} and state = 'SENDING'`.execute(db)
}

/** It was refused for now, as where calls are to pause: as if it had never been. */
export async function forgetBatch(db: Kysely<DB>, id: number): Promise<void> {
  await sql`delete from service_batches where id = ${id}`.execute(db)
}

/** An address in the latest batch that it went with. */
export interface Batched {
  address: string
  batchId: number
  state: BatchState
  remoteId: string | null
  pollAt: Date | null
  polls: number
  /** As it was stored; null where there is none. */
  answer: unknown
}

/** What a batch said holds so long for who has not asked for it yet: its answers do not say when they were made. */
const batchHoldsDays = 7
/** A batch is on its way for two minutes at most; then whoever sent it could not say what became of it. */
const sendingMinutes = 10

/** By address, of those that went with a batch of this account since `notBefore`, and not too long ago. */
export async function batchedAddresses(
  db: Kysely<DB>,
  account: string,
  addresses: readonly string[],
  { notBefore, now }: { notBefore: Date | null; now: Date },
): Promise<Map<string, Batched>> {
  if (addresses.length === 0) return new Map()
  const { rows } = await sql<Batched>`
    select distinct on (i.address) i.address, b.id as "batchId", b.state, b.remote_id as "remoteId", b.poll_at as "pollAt", b.polls, i.answer
    from service_batch_addresses i join service_batches b on b.id = i.batch_id
    where i.address = any(${addresses}::text[]) and b.account = ${account} and b.state <> 'UNCERTAIN'
      and b.sent_at >= greatest(${notBefore}::timestamptz, ${now}::timestamptz - make_interval(days => ${batchHoldsDays}))
      and not (b.state = 'SENDING' and b.sent_at < ${now}::timestamptz - make_interval(mins => ${sendingMinutes}))
    order by i.address, b.id desc`.execute(db)
  return new Map(rows.map((row) => [row.address, row]))
}

/** Removes what nobody asks for any more; the number of batches. */
export async function removeOldBatches(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from service_batches where sent_at < now() - make_interval(days => ${batchHoldsDays + 1})`.execute(db)
  return Number(numAffectedRows ?? 0)
}

/** Whoever gets true asks for the batch now; nobody else does before `next`. */
export async function claimPoll(
  db: Kysely<DB>,
  id: number,
  { now, next }: { now: Date; next: Date },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update service_batches set poll_at = ${next}, polls = polls + 1 where id = ${id} and state = 'RUNNING' and poll_at <= ${now}`.execute(
    db,
  )
  return Number(numAffectedRows ?? 0) === 1
}

/** Its verdict is stored in this transaction: what a batch said of it is no longer needed. */
export async function dropBatched(trx: Transaction<DB>, service: string, address: string): Promise<void> {
  await sql`
    with used as (
      delete from service_batch_addresses i using service_batches b
      where b.id = i.batch_id and i.address = ${address} and b.service = ${service} and b.state in ('DONE', 'FAILED') returning i.batch_id)
    delete from service_batches b using used
    where b.id = used.batch_id and not exists (
      select from service_batch_addresses i where i.batch_id = b.id and i.address <> ${address})`.execute(trx)
}
