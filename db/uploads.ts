import { randomUUID } from 'node:crypto'

import { type Kysely, sql, type Transaction } from 'kysely'

import type { BlobKey } from './blobs.ts'
import { storableText } from './json.ts'
import type { DB } from './types.ts'

/** OPEN: bytes are missing. DELETED: there for nobody any more; its blobs are removed, its row last. */
export type UploadState = 'OPEN' | 'COMPLETE' | 'DELETED'

export interface Upload {
  id: string
  owner: string
  /** As its owner called it: for people, never a path. */
  name: string
  mediaType: string | null
  sizeBytes: number
  receivedBytes: number
  state: UploadState
  /** When it goes, unless bytes come or a job names it. */
  expiresAt: Date
}

/** Hours without a byte after which an upload that is not complete goes; hours after its last byte until one that no job names does. */
const keptHours = { open: 24, unused: 7 * 24 }

const columns = sql`id::text, owner, name, media_type as "mediaType", size_bytes as "sizeBytes", received_bytes as "receivedBytes", state, expires_at as "expiresAt"`

/** One of no bytes is complete at once. */
export async function createUpload(
  db: Kysely<DB>,
  upload: { owner: string; name: string; mediaType: string | null; sizeBytes: number },
): Promise<Upload> {
  const { owner, name, mediaType, sizeBytes } = upload
  const { rows } = await sql<Upload>`
    insert into uploads (id, owner, name, media_type, size_bytes, state, expires_at)
    values (${randomUUID()}, ${owner}, ${storableText(name)}, ${mediaType === null ? null : storableText(mediaType)}, ${sizeBytes},
      ${sizeBytes === 0 ? 'COMPLETE' : 'OPEN'}, now() + ${keptHours.open} * interval '1 hour')
    returning ${columns}`.execute(db)
  return rows[0]!
}

/** Null where the owner has none of that id. One that is DELETED is found, so that the asker can be told. */
export async function findUpload(db: Kysely<DB>, owner: string, id: string): Promise<Upload | null> {
  if (!isUploadId(id)) return null
  const { rows } = await sql<Upload>`
    select ${columns} from uploads where id = ${id} and owner = ${owner}`.execute(db)
  return rows[0] ?? null
}

export interface UploadPart {
  startByte: number
  sizeBytes: number
  blob: BlobKey
}

/**
 * Takes a part that is stored in full; the one that brings the last byte completes the upload. Null where it does not begin where the
 * bytes end, or there is no such open upload any more: somebody else was faster.
 */
export async function addPart(db: Kysely<DB>, uploadId: string, part: UploadPart): Promise<Upload | null> {
  const { startByte, sizeBytes, blob } = part
  const { rows } = await sql<Upload>`
    with moved as (
      update uploads set received_bytes = received_bytes + ${sizeBytes},
        state = case when received_bytes + ${sizeBytes} = size_bytes then 'COMPLETE' else state end,
        expires_at = now() + interval '1 hour' *
          case when received_bytes + ${sizeBytes} = size_bytes then ${keptHours.unused}::int else ${keptHours.open}::int end
      where id = ${uploadId} and state = 'OPEN' and received_bytes = ${startByte} and received_bytes + ${sizeBytes} <= size_bytes
      returning *),
    part as (
      insert into upload_parts (upload_id, start_byte, size_bytes, blob)
      select id, ${startByte}::bigint, ${sizeBytes}::bigint, ${blob}::text from moved)
    select ${columns} from moved`.execute(db)
  return rows[0] ?? null
}

/** In order. */
export async function uploadParts(db: Kysely<DB>, uploadId: string): Promise<UploadPart[]> {
  const { rows } = await sql<UploadPart>`
    select start_byte as "startByte", size_bytes as "sizeBytes", blob from upload_parts
    where upload_id = ${uploadId} order by start_byte`.execute(db)
  return rows
}

/** Why an upload cannot be used by a job. */
export type UploadProblem = 'not found' | 'incomplete'

/** Binds an upload to a job, for as long as the job is there; or says why it cannot be. */
export async function useUpload(
  trx: Transaction<DB>,
  { jobId, owner, uploadId }: { jobId: number; owner: string; uploadId: string },
): Promise<UploadProblem | null> {
  if (!isUploadId(uploadId)) return 'not found'
  // The lock keeps it from being deleted before this commits.
  const { rows } = await sql<{ state: UploadState }>`
    select state from uploads where id = ${uploadId} and owner = ${owner} for share`.execute(trx)
  const state = rows[0]?.state ?? 'DELETED'
  if (state !== 'COMPLETE') return state === 'OPEN' ? 'incomplete' : 'not found'
  await sql`
    insert into job_uploads (job_id, upload_id) values (${jobId}, ${uploadId}) on conflict do nothing`.execute(trx)
  return null
}

/** Marks an upload of the owner as deleted. False where jobs use it, or there is none. */
export function markUploadDeleted(db: Kysely<DB>, owner: string, id: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ id: string }>`
      select id::text from uploads where id = ${id} and owner = ${owner} and state <> 'DELETED' for update`.execute(trx)
    return (await markUnused(trx, rows)) === 1
  })
}

/** Marks uploads that have expired and that no job names as deleted. */
export function markExpired(db: Kysely<DB>, limit: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ id: string }>`
      select id::text from uploads u where expires_at < now() and state <> 'DELETED'
        and not exists (select from job_uploads j where j.upload_id = u.id)
      order by expires_at limit ${limit} for update skip locked`.execute(trx)
    return markUnused(trx, rows)
  })
}

/** The rows are locked: a statement of its own sees the jobs that had bound them before. */
async function markUnused(trx: Transaction<DB>, locked: { id: string }[]): Promise<number> {
  const { numAffectedRows } = await sql`
    update uploads u set state = 'DELETED' where id = any(${locked.map(({ id }) => id)}::uuid[])
      and not exists (select from job_uploads j where j.upload_id = u.id)`.execute(trx)
  return Number(numAffectedRows ?? 0)
}

export async function deletedUploads(db: Kysely<DB>, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id::text from uploads where state = 'DELETED' limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

/** The row of one whose blobs are gone. */
export async function forgetUpload(db: Kysely<DB>, id: string): Promise<void> {
  await sql`delete from uploads where id = ${id} and state = 'DELETED'`.execute(db)
}

/** Anything else is no id of ours, and Postgres would not take it for one. */
function isUploadId(id: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}
