/** Bytes that go on together: a line of CSV has some hundred, and each piece is a write to the socket. */
const pieceBytes = 128 * 1_024

/** CSV as Postgres writes it, whose records end in LF, with CRLF as RFC 4180 §2 wants it. Line breaks inside quotes stay as they are. */
export async function* withCrLf(csv: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let quoted = false
  for await (const text of inPieces(csv)) {
    if (!quoted && !text.includes('"')) {
      yield Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1')
      continue
    }
    // A quote inside quotes is written twice, and opens what it has just closed.
    const parts = text.split('"')
    for (let i = 0; i < parts.length; i++) {
      if (i > 0) quoted = !quoted
      if (!quoted && parts[i]!.includes('\n')) parts[i] = parts[i]!.replaceAll('\n', '\r\n')
    }
    yield Buffer.from(parts.join('"'), 'latin1')
  }
}

/** Lines of JSON as one JSON array. */
export async function* withinArray(lines: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield Buffer.from('[\n')
  // The line end that a piece ends with waits for what follows it.
  let held = ''
  for await (const piece of inPieces(lines)) {
    const text = held + piece
    held = text.endsWith('\n') ? '\n' : ''
    yield Buffer.from(text.slice(0, text.length - held.length).replaceAll('\n', ',\n'), 'latin1')
  }
  yield Buffer.from(`${held}]\n`)
}

/** A byte a character: what is beyond ASCII passes through as it is. */
async function* inPieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let piece = ''
  for await (const chunk of chunks) {
    piece += chunk.toString('latin1')
    if (piece.length < pieceBytes) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
