import { pipeline, Readable, type Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'

import { OutgoingError } from './outgoing-error.ts'

export interface BodyLimits {
  /** Of decoded bytes. */
  maxBytes: number
  /** What becomes of a longer body: an error, or its first `maxBytes`. */
  beyond: 'refuse' | 'cut'
}

export interface ReadBody {
  bytes: Uint8Array
  /** There was more. */
  cut: boolean
}

/** More than two codings on top of each other are nothing but an attack. */
const mostCodings = 2

/**
 * Reads a body to its end and undoes its content codings (gzip, deflate, br, zstd), counting what comes out, so that a bomb is stopped at `maxBytes`. What goes
 * in is counted too: an endless stream can decode to nothing. A body that ends early gives what was there. Destroys the stream in any case.
 */
export async function readBody(
  body: Readable,
  contentEncoding: string | undefined,
  { maxBytes, beyond }: BodyLimits,
): Promise<ReadBody> {
  // Destroyed early, it tells of its own end as of an error.
  body.on('error', () => {})
  const codings = codingsOf(contentEncoding)
  if (codings.length > mostCodings) {
    body.destroy()
    throw new OutgoingError('parse', `the body is encoded ${codings.length} times`, {
      encoding: contentEncoding!.slice(0, 100),
    })
  }
  const decoded = codings.length === 0 ? body : decode(body, codings, maxBytes)
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of decoded as AsyncIterable<Buffer>) {
      length += chunk.length
      chunks.push(chunk)
      if (length > maxBytes) break // leaving the loop destroys the stream
    }
  } finally {
    body.destroy()
  }
  if (length > maxBytes && beyond === 'refuse') throw tooLarge(maxBytes)
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)
  return { bytes: length > maxBytes ? bytes.subarray(0, maxBytes) : bytes, cut: length > maxBytes }
}

export function tooLarge(maxBytes: number): OutgoingError {
  return new OutgoingError('too_large', `the body is larger than ${maxBytes} bytes`, { maxBytes })
}

type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** In the order in which they are undone. What is no coding, as in `Content-Encoding: UTF-8`, is left out: some servers say so and mean nothing. */
function codingsOf(header: string | undefined): Coding[] {
  const names = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim().replace(/^x-gzip$/, 'gzip'))
  return names.filter((name): name is Coding => ['gzip', 'deflate', 'br', 'zstd'].includes(name)).toReversed()
}

function decode(body: Readable, codings: Coding[], maxBytes: number): Readable {
  let stream = body
  for (const coding of codings) {
    const source = stream
    const counted = countIn(source, maxBytes + 65_536)
    stream =
      coding === 'deflate' ? Readable.from(inflateEither(counted)) : join(Readable.from(counted), decoderOf[coding]())
  }
  return stream
}

async function* countIn(source: Readable, most: number): AsyncGenerator<Buffer> {
  let length = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) throw tooLarge(most)
    yield chunk
  }
}

/** Servers disagree on what deflate is: with the zlib header, as RFC 9110 has it, or without. */
async function* inflateEither(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const { value: first } = await source.next()
  if (!first) return
  const wrapped = (first[0]! & 0x0f) === 8
  const rest = async function* () {
    yield first
    yield* source
  }
  yield* join(
    Readable.from(rest()),
    wrapped ? createInflate(lenient) : createInflateRaw(lenient),
  ) as AsyncIterable<Buffer>
}

const lenient = { finishFlush: constants.Z_SYNC_FLUSH }

const decoderOf: Record<Exclude<Coding, 'deflate'>, () => Transform> = {
  gzip: () => createGunzip(lenient),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }),
}

/** Errors of the source come out at the end of the pipe, where they are awaited. */
function join(source: Readable, decoder: Transform): Transform {
  return pipeline(source, decoder, () => {})
}
