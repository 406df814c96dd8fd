import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Sends bytes at the reader's pace. What fails on the way is broken off, so that nobody takes it for the whole; a reader who leaves ends it, too. */
export async function sendStream(bytes: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  await pipeline(Readable.from(bytes, { objectMode: false }), response).catch((error: unknown) => {
    if (!isGone(error)) throw error
  })
}

export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
