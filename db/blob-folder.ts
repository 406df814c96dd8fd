import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, opendir, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'

import { type BlobEntry, type BlobRoom, type Blobs, checkedKey } from './blobs.ts'

/** A name that no key has: what is being written, until it is renamed. */
const unfinished = /^\.writing-/
/** An unfinished file that is older was left by a process that died. */
const abandonedMs = 24 * 3_600_000

/**
 * Blobs as files below a folder, by their keys: `results/job_7.json`. A blob is written under a name of its own, synced, and renamed;
 * the folder is synced after it, so that what `put` has confirmed survives a power cut.
 */
export function openBlobFolder(folder: string): Blobs {
  const fileOf = (key: string) => join(folder, ...checkedKey(key).split('/'))
  return {
    async put(key, source) {
      const file = fileOf(key)
      const writing = join(dirname(file), `.writing-${randomUUID()}`)
      const handle = await openMakingFolder(writing)
      let sizeBytes: number
      try {
        sizeBytes = await writeAll(handle, source)
        await handle.sync()
        await handle.close()
        await rename(writing, file)
      } catch (error) {
        await handle.close().catch(() => {})
        await unlink(writing).catch(() => {})
        throw error
      }
      await syncFolder(dirname(file))
      return sizeBytes
    },
    async get(key, range) {
      const handle = await orNull(open(fileOf(key)))
      if (!handle) return null
      const { start = 0, end = Infinity } = range ?? {}
      if (end <= start) {
        await handle.close()
        return Readable.from([])
      }
      // The end of a stream of a file counts itself in.
      return handle.createReadStream({ start, end: end - 1, highWaterMark: 256 * 1_024 })
    },
    async size(key) {
      return (await orNull(stat(fileOf(key))))?.size ?? null
    },
    async delete(key) {
      const file = fileOf(key)
      await orNull(unlink(file))
      // A folder of parts goes with its last one; not the room's.
      if (key.split('/').length > 2) await rmdir(dirname(file)).catch(() => {})
    },
    async *list(prefix) {
      const room = prefix.slice(0, prefix.indexOf('/')) as BlobRoom
      checkedKey(`${prefix}x`)
      yield* entriesBelow(join(folder, ...prefix.split('/')), `${room}${prefix.slice(room.length)}`)
    },
  }
}

async function openMakingFolder(file: string): Promise<FileHandle> {
  // A folder that is emptied at the same time is taken away with its last blob: made again.
  for (let tries = 1; ; tries++) {
    const made = await mkdir(dirname(file), { recursive: true })
    if (made) await syncFolder(dirname(made))
    try {
      return await open(file, 'wx')
    } catch (error) {
      if (!isMissing(error) || tries === 5) throw error
    }
  }
}

async function writeAll(handle: FileHandle, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
  let sizeBytes = 0
  for await (const chunk of source) {
    for (let written = 0; written < chunk.length;) written += (await handle.write(chunk, written)).bytesWritten
    sizeBytes += chunk.length
  }
  return sizeBytes
}

async function* entriesBelow(folder: string, prefix: string): AsyncGenerator<BlobEntry> {
  const entries = await orNull(opendir(folder))
  if (!entries) return
  for await (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* entriesBelow(path, `${prefix}${entry.name}/`)
    else {
      const found = await orNull(stat(path))
      if (!found) continue
      if (!unfinished.test(entry.name))
        yield { key: checkedKey(prefix + entry.name), sizeBytes: found.size, modifiedAt: found.mtime }
      else if (Date.now() - found.mtimeMs > abandonedMs) await orNull(unlink(path))
    }
  }
}

/** Windows opens no folders, and needs no syncing of them. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
