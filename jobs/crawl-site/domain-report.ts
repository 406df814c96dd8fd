import type { CopyOut } from '../../db/copy-out.ts'
import { type DomainResult, domainResults } from '../../db/domain-results.ts'
import { hostList } from '../engines/crawl/host-list.ts'
import { domainOf, type Start } from '../engines/crawl/scope.ts'
import { plainDialect, type TableDialect } from '../engines/table/table-dialect.ts'
import { readRows } from '../engines/table/table-rows.ts'
import type { TableShape } from '../engines/table/table-shape.ts'
import type { OpenUpload, Settings } from '../job-kind.ts'
import { type CrawlInput, readStarts } from './input.ts'
import { readSite, shapeOfStarts, type StartTable, startTable } from './start-table.ts'

/** What a report is made from. */
export interface ReportArgs {
  copyOut: CopyOut
  jobId: number
  input: CrawlInput
  settings: Pick<Settings, 'ownHosts'>
  openUpload: OpenUpload
}

const own = [
  'pages',
  'pagesFailed',
  'addresses',
  'bestAddress',
  'otherAddresses',
  'addressesNotNamed',
  'suppressed',
  'outcome',
]
const portion = 1_000
const mostOthers = 20

export interface DomainReport {
  /** That of the file that was brought; what is pasted has none of its own. */
  dialect: TableDialect
  /** Portions of rows: a header, then each start of the input once, in its order, those of a table with all the cells of their row. */
  portions: AsyncGenerator<string[][]>
}

/** Results by domain, all of one moment. Flat memory but for one name a start. */
export async function reportDomains(args: ReportArgs): Promise<DomainReport> {
  const table = await startTable(args.input, args.openUpload)
  const shape = table && (await shapeOfStarts(table, args.input, args.settings))
  return {
    dialect: table?.field === 'upload' && shape ? shape : plainDialect,
    portions: portionsOf(args, table && shape && { ...table, shape }),
  }
}

async function* portionsOf(args: ReportArgs, table: ShapedTable | undefined): AsyncGenerator<string[][]> {
  const { copyOut, jobId, input } = args
  const read = () => inputRows(args, table)
  const domains: string[] = []
  for await (const rows of read())
    for (const { start } of rows) domains.push(start?.ok ? domainOf(start.url, input.scope) : '')

  yield [[...(table?.shape.columns ?? ['site']), ...own]]
  const results = linesOf(await copyOut.lines(domainResults(jobId, domains, mostOthers + 1)))
  try {
    for await (const rows of read()) {
      const lines: string[][] = []
      for (const { start, cells } of rows) {
        const { value } = await results.next()
        const result = JSON.parse(value ?? 'null') as DomainResult | null
        lines.push([...cells, ...cellsOf(result, start)])
      }
      yield lines
    }
  } finally {
    await results.return(undefined)
  }
}

type ShapedTable = StartTable & { shape: TableShape }

interface InputRow {
  /** Undefined: the row has no site. */
  start: Start | undefined
  /** As many as there are columns. */
  cells: string[]
}

async function* inputRows({ input, settings }: ReportArgs, table: ShapedTable | undefined): AsyncGenerator<InputRow[]> {
  const width = table?.shape.columns.length ?? 1
  const place = table?.shape.column ?? 0
  const texts = [...(input.domains ?? []), ...(input.startUrls ?? [])]
  for (let from = 0; from < texts.length; from += portion) {
    yield readStarts(input, settings, from, from + portion).map(({ start }, i) => ({
      start,
      cells: Array.from({ length: width }, (_, column) => (column === place ? texts[from + i]! : '')),
    }))
  }
  if (table === undefined) return
  const listed = hostList(settings.ownHosts)
  for await (const { rows } of readRows(table.open, table.shape, { rowsAtOnce: portion })) {
    yield rows.map(({ value, cells }) => ({
      start: value === '' ? undefined : readSite(value, listed),
      // what is beyond the header belongs to its last column
      cells: Array.from({ length: width }, (_, i) =>
        i === width - 1 ? cells.slice(i).join(table.shape.delimiter) : (cells[i] ?? ''),
      ),
    }))
  }
}

/** Lines of texts of JSON, which have no line ends inside. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  return undefined
}

function cellsOf(result: DomainResult | null, start: Start | undefined): string[] {
  if (start === undefined) return ['', '', '', '', '', '', '', 'no site in this row']
  if (!start.ok) return ['', '', '', '', '', '', '', start.message]
  if (result === null) return ['0', '0', '0', '', '', '0', '0', 'not reached yet']
  const [best = '', ...others] = result.best
  const { fetched, failed, addresses, suppressed } = result
  const counts = [fetched, failed, addresses].map(String)
  const notNamed = String(addresses - result.best.length)
  return [...counts, best, others.join(', '), notNamed, String(suppressed), outcomeOf(result)]
}

/** One for each row. */
function outcomeOf({ fetched, queued, skipped, addresses, failure }: DomainResult): string {
  if (addresses > 0) return 'found'
  if (queued > 0) return 'not finished'
  if (fetched > 0) return 'no address'
  return failure ?? (skipped > 0 ? 'skipped' : 'not reached yet')
}
