import { scrapeEmails } from './crawl-site/job.ts'
import type { AnyJobKind } from './job-kind.ts'
import { verifyEmails } from './verify-emails/job.ts'

/** The one list of kinds. Queue, API, form and command line come from it. */
export const kinds: AnyJobKind[] = [scrapeEmails, verifyEmails]

/** The kind of that name; an unknown one is a fault, since names come from this list or from rows that it made. */
export function kindNamed(name: string): AnyJobKind {
  const kind = kinds.find((known) => known.kind === name)
  if (!kind) throw new Error(`there is no kind of job named ${name}`)
  return kind
}
