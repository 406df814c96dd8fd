import type { Transaction } from 'kysely'

import type { DB } from '../../db/types.ts'
import { openUpload } from '../../db/upload-bytes.ts'
import { findUpload, type UploadProblem, useUpload } from '../../db/uploads.ts'
import type { Engine } from '../engine.ts'
import type { AnyJobKind, OpenUpload } from '../job-kind.ts'
import { type InputIssue, ValidationError } from '../refusals.ts'
import { markedFields } from './marked-fields.ts'

const words: Record<UploadProblem, { message: string; code: string }> = {
  'not found': { message: 'There is no such upload; it may have expired.', code: 'upload_not_found' },
  incomplete: { message: 'The upload is not complete: resume it first.', code: 'upload_incomplete' },
}

/** The complete uploads of an owner, before a job is started with them. */
export function uploadsOf({ db, blobs }: Engine, owner: string): OpenUpload {
  return async (uploadId) => {
    const upload = await findUpload(db, owner, uploadId)
    return upload?.state === 'COMPLETE' ? openUpload(db, blobs, uploadId) : undefined
  }
}

/** The title of a job of an owner, which knows how the file that it is given is called, and the sample site. */
export async function titleOf(
  { db, settings: { sampleSiteUrl } }: Engine,
  kind: AnyJobKind,
  { owner, input }: { owner: string; input: Record<string, unknown> },
): Promise<string> {
  const [id] = markedFields(kind, 'upload').flatMap((name) => (typeof input[name] === 'string' ? [input[name]] : []))
  const upload = id === undefined ? null : await findUpload(db, owner, id)
  return kind.titleOf(input, { fileName: upload?.name, sampleSiteUrl })
}

/** Keeps the uploads that an input names for its job. Throws ValidationError where one cannot be used: the caller rolls back. */
export async function bindUploads(
  trx: Transaction<DB>,
  kind: AnyJobKind,
  { jobId, owner, input }: { jobId: number; owner: string; input: Record<string, unknown> },
): Promise<void> {
  const issues: InputIssue[] = []
  for (const name of markedFields(kind, 'upload')) {
    const uploadId = input[name]
    if (typeof uploadId !== 'string') continue
    const problem = await useUpload(trx, { jobId, owner, uploadId })
    if (problem) issues.push({ path: [name], ...words[problem] })
  }
  if (issues.length > 0) throw new ValidationError(issues)
}
