import { type BlobKey, blobKey, type Blobs } from '../../db/blobs.ts'
import { mentionsOf } from '../../db/forgetting.ts'
import {
  beginResultFile,
  dueResultFiles,
  jobsWithResultFiles,
  noteResultFile,
  planResultFile,
  type ResultFilePlan,
} from '../../db/result-files.ts'
import { whileAlone } from '../../db/while-alone.ts'
import type { Engine } from '../engine.ts'
import { resultFile } from './content.ts'

type Stores = Pick<Engine, 'db' | 'blobs' | 'copyOut'>

/** Makes the result files that are due, as far as nobody else is at it; a chore of the workers. A crash leaves the old ones, and what is due. */
export async function keepResultFiles(stores: Stores, signal?: AbortSignal): Promise<void> {
  for (const { jobId } of await dueResultFiles(stores.db)) {
    signal?.throwIfAborted()
    await whileAlone(stores.db, lockOf(jobId), 'leave', async (db) => {
      // Somebody else may have made it a moment ago.
      const [plan] = await dueResultFiles(db, jobId)
      if (plan) await make({ ...stores, db }, plan, signal)
    })
  }
}

async function make({ db, blobs, copyOut }: Stores, plan: ResultFilePlan, signal?: AbortSignal): Promise<void> {
  const { jobId } = plan
  if (!(await beginResultFile(db, jobId))) return
  if (plan.empty) return void (await noteResultFile(db, plan, null))
  const from = performance.now()
  const sizeBytes = await blobs.put(keyOf(jobId), resultFile({ db, copyOut }, jobId, signal))
  await noteResultFile(db, plan, { sizeBytes, tookMs: performance.now() - from })
}

/** Removes the files of deleted jobs, which may be being made. */
export async function removeResultFiles({ db, blobs }: Stores, jobIds: readonly number[]): Promise<void> {
  for (const jobId of await jobsWithResultFiles(db, jobIds))
    await whileAlone(db, lockOf(jobId), 'wait', () => blobs.delete(keyOf(jobId)))
}

/**
 * Makes those files anew that still mention an address (in normal form), which the database has forgotten. Reads them all, as forgetting reads whole
 * tables; one that is being made from what was there before is waited for.
 */
export async function forgetInResultFiles(stores: Stores, address: string): Promise<void> {
  const mentions = mentionsOf(address)
  for (const jobId of await jobsWithResultFiles(stores.db))
    await whileAlone(stores.db, lockOf(jobId), 'wait', async (db) => {
      if (!(await holdsAny(stores.blobs, keyOf(jobId), mentions))) return
      const plan = await planResultFile(db, jobId)
      if (plan) await make({ ...stores, db }, { ...plan, empty: false })
    })
}

async function holdsAny(blobs: Blobs, key: BlobKey, texts: readonly string[]): Promise<boolean> {
  const stream = await blobs.get(key)
  if (!stream) return false
  const decoder = new TextDecoder()
  const longest = Math.max(...texts.map((text) => text.length))
  let rest = ''
  for await (const chunk of stream) {
    const piece = rest + decoder.decode(chunk as Buffer, { stream: true }).toLowerCase()
    if (texts.some((text) => piece.includes(text))) return true
    rest = piece.slice(-longest)
  }
  return false
}

function keyOf(jobId: number): BlobKey {
  return blobKey('results', `job_${jobId}.json`)
}

function lockOf(jobId: number): string {
  return `result-file ${jobId}`
}
