import { countNotAddresses, resultRows, workersOfJob } from '../../db/result-files.ts'
import type { Engine } from '../engine.ts'

/**
 * The results of a job as it is now, as one JSON object, streamed in flat memory: `{job_id, emails: [{email, quality, confidence, source_url, timestamp, worker_id}],
 * total_count, last_updated, worker_stats}`; each address once, times in epoch seconds. Results that are no address are but counted, in
 * `not_addresses` behind the total, where there are any. Throws where it cannot be read to its end, or
 * the signal trips: then it is no JSON.
 */
export async function* resultFile(
  { db, copyOut }: Pick<Engine, 'db' | 'copyOut'>,
  jobId: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  yield Buffer.from(`{"job_id":"${jobId}","emails":[\n`)
  let total = 0
  const emailsBy = new Map<string, number>()
  // A byte a character: what is beyond ASCII passes through as it is.
  let rest = ''
  for await (const chunk of await copyOut.lines(resultRows(jobId))) {
    signal?.throwIfAborted()
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n')
    rest = lines.pop()!
    if (lines.length === 0) continue
    for (const line of lines) {
      const worker = line.slice(line.lastIndexOf(workerKey) + workerKey.length, -1)
      emailsBy.set(worker, (emailsBy.get(worker) ?? 0) + 1)
    }
    yield Buffer.from((total > 0 ? ',\n' : '') + lines.join(',\n'), 'latin1')
    total += lines.length
  }
  const { now, done } = await workersOfJob(db, jobId)
  const workers: Record<string, { done: number; emails: number }> = {}
  for (const [id, items] of done) workers[id] = { done: items, emails: 0 }
  for (const [text, emails] of emailsBy) {
    const id = JSON.parse(Buffer.from(text, 'latin1').toString()) as string | null
    if (id !== null) workers[id] = { done: done.get(id) ?? 0, emails }
  }
  const others = await countNotAddresses(db, jobId)
  const leftOut = others > 0 ? `,"not_addresses":${others}` : ''
  yield Buffer.from(
    `\n],"total_count":${total}${leftOut},"last_updated":${now},"worker_stats":${JSON.stringify(workers)}}\n`,
  )
}

/** In front of the last value of each row. */
const workerKey = '"worker_id":'
