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

/** More than two codings on top of each other are nothing but an attack. */
const mostCodings = 2

/**
 * A body with its content codings (gzip, deflate, br, zstd) undone, piece by piece. What comes out is counted, so that a bomb is stopped: after `maxBytes` it
 * throws `too_large`. What goes in is counted too: an endless stream can decode to nothing. A body that ends early gives what was there. Destroys the
 * stream in any case.
 */
export async function* decodedBody(
  body: Readable,
  contentEncoding: string | undefined,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  try {
    const codings = codingsOf(contentEncoding)
    if (codings.length > mostCodings) {
      throw new OutgoingError('parse', `the body is encoded ${codings.length} times`, {
        encoding: contentEncoding!.slice(0, 100),
      })
    }
    yield* upTo(maxBytes, codings.length === 0 ? body : decode(body, codings, maxBytes))
  } finally {
    body.destroy()
  }
}

/** The same for a file that is packed itself, such as `sitemap.xml.gz`; what is not comes as it is. */
export async function* unpackedFile(pieces: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]()
  const first = await source.next()
  if (first.done) return
  const whole = Readable.from(prepended(first.value, source))
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b
  yield* upTo(maxBytes, packed ? join(whole, decoderOf.gzip()) : whole)
}

async function* upTo(maxBytes: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const piece of pieces) {
    length += piece.length
    if (length > maxBytes) {
      yield piece.subarray(0, piece.length - (length - maxBytes))
      throw tooLarge(maxBytes) // leaving the loop destroys the stream
    }
    yield piece
  }
}

async function* prepended<Piece>(first: Piece, rest: AsyncIterator<Piece>): AsyncGenerator<Piece> {
  yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/** How many bytes of a body may come that is to have at most `maxBytes` when its codings are undone. */
export function mostEncoded(contentEncoding: string | undefined, maxBytes: number): number {
  return contentEncoding === undefined ? maxBytes : maxBytes + 65_536
}

/** A body that has come, up to `mostEncoded`, decoded; `cut`: of one that is too large, what there was up to the limit. */
export async function wholeBody(
  { pieces, over }: { pieces: Uint8Array[]; over: boolean },
  contentEncoding: string | undefined,
  { maxBytes, beyond }: { maxBytes: number; beyond: 'refuse' | 'cut' },
): Promise<{ body: Uint8Array; cut: boolean }> {
  if (pieces.length === 0) return { body: new Uint8Array(0), cut: false }
  if (contentEncoding === undefined) {
    if (over && beyond === 'refuse') throw tooLarge(maxBytes)
    const body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
    return over ? { body: body.subarray(0, maxBytes), cut: true } : { body, cut: false }
  }
  const decoded: Uint8Array[] = []
  let cut = false
  try {
    for await (const piece of decodedBody(Readable.from(pieces), contentEncoding, maxBytes)) decoded.push(piece)
  } catch (error) {
    if (beyond === 'refuse' || !(error instanceof OutgoingError) || error.category !== 'too_large') throw error
    cut = true
  }
  return { body: decoded.length === 1 ? decoded[0]! : Buffer.concat(decoded), cut }
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
    const counted = countIn(source, mostEncoded('', maxBytes))
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
  yield* join(
    Readable.from(prepended(first, source)),
    wrapped ? createInflate(lenient) : createInflateRaw(lenient),
  ) as AsyncIterable<Buffer>
}

const lenient = { finishFlush: constants.Z_SYNC_FLUSH }

const decoderOf: Record<Exclude<Coding, 'deflate'>, () => Transform> = {
  gzip: () => createGunzip(lenient),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  // RFC 9659: a window of 8 MB at most. The decoder would set aside up to 128 MB, as the body says.
  zstd: () =>
    createZstdDecompress({ finishFlush: constants.ZSTD_e_flush, params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
}

/** Errors of the source come out at the end of the pipe, where they are awaited. */
function join(source: Readable, decoder: Transform): Transform {
  return pipeline(source, decoder, () => {})
}
