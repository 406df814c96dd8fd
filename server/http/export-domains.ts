import type { FoundJob } from '../../db/jobs.ts'
import { uploadsOf } from '../../jobs/control/job-uploads.ts'
import { reportDomains } from '../../jobs/crawl-site/domain-report.ts'
import { crawlInput } from '../../jobs/crawl-site/input.ts'
import { scrapeEmails } from '../../jobs/crawl-site/job.ts'
import type { Engine } from '../../jobs/engine.ts'
import { csvLine } from '../../jobs/engines/table/csv-line.ts'
import { openingOf, type TableDialect } from '../../jobs/engines/table/table-dialect.ts'

export function hasDomains({ kind }: { kind: string }): boolean {
  return kind === scrapeEmails.kind
}

/**
 * The results of a crawl by domain as CSV, each start of its input once and in its order, with the other columns of a table that was brought, and written as
 * that is.
 */
export async function domainsCsv(
  engine: Engine,
  job: FoundJob,
): Promise<{ dialect: TableDialect; text: AsyncGenerator<string> }> {
  const { dialect, portions } = await reportDomains({
    copyOut: engine.copyOut,
    jobId: job.id,
    input: crawlInput.parse(job.input),
    settings: engine.settings,
    openUpload: uploadsOf(engine, job.owner),
  })
  async function* text() {
    yield openingOf(dialect)
    for await (const rows of portions) yield rows.map((cells) => csvLine(cells, dialect.delimiter)).join('')
  }
  return { dialect, text: text() }
}
