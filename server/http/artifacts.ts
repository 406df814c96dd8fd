import type { IncomingMessage, ServerResponse } from 'node:http'

import { findJob } from '../../db/jobs.ts'
import type { Engine } from '../../jobs/engine.ts'
import { resultFile } from '../../jobs/result-file/content.ts'
import type { Viewer } from '../../schema/live-feed.ts'
import { sendJson } from './send-json.ts'
import { sendStream } from './send-stream.ts'

/**
 * `/artifacts/job_{id}.json`: the result file of a job as it is now, whatever lies in the store. Who asks has been checked.
 */
export async function answerArtifact(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  { engine, viewer }: { engine: Engine; viewer: Viewer },
): Promise<void> {
  const [, name, id] = /^\/artifacts\/(job_(\d{1,15})\.json)$/.exec(path) ?? []
  const job = id === undefined ? null : await findJob(engine.db, Number(id))
  response.setHeader('Cache-Control', 'no-store')
  if (job?.owner !== viewer.owner)
    return sendJson(response, 404, {
      message: 'There is no such artifact. There is, of your jobs: /artifacts/job_ID.json',
    })
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`)
  if (request.method === 'HEAD') return void response.writeHead(200).end()
  await sendStream(resultFile(engine, job.id), response)
}
