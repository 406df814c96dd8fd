import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import type { FoundJob } from '../../db/jobs.ts'
import { uploadsOf } from '../../jobs/control/job-uploads.ts'
import { reportDomains } from '../../jobs/crawl-site/domain-report.ts'
import { crawlInput } from '../../jobs/crawl-site/input.ts'
import { scrapeEmails } from '../../jobs/crawl-site/job.ts'
import type { Engine } from '../../jobs/engine.ts'
import { csvLine } from '../../jobs/engines/table/csv-line.ts'

export function hasDomains({ kind }: { kind: string }): boolean {
  return kind === scrapeEmails.kind
}

/** The results of a crawl by domain as CSV, each start of its input once and in its order, with the other columns of a table that was brought. */
export async function sendDomains(engine: Engine, job: FoundJob, response: ServerResponse): Promise<void> {
  const report = reportDomains({
    copyOut: engine.copyOut,
    jobId: job.id,
    input: crawlInput.parse(job.input),
    settings: engine.settings,
    openUpload: uploadsOf(engine, job.owner),
  })
  async function* lines() {
    for await (const rows of report) yield rows.map(csvLine).join('')
  }
  await pipeline(Readable.from(lines()), response)
}
