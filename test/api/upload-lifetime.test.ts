import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { removeUploads } from '../../db/upload-bytes.ts'
import { cloneJob, deleteJob, startJob } from '../../jobs/control.ts'
import { removeDeleted } from '../../jobs/control/removal.ts'
import { owner, until } from '../support/engine.ts'
import { uploadBench } from '../support/upload-bench.ts'
import { appendBytes, headers, idOf, makeUpload, uploadBytes } from '../support/upload.ts'

// How long an upload is kept, and who may use it meanwhile.

const { db, api, bytesOf, blobsOf } = await uploadBench()

test('uploads that nobody finishes or uses go; what a job names stays until the last such job is deleted', async () => {
  const { engine } = api
  const outOfTime = (id: string) =>
    sql`update uploads set expires_at = now() - interval '1 s' where id = ${id}`.execute(db)
  const sweep = () => removeUploads(db, engine.blobs)
  await sweep()
  const bytes = Buffer.from('ada@example.com')
  const unused = await uploadBytes(api.url, bytes)
  const open = idOf(await makeUpload(api.url, 10))
  await appendBytes(`${api.url}/upload/${open}`, 0, Buffer.from('half'))
  const used = await uploadBytes(api.url, bytes)
  expect(await sweep()).toBe(0)
  const { jobId } = await startJob(engine, {
    kind: 'relay',
    input: { shards: 1, steps: 1, upload: used },
    owner: 'local',
  })
  const { jobId: cloneId } = await cloneJob(engine, jobId, 'local')
  for (const id of [unused, open, used]) await outOfTime(id)
  expect(await sweep()).toBe(2)
  for (const id of [unused, open]) {
    expect(await blobsOf(id)).toEqual([])
    expect((await fetch(`${api.url}/upload/${id}`, { method: 'HEAD', headers: headers.tell })).status).toBe(404)
  }
  expect((await fetch(`${api.url}/upload/${used}`, { method: 'DELETE', headers: headers.tell })).status).toBe(409)
  for (const id of [jobId, cloneId]) {
    expect((await bytesOf(used)).equals(bytes)).toBe(true)
    await db.updateTable('jobs').set({ state: 'COMPLETED' }).where('id', '=', id).execute()
    await deleteJob(engine, id, 'local')
    await until('its rows are removed', async () => !(await removeDeleted(engine)))
    await sweep()
  }
  expect(await blobsOf(used)).toEqual([])
})

test('an upload that its owner deletes is gone at once', async () => {
  const id = await uploadBytes(api.url, Buffer.from('x'))
  const url = `${api.url}/upload/${id}`
  expect((await fetch(url, { method: 'DELETE', headers: headers.tell })).status).toBe(204)
  expect((await fetch(url, { method: 'HEAD', headers: headers.tell })).status).toBe(410)
  await removeUploads(db, api.engine.blobs)
  expect(await blobsOf(id)).toEqual([])
})

test('a job is refused an upload that is not there, not complete or not its owner’s', async () => {
  const complete = await uploadBytes(api.url, Buffer.from('x'))
  const open = idOf(await makeUpload(api.url, 10))
  const start = (upload: string, by = 'local') =>
    startJob(api.engine, { kind: 'relay', input: { shards: 1, steps: 1, upload }, owner: by })
  const refused = (code: string) => ({ code: 'VALIDATION_ERROR', issues: [{ path: ['upload'], code }] })
  await expect(start('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject(refused('upload_not_found'))
  await expect(start('/etc/passwd')).rejects.toMatchObject(refused('upload_not_found'))
  await expect(start(open)).rejects.toMatchObject(refused('upload_incomplete'))
  await expect(start(complete, owner)).rejects.toMatchObject(refused('upload_not_found'))
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from job_uploads where upload_id = ${complete}`.execute(db)
  expect(rows[0]!.n).toBe(0)
  expect((await start(complete)).replayed).toBe(false)
})
