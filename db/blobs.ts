import type { Readable } from 'node:stream'

/** What kinds of blobs there are: the first part of every key, so that a store can lie in a folder that holds other things too. */
export const blobRooms = ['results', 'uploads'] as const
export type BlobRoom = (typeof blobRooms)[number]
export type BlobKey = `${BlobRoom}/${string}`

/** Bytes from `start` on, counted from 0, up to and without `end`; left out: to the end. */
export interface ByteRange {
  start: number
  end?: number
}

export interface BlobEntry {
  key: BlobKey
  sizeBytes: number
  modifiedAt: Date
}

/**
 * Where files are kept, by key. A blob is there whole or not at all, whatever dies in between, and one that is put again is replaced at
 * once; readers of the old one read it to its end. Keys are made by us (`blobKey`): no text from outside is ever a part of one.
 */
export interface Blobs {
  /** Stores what the source yields, in flat memory, and returns how many bytes that were. Nothing is stored where the source throws. */
  put(key: BlobKey, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>
  /** Null where there is none. A range that begins behind the end is empty. Read it or destroy it. */
  get(key: BlobKey, range?: ByteRange): Promise<Readable | null>
  /** Bytes; null where there is none. */
  size(key: BlobKey): Promise<number | null>
  /** A success too where there is none. */
  delete(key: BlobKey): Promise<void>
  /** All whose keys begin with these whole parts, such as `uploads/` or `uploads/7f3a/`, in no particular order. */
  list(prefix: `${BlobRoom}/` | `${BlobRoom}/${string}/`): AsyncIterable<BlobEntry>
}

/** A key that no store takes: a fault of ours. */
export class BadBlobKey extends Error {
  override name = 'BadBlobKey'
}

/**
 * `blobKey('uploads', id, '0-a1')`: parts of small letters, digits, `_`, `-` and single dots inside, so that a key is the same in every
 * store and on file systems that ignore case. Throws BadBlobKey.
 */
export function blobKey(room: BlobRoom, ...parts: (string | number)[]): BlobKey {
  return checkedKey(`${room}/${parts.join('/')}`)
}

/** The key itself where every store takes it; else throws BadBlobKey. */
export function checkedKey(key: string): BlobKey {
  const [room, ...parts] = key.split('/')
  const fine =
    blobRooms.some((known) => known === room) &&
    parts.length > 0 &&
    parts.every((part) => part.length <= 100 && /^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$/.test(part))
  if (!fine) throw new BadBlobKey(`not a key of a blob: ${JSON.stringify(key)}`)
  return key as BlobKey
}
