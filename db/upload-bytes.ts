import { randomBytes } from 'node:crypto'

import type { Kysely } from 'kysely'

import { blobKey, type Blobs, type ByteRange } from './blobs.ts'
import type { DB } from './types.ts'
import { addPart, deletedUploads, forgetUpload, markExpired, type Upload, uploadParts } from './uploads.ts'

/** A part is closed at so many bytes or so long after its first: what a crash can lose. */
export const partLimits = { bytes: 8 * 1_024 * 1_024, ms: 10_000 }

/**
 * Appends what a source yields to an upload, from `offset` on: in parts, each a blob of its own, which count once they are in the
 * database. What has come before the source breaks is kept. At most what the upload lacks is read.
 *
 * Resolves to the upload as it is then, or to null where it does not end at `offset` (any more).
 */
export async function receiveBytes(
  db: Kysely<DB>,
  blobs: Blobs,
  upload: Upload,
  offset: number,
  source: AsyncIterable<Uint8Array>,
): Promise<{ upload: Upload | null; broken?: unknown }> {
  if (upload.receivedBytes !== offset) return { upload: null }
  const parts = inParts(source, upload.sizeBytes - offset)
  let now: Upload = upload
  while (!parts.ended()) {
    const startByte = now.receivedBytes
    const blob = blobKey('uploads', upload.id, `${startByte}-${randomBytes(8).toString('hex')}`)
    const sizeBytes = await blobs.put(blob, parts.next())
    const moved = sizeBytes > 0 ? await addPart(db, upload.id, { startByte, sizeBytes, blob }) : now
    if (moved === null || sizeBytes === 0) await blobs.delete(blob)
    if (moved === null) return { upload: null }
    now = moved
  }
  return { upload: now, broken: parts.broken() }
}

/** Cuts a source, of which it reads `limit` bytes at most, into parts that are read one after the other. */
function inParts(source: AsyncIterable<Uint8Array>, limit: number) {
  const chunks = source[Symbol.asyncIterator]()
  let room = limit
  let over = false
  let broken: unknown
  let rest: Uint8Array | undefined
  const nextChunk = async (): Promise<Uint8Array | undefined> => {
    const chunk = rest ?? (await read())
    rest = undefined
    return chunk
  }
  const read = async () => {
    try {
      const { done, value } = await chunks.next()
      return done ? undefined : value
    } catch (error) {
      broken = error
      return undefined
    }
  }
  return {
    ended: () => over || room === 0,
    broken: () => broken,
    async *next(): AsyncGenerator<Uint8Array> {
      let free = Math.min(partLimits.bytes, room)
      const until = Date.now() + partLimits.ms
      while (free > 0 && Date.now() < until) {
        const chunk = await nextChunk()
        if (chunk === undefined) {
          over = true
          return
        }
        const taken = chunk.subarray(0, free)
        if (taken.length < chunk.length) rest = chunk.subarray(taken.length)
        free -= taken.length
        room -= taken.length
        yield taken
      }
    },
  }
}

export interface UploadReader {
  sizeBytes: number
  /** In pieces of some ten to some hundred kilobytes. Throws where bytes are missing. */
  read(range?: ByteRange): AsyncGenerator<Uint8Array>
}

/** The bytes of an upload as one file. */
export async function openUpload(db: Kysely<DB>, blobs: Blobs, uploadId: string): Promise<UploadReader> {
  const parts = await uploadParts(db, uploadId)
  const last = parts.at(-1)
  const sizeBytes = last ? last.startByte + last.sizeBytes : 0
  return {
    sizeBytes,
    async *read({ start = 0, end = sizeBytes } = { start: 0 }) {
      for (let i = partAt(parts, start); i < parts.length && parts[i]!.startByte < end; i++) {
        const { startByte, blob } = parts[i]!
        const stream = await blobs.get(blob, { start: Math.max(0, start - startByte), end: end - startByte })
        if (!stream) throw new Error(`a part of upload ${uploadId} is missing: ${blob}`)
        yield* stream as AsyncIterable<Uint8Array>
      }
    },
  }
}

/** Index of the part that holds a byte, by halves; the number of parts where none does. */
function partAt(parts: readonly { startByte: number; sizeBytes: number }[], byte: number): number {
  let [low, high] = [0, parts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { startByte, sizeBytes } = parts[middle]!
    if (startByte + sizeBytes <= byte) low = middle + 1
    else high = middle
  }
  return low
}

const uploadsAtOnce = 100

/** Removes uploads that have expired or were deleted, blobs first; a crash on the way is gone on from. Returns how many. */
export async function removeUploads(db: Kysely<DB>, blobs: Blobs): Promise<number> {
  await markExpired(db, uploadsAtOnce)
  const ids = await deletedUploads(db, uploadsAtOnce)
  for (const id of ids) {
    for await (const { key } of blobs.list(`uploads/${id}/`)) await blobs.delete(key)
    await forgetUpload(db, id)
  }
  return ids.length
}
