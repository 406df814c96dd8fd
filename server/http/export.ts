import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { cellRows, csvRows, type ExportTable, jsonRows, pageTable } from '../../db/export-tables.ts'
import { findJob, type FoundJob } from '../../db/jobs.ts'
import type { Engine } from '../../jobs/engine.ts'
import { csvLine } from '../../jobs/engines/table/csv-line.ts'
import { openingOf, plainDialect } from '../../jobs/engines/table/table-dialect.ts'
import type { Viewer } from '../../schema/live-feed.ts'
import { type AskedTable, BadArgument, exportTables } from './export-arguments.ts'
import { domainsCsv, hasDomains } from './export-domains.ts'
import { withCrLf, withinArray } from './record-ends.ts'
import { sendJson } from './send-json.ts'
import { isGone, sendStream } from './send-stream.ts'
import { xlsx } from './xlsx.ts'

const formats = {
  csv: {
    type: 'text/csv; charset=utf-8; header=present',
    rows: async ({ copyOut }: Engine, table: AskedTable) => {
      const { columns, dialect = plainDialect } = table
      const header = csvLine(
        columns.map(({ name }) => name),
        dialect.delimiter,
      )
      const rows = withCrLf(await copyOut.csv(csvRows(table), dialect.delimiter))
      return withHeader(openingOf(dialect) + header, rows)
    },
  },
  xlsx: {
    type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    rows: async ({ copyOut }: Engine, table: ExportTable) =>
      xlsx(
        table.columns.map(({ name, type }) => ({ name, isTime: type === 'time' })),
        await copyOut.lines(cellRows(table)),
      ),
  },
  ndjson: {
    type: 'application/x-ndjson; charset=utf-8',
    rows: ({ copyOut }: Engine, table: ExportTable) => copyOut.lines(jsonRows(table)),
  },
  json: {
    type: 'application/json; charset=utf-8',
    rows: async ({ copyOut }: Engine, table: ExportTable) => withinArray(await copyOut.lines(jsonRows(table))),
  },
}

const endedStates = ['COMPLETED', 'FAILED', 'CANCELLED']

/**
 * `/export/jobs/{id}/{table}.{csv|xlsx|ndjson|json}`: a table of a job as a file, filtered by the arguments that the API's list takes. 202
 * while the job goes on and has nothing of it, 404 where there is no such thing, 400 for arguments that are none. Who asks has been
 * checked. What cannot be sent to its end is broken off, so that nobody takes it for the whole.
 */
export async function answerExport(
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  { engine, viewer }: { engine: Engine; viewer: Viewer },
): Promise<void> {
  const [, id = '', name = '', format = ''] =
    /^\/export\/jobs\/(\d{1,15})\/([a-z]+)\.([a-z]+)$/.exec(url.pathname) ?? []
  const tableOf = exportTables.get(name)
  const shape = Object.hasOwn(formats, format) ? formats[format as keyof typeof formats] : undefined
  const jobId = Number(id)
  const byDomain = name === 'domains' && format === 'csv'
  const job = byDomain || (tableOf && shape) ? await findJob(engine.db, jobId) : null
  response.setHeader('Cache-Control', 'no-store')
  if (byDomain && job?.owner === viewer.owner && hasDomains(job))
    return answerDomains(url, request, response, engine, job)
  if (!tableOf || !shape || job?.owner !== viewer.owner)
    return sendJson(response, 404, {
      message: `There is no such export. There is, of your jobs: /export/jobs/ID/{${[...exportTables.keys()].join(',')}}.{${Object.keys(formats).join(',')}}, and of crawls domains.csv`,
    })
  let table: AskedTable
  try {
    table = await tableOf(jobId, url.searchParams, engine.db)
  } catch (error) {
    if (error instanceof BadArgument) return sendJson(response, 400, { message: error.message })
    throw error
  }
  if (!endedStates.includes(job.state) && !(await table.exists.execute(engine.db)).rows[0]!.exists) {
    response.setHeader('Retry-After', '5')
    return sendJson(response, 202, { message: 'The job goes on and has nothing of this yet.' })
  }
  response.setHeader('Content-Type', shape.type)
  response.setHeader('Content-Disposition', fileNamed(jobId, name, format, table.dialect))
  if (request.method === 'HEAD') return void response.writeHead(200).end()
  const rows = await shape.rows(engine, table)
  await sendStream(rows, response)
}

/** Of a file whose cells are apart by tabs, spreadsheets want to know that by its name. */
function fileNamed(jobId: number, name: string, format: string, dialect = plainDialect): string {
  const ending = format === 'csv' && dialect.delimiter === '\t' ? 'tsv' : format
  return `attachment; filename="job_${jobId}_${name}.${ending}"`
}

async function* withHeader(header: string, rows: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield Buffer.from(header)
  yield* rows
}

/** Results by domain, which are no table of the database: they go along the input. */
async function answerDomains(
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  engine: Engine,
  job: FoundJob,
): Promise<void> {
  const [argument] = url.searchParams.keys()
  if (argument !== undefined) return sendJson(response, 400, { message: `${argument}: There are no arguments.` })
  if (!endedStates.includes(job.state) && !(await pageTable(job.id, {}).exists.execute(engine.db)).rows[0]!.exists) {
    response.setHeader('Retry-After', '5')
    return sendJson(response, 202, { message: 'The job goes on and has nothing of this yet.' })
  }
  const { dialect, text } = await domainsCsv(engine, job)
  response.setHeader('Content-Type', formats.csv.type)
  response.setHeader('Content-Disposition', fileNamed(job.id, 'domains', 'csv', dialect))
  if (request.method === 'HEAD') return void response.writeHead(200).end()
  await pipeline(Readable.from(text), response).catch((error: unknown) => {
    if (!isGone(error)) throw error
  })
}
