import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'

/** A file of an archive, whose bytes are made as they are read. */
export interface ZipEntry {
  name: string
  bytes: AsyncIterable<Buffer>
}

/** Beyond 4 GB sizes do not fit into the plain format. */
const most = 0xffff_ffff

/** A ZIP archive as a stream (APPNOTE 6.3, deflate, sizes behind each file): nothing of it is held but the names. Throws where it grows beyond 4 GB. */
export async function* zipStream(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Buffer> {
  const directory: Buffer[] = []
  let offset = 0
  for await (const { name, bytes } of entries) {
    const from = offset
    const file = { crc: 0, size: 0, packed: 0 }
    const head = localHeader(name)
    yield head
    const deflate = createDeflateRaw()
    const pumped = pipeline(Readable.from(counted(bytes, file)), deflate)
    // Told below, once all that came before the trouble is sent.
    pumped.catch(() => {})
    for await (const chunk of deflate as AsyncIterable<Buffer>) {
      file.packed += chunk.length
      yield chunk
    }
    await pumped
    const tail = uint32(0x0807_4b50, file.crc, file.packed, file.size)
    yield tail
    offset += head.length + file.packed + tail.length
    if (Math.max(offset, file.size) > most) throw new RangeError('the archive grows beyond 4 GB')
    directory.push(directoryEntry(name, file, from))
  }
  const sizeBytes = directory.reduce((sum, { length }) => sum + length, 0)
  yield* directory
  yield Buffer.concat([
    uint32(0x0605_4b50, 0),
    uint16(directory.length, directory.length),
    uint32(sizeBytes, offset),
    uint16(0),
  ])
}

async function* counted(bytes: AsyncIterable<Buffer>, file: { crc: number; size: number }): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    file.crc = crc32(chunk, file.crc)
    file.size += chunk.length
    yield chunk
  }
}

/** Version 2.0; bits: sizes behind the file, names in UTF-8; deflate; the first moment that the format knows. */
const common = uint16(20, 0x0808, 8, 0, 0x21)

function localHeader(name: string): Buffer {
  const bytes = Buffer.from(name)
  return Buffer.concat([uint32(0x0403_4b50), common, uint32(0, 0, 0), uint16(bytes.length, 0), bytes])
}

function directoryEntry(name: string, file: { crc: number; size: number; packed: number }, offset: number): Buffer {
  const bytes = Buffer.from(name)
  return Buffer.concat([
    uint32(0x0201_4b50),
    uint16(20),
    common,
    uint32(file.crc, file.packed, file.size),
    uint16(bytes.length, 0, 0, 0, 0),
    uint32(0, offset),
    bytes,
  ])
}

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i))
  return bytes
}

function uint16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  values.forEach((value, i) => bytes.writeUInt16LE(value, 2 * i))
  return bytes
}
