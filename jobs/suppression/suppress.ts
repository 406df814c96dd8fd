import { addSuppressions } from '../../db/suppressions.ts'
import { openUpload } from '../../db/upload-bytes.ts'
import { findUpload } from '../../db/uploads.ts'
import type { Engine } from '../engine.ts'
import { parseAddress, type RefusedAddress } from '../engines/address/parse.ts'
import { refusalWords } from '../engines/address/refusal-words.ts'
import { encodingOf, type OpenBytes, openText } from '../engines/table/table-bytes.ts'
import { TableError } from '../engines/table/table-error.ts'
import { type InputIssue, ValidationError } from '../refusals.ts'

export interface Suppressed {
  /** That were not on the list. */
  added: number
  known: number
  /** Of an upload: pieces with an @ that are no addresses. */
  unreadable: number
}

/** Puts addresses on the list of suppressions. Refuses with ValidationError where one is none; then none is put there. */
export async function suppressAddresses(engine: Engine, texts: readonly string[], reason: string): Promise<Suppressed> {
  const issues = addressIssues(texts)
  if (issues.length > 0) throw new ValidationError(issues)
  const addresses = new Set(texts.map(parseAddress).flatMap((parsed) => (parsed.ok ? parsed.address : [])))
  const added = await addSuppressions(engine.db, [...addresses], { reason, source: 'PERSON' })
  return { added, known: addresses.size - added, unreadable: 0 }
}

/** Names each text that is no address. */
export function addressIssues(texts: readonly string[]): InputIssue[] {
  return texts.flatMap((text, i) => {
    const parsed = parseAddress(text)
    return parsed.ok ? [] : addressIssue(['addresses', i], text, parsed)
  })
}

export function addressIssue(path: InputIssue['path'], text: string, refused: RefusedAddress): InputIssue {
  return { path, message: `“${text.slice(0, 100)}” ${refusalWords(text, refused)}.`, code: refused.reason }
}

const atOnce = 5_000
/** No piece of a list with an address in it is longer. */
const longestPiece = 1_000
/** By which a text is told from other files. */
const headBytes = 1_000

/** Puts all addresses of an uploaded list (lines, or whatever table) on the list of suppressions. */
export async function suppressUpload(
  engine: Engine,
  owner: string,
  uploadId: string,
  reason: string,
): Promise<Suppressed> {
  const { db, blobs } = engine
  const upload = await findUpload(db, owner, uploadId)
  if (upload?.state !== 'COMPLETE') {
    const [message, code] =
      upload?.state === 'OPEN'
        ? ['The upload is not complete: resume it first.', 'upload_incomplete']
        : ['There is no such upload; it may have expired.', 'upload_not_found']
    throw new ValidationError([{ path: ['upload'], message, code }])
  }
  const counts: Suppressed = { added: 0, known: 0, unreadable: 0 }
  let addresses = new Set<string>()
  const store = async () => {
    const added = await addSuppressions(db, [...addresses], { reason, source: 'UPLOAD' })
    counts.added += added
    counts.known += addresses.size - added
    addresses = new Set()
  }
  const reader = await openUpload(db, blobs, uploadId)
  try {
    for await (const piece of pieces(await textOf((start) => reader.read({ start })))) {
      if (!piece.includes('@')) continue
      const parsed = parseAddress(piece)
      if (parsed.ok) addresses.add(parsed.address)
      else counts.unreadable++
      if (addresses.size >= atOnce) await store()
    }
  } catch (error) {
    if (!(error instanceof TableError)) throw error
    throw new ValidationError([{ path: ['upload'], message: error.message, code: error.code }])
  }
  await store()
  return counts
}

/** In UTF-8, whatever the file is in. Throws TableError for what is no text. */
async function textOf(open: OpenBytes): Promise<AsyncIterable<Buffer>> {
  const head: Uint8Array[] = []
  for await (const chunk of open(0)) if (head.push(chunk) && Buffer.concat(head).length >= headBytes) break
  return openText(open, encodingOf(Buffer.concat(head)).encoding, 0)
}

/** What stands between blanks, line ends, and the marks by which lists and tables part their cells. */
async function* pieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  const split = function* (text: string, last: boolean) {
    if (text.includes('\0')) throw new TableError('not_text', 'This holds NULs: it is no text.')
    const found = text.split(/[\s,;|<>()"]+/)
    rest = last ? '' : found.pop()!.slice(-longestPiece)
    // As our own exports write what a spreadsheet would take for a formula.
    for (const piece of found) yield piece.replace(/^(?:mailto:|'(?=[=+\-@]))/i, '')
  }
  for await (const chunk of source) yield* split(rest + decoder.decode(chunk, { stream: true }), false)
  yield* split(rest + decoder.decode(), true)
}
