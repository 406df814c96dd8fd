import { type ZipEntry, zipStream } from './zip-stream.ts'

/** What a sheet holds, its header among it; more rows go onto further ones. */
const rowsASheet = 1_048_576
/** And a cell, in characters. */
const longestCell = 32_767
const pieceLength = 64 * 1_024

export interface XlsxColumn {
  name: string
  /** Its values are times in ISO 8601, to be shown in UTC. */
  isTime?: boolean
}

/**
 * Rows as an Excel workbook (ECMA-376, SpreadsheetML), streamed: the header on top of each sheet. `lines`: a JSON object a line, its values in the order of the
 * columns. Texts are texts, whatever they look like, and never formulas; numbers, booleans and times are such.
 */
export async function* xlsx(
  columns: readonly XlsxColumn[],
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
            yield sheetStart(columns)
            yield headerOf(columns)
            for (let count = 1; !next.done && count < rowsAtMost; count++) {
              yield rowOf(next.value, columns)
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
/** Cells as they are, and times (numbers of formats of one's own begin at 164). Excel asks for the first of everything, and for two fills. */
const styles = `${xml}<styleSheet xmlns="${main}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm:ss"/></numFmts>
<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>`
const sheetEnd = '</sheetData></worksheet>'

/** What makes so many sheets a workbook. */
function frame(sheets: number): [name: string, text: string][] {
  const numbers = Array.from({ length: sheets }, (_, i) => i + 1)
  const types = [
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>',
    `<Override PartName="/xl/workbook.xml" ContentType="${contentType}.sheet.main+xml"/>`,
    `<Override PartName="/xl/styles.xml" ContentType="${contentType}.styles+xml"/>`,
    ...numbers.map(
      (n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="${contentType}.worksheet+xml"/>`,
    ),
  ]
  const sheetList = numbers.map((n) => `<sheet name="Sheet${n}" sheetId="${n}" r:id="rId${n}"/>`)
  const related = (id: number, type: string, target: string) =>
    `<Relationship Id="rId${id}" Type="${relations}/${type}" Target="${target}"/>`
  const bookRelations = [
    ...numbers.map((n) => related(n, 'worksheet', `worksheets/sheet${n}.xml`)),
    related(sheets + 1, 'styles', 'styles.xml'),
  ]
  return [
    [
      'xl/workbook.xml',
      `${xml}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${sheetList.join('')}</sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `${xml}<Relationships xmlns="${packages}/relationships">${bookRelations.join('')}</Relationships>`,
    ],
    ['xl/styles.xml', styles],
    [
      '_rels/.rels',
      `${xml}<Relationships xmlns="${packages}/relationships">${related(1, 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    ],
    ['[Content_Types].xml', `${xml}<Types xmlns="${packages}/content-types">${types.join('')}</Types>`],
  ]
}

/** A time needs more room than columns have, and would show as ######## without. */
function sheetStart(columns: readonly XlsxColumn[]): string {
  const wide = columns.flatMap(({ isTime }, i) =>
    isTime ? [`<col min="${i + 1}" max="${i + 1}" width="20" customWidth="1"/>`] : [],
  )
  return `${xml}<worksheet xmlns="${main}">${wide.length > 0 ? `<cols>${wide.join('')}</cols>` : ''}<sheetData>`
}

function headerOf(columns: readonly XlsxColumn[]): string {
  return `<row>${columns.map(({ name }) => cellOf(name)).join('')}</row>`
}

function rowOf(values: readonly unknown[], columns: readonly XlsxColumn[]): string {
  const cells = values.map((value, i) =>
    columns[i]?.isTime && typeof value === 'string' ? timeCell(value) : cellOf(value),
  )
  return `<row>${cells.join('')}</row>`
}

/** Days since 30 December 1899, which the second style of the workbook shows as a time; 1970 began on day 25,569. */
function timeCell(iso: string): string {
  return `<c s="1"><v>${Date.parse(iso) / 86_400_000 + 25_569}</v></c>`
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return '<c/>'
  if (typeof value === 'number') return `<c><v>${value}</v></c>`
  if (typeof value === 'boolean') return `<c t="b"><v>${value ? 1 : 0}</v></c>`
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
