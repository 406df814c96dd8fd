import { TableError } from './table-error.ts'

/** The bytes of a table from an offset on, in chunks of any size; asked again for each reading. */
export type OpenBytes = (fromByte: number) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** UTF-8 stands for all charsets that write ASCII as it is: what is no UTF-8 in a cell is read as windows-1252. */
export type TableEncoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** From the byte order mark, else from the zeros that every second byte of UTF-16 is. Throws `not_text` for files of other kinds. */
export function encodingOf(head: Uint8Array): { encoding: TableEncoding; marked: boolean } {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return { encoding: 'utf-8', marked: true }
  if (startsWith(head, [0xff, 0xfe])) return { encoding: 'utf-16le', marked: true }
  if (startsWith(head, [0xfe, 0xff])) return { encoding: 'utf-16be', marked: true }
  const zeros = [0, 0]
  const looked = Math.min(head.length, 1_000)
  for (let i = 0; i < looked; i++) if (head[i] === 0) zeros[i % 2]!++
  const [even, odd] = zeros as [number, number]
  if (odd > looked / 5 && even === 0) return { encoding: 'utf-16le', marked: false }
  if (even > looked / 5 && odd === 0) return { encoding: 'utf-16be', marked: false }
  for (const [magic, what] of packed) {
    if (startsWith(head, magic))
      throw new TableError('not_text', `This is ${what}, not a table of text. Save it as CSV.`)
  }
  // A single one may be a slip in a text: it is named with its cell.
  if (even + odd > 1) throw new TableError('not_text', 'This is no text file. Save the table as CSV.')
  return { encoding: 'utf-8', marked: false }
}

const packed: [magic: number[], what: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a spreadsheet or a zip file'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old spreadsheet or document'],
  [[0x1f, 0x8b], 'a gzip file'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF'],
]

/** The text in UTF-8 from a byte of that text on, which is a byte of the file unless the file is in UTF-16. A mark stays in front, as three bytes. */
export async function* openText(open: OpenBytes, encoding: TableEncoding, fromByte: number): AsyncGenerator<Buffer> {
  if (encoding === 'utf-8') {
    for await (const chunk of open(fromByte)) yield* inPieces(chunk)
    return
  }
  const decoder = new TextDecoder(encoding, { ignoreBOM: true })
  let toSkip = fromByte
  const unskipped = (text: string): Buffer => {
    const bytes = Buffer.from(text)
    const skipped = Math.min(toSkip, bytes.length)
    toSkip -= skipped
    return bytes.subarray(skipped)
  }
  for await (const chunk of open(0)) {
    for (const piece of inPieces(chunk)) yield unskipped(decoder.decode(piece, { stream: true }))
  }
  yield unskipped(decoder.decode())
}

/** So that one large chunk does not become as many rows at once. */
const pieceBytes = 65_536

function* inPieces(chunk: Uint8Array): Generator<Buffer> {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  for (let i = 0; i < bytes.length; i += pieceBytes) yield bytes.subarray(i, i + pieceBytes)
}

function startsWith(bytes: Uint8Array, start: number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte)
}
