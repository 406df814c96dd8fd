import { parseAddress } from '../engines/address/parse.ts'
import { refusalWords } from '../engines/address/refusal-words.ts'
import type { OpenBytes } from '../engines/table/table-bytes.ts'
import { TableError } from '../engines/table/table-error.ts'
import { readRows } from '../engines/table/table-rows.ts'
import type { HasFound, OpenUpload, Settings } from '../job-kind.ts'
import type { InputIssue } from '../refusals.ts'
import { chooses, type VerifyInput } from './input.ts'
import { choiceOf, shapeOfList } from './list-source.ts'

/** Where none of so many rows holds an address, the job tells of each of them: a form is not kept waiting. */
const mostRows = 100_000
/** Entries of a pasted list that are told of. */
const mostNamed = 100

/** Says what is wrong with a list as a whole: no text, no rows, no column with addresses, nothing that was found. A bad row is a verdict of its own. */
export async function inspectList(
  input: VerifyInput,
  _settings: Settings,
  openUpload: OpenUpload,
  hasFound: HasFound,
): Promise<InputIssue[]> {
  if (input.upload !== undefined) return inspectUpload(input, input.upload, openUpload)
  const { emails = [], fromJob, fromKnown } = input
  if (emails.length > 0) return inspectPasted(emails)
  if ((fromJob === undefined && !fromKnown) || (await hasFound(choiceOf(input)))) return []
  const who = fromJob === undefined ? 'No job of yours' : `No job of yours with the number ${fromJob}`
  const fitting = chooses(input) ? ' that fits' : ''
  const path = [fromJob === undefined ? 'fromKnown' : 'fromJob']
  return [{ path, message: `${who} has found an address${fitting} yet.`, code: 'nothing_found' }]
}

function inspectPasted(emails: readonly string[]): InputIssue[] {
  if (emails.some((email) => parseAddress(email).ok)) return []
  return [
    { path: ['emails'], message: 'Nothing here is an e-mail address.', code: 'no_address' },
    ...noAddresses(emails, '.'),
  ]
}

/** What of a pasted list will come back as no address: its rows are taken, and each is a verdict of its own. */
export function remarksOnList({ emails = [] }: VerifyInput): InputIssue[] {
  return noAddresses(emails, ', and will come back as invalid.')
}

/** Entries that are no addresses, each with what is wrong with it. */
function noAddresses(emails: readonly string[], ending: string): InputIssue[] {
  const issues: InputIssue[] = []
  for (const [i, email] of emails.entries()) {
    const parsed = parseAddress(email)
    if (parsed.ok || parsed.reason === 'empty') continue
    const message = `"${shortened(email.trim())}" ${refusalWords(email, parsed)}${ending}`
    issues.push({ path: ['emails', i], message, code: parsed.reason })
    if (issues.length === mostNamed) break
  }
  return issues
}

async function inspectUpload(input: VerifyInput, uploadId: string, openUpload: OpenUpload): Promise<InputIssue[]> {
  const upload = await openUpload(uploadId)
  // That is refused elsewhere.
  if (!upload) return []
  const open: OpenBytes = (start) => upload.read({ start })
  const path = ['upload']
  try {
    const shape = await shapeOfList(open, input)
    let rows = 0
    let filled = 0
    for await (const batch of readRows(open, shape)) {
      for (const { value } of batch.rows) {
        if (parseAddress(value).ok) return []
        if (value !== '') filled++
      }
      rows += batch.rows.length
      if (rows >= mostRows) return []
    }
    if (filled === 0) return [{ path, message: 'No row of the table has an address.', code: 'empty_table' }]
    const column = shape.columns[shape.column] ?? `column ${shape.column + 1}`
    return [{ path, message: `Nothing in "${column}" is an e-mail address.`, code: 'no_address' }]
  } catch (error) {
    if (!(error instanceof TableError)) throw error
    return [{ path, message: error.message, code: error.code }]
  }
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}
