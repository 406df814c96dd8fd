import { type ZipEntry, zipStream } from './zip-stream.ts'

/** What a sheet holds, its header among it; more rows go onto further ones. */
const rowsASheet = 1_048_576
/** And a cell, in characters. */
const longestCell = 32_767
const pieceLength = 64 * 1_024

/**
 * Rows as an Excel workbook (ECMA-376, SpreadsheetML), streamed: the header on top of each sheet. `lines`: a JSON object a line, its values in the order of the
 * columns. Texts are texts, never formulas; numbers are numbers.
 */
export async function* xlsx(
  header: readonly string[],
  lines: AsyncIterable<Buffer>,
  { rowsAtMost = rowsASheet }: { rowsAtMost?: number } = {},
): AsyncGenerator<Buffer> {
  const rows = parsedLines(lines)
  async function* entries(): AsyncGenerator<ZipEntry> {
    let sheets = 0
    for (let next = await rows.next(); sheets === 0 || !next.done;) {
      sheets++
      yield {
        name: `xl/worksheets/sheet${sheets}.xml`,
        bytes: inPieces(
          (async function* () {
            yield sheetStart
            yield rowOf(header)
            for (let count = 1; !next.done && count < rowsAtMost; count++) {
              yield rowOf(next.value)
              next = await rows.next()
            }
            yield sheetEnd
          })(),
        ),
      }
    }
    for (const [name, text] of frame(sheets)) yield { name, bytes: inPieces(one(text)) }
  }
  yield* zipStream(entries())
}

const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packages = 'http://schemas.openxmlformats.org/package/2006'
const contentType = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
const sheetStart = `${xml}<worksheet xmlns="${main}"><sheetData>`
const sheetEnd = '</sheetData></worksheet>'

/** What makes so many sheets a workbook. */
function frame(sheets: number): [name: string, text: string][] {
  const numbers = Array.from({ length: sheets }, (_, i) => i + 1)
  const types = [
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>',
    `<Override PartName="/xl/workbook.xml" ContentType="${contentType}.sheet.main+xml"/>`,
    ...numbers.map(
      (n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="${contentType}.worksheet+xml"/>`,
    ),
  ]
  const sheetList = numbers.map((n) => `<sheet name="Sheet${n}" sheetId="${n}" r:id="rId${n}"/>`)
  const related = (id: number, type: string, target: string) =>
    `<Relationship Id="rId${id}" Type="${relations}/${type}" Target="${target}"/>`
  const sheetRelations = numbers.map((n) => related(n, 'worksheet', `worksheets/sheet${n}.xml`))
  return [
    [
      'xl/workbook.xml',
      `${xml}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${sheetList.join('')}</sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `${xml}<Relationships xmlns="${packages}/relationships">${sheetRelations.join('')}</Relationships>`,
    ],
    [
      '_rels/.rels',
      `${xml}<Relationships xmlns="${packages}/relationships">${related(1, 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    ],
    ['[Content_Types].xml', `${xml}<Types xmlns="${packages}/content-types">${types.join('')}</Types>`],
  ]
}

function rowOf(values: readonly unknown[]): string {
  return `<row>${values.map(cellOf).join('')}</row>`
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return '<c/>'
  if (typeof value === 'number') return `<c><v>${value}</v></c>`
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `<c t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`
}

// oxlint-disable-next-line no-control-regex -- XML 1.0 §2.2 has no control characters but tab and line ends
const noXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g
const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

function escaped(text: string): string {
  const cut = text.length > longestCell ? text.slice(0, longestCell) : text
  return cut
    .toWellFormed()
    .replaceAll(noXml, '\ufffd')
    .replaceAll(/[&<>\r]/g, (mark) => marks[mark]!)
}

async function* parsedLines(lines: AsyncIterable<Buffer>): AsyncGenerator<unknown[], undefined> {
  const decoder = new TextDecoder()
  let held = ''
  for await (const chunk of lines) {
    const whole = (held + decoder.decode(chunk, { stream: true })).split('\n')
    held = whole.pop()!
    for (const line of whole) yield Object.values(JSON.parse(line) as object)
  }
  if (held !== '') yield Object.values(JSON.parse(held) as object)
  return undefined
}

async function* one(text: string): AsyncGenerator<string> {
  yield text
}

/** Rows are short: many go on together. */
async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let piece = ''
  for await (const text of texts) {
    piece += text
    if (piece.length < pieceLength) continue
    yield Buffer.from(piece)
    piece = ''
  }
  if (piece !== '') yield Buffer.from(piece)
}
