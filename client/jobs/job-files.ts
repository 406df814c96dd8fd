import { exportFormats } from '../ui/export-formats.ts'
import type { JobKind } from './job-words.ts'

export interface JobFile {
  label: string
  says: string
  href: string
}

/** The path of a job's results, without the ending that says as what. */
export function resultsPath(id: string, kind: JobKind): string {
  return `/export/jobs/${id}/${kind === 'VERIFY_EMAILS' ? 'verifications' : 'addresses'}`
}

/** Files that are no table of the list of results. */
export function otherFiles(id: string, kind: JobKind): JobFile[] {
  return [
    ...(kind === 'SCRAPE_EMAILS' ? [resultsByDomain(id)] : []),
    { label: 'Result file', says: 'all addresses of the job', href: `/artifacts/job_${id}.json` },
  ]
}

/** What a crawl has found for each of its starts, beside the columns of the table that it was given. */
export function resultsByDomain(id: string): JobFile {
  return { label: 'Results by domain', says: 'a row a start', href: `/export/jobs/${id}/domains.csv` }
}

/** All files with results of a job, as they are called outside its list of results. */
export function resultFiles(id: string, kind: JobKind): JobFile[] {
  const path = resultsPath(id, kind)
  const tables = exportFormats.map(({ ending, label, says }) => ({
    label: `Results as ${label}`,
    says,
    href: `${path}.${ending}`,
  }))
  return [...tables, ...otherFiles(id, kind)]
}
