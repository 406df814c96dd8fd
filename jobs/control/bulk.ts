import { countJobs, type JobFilter, lastJobId, listJobIds } from '../../db/job-list.ts'
import { deleteJobs, resumeJob, resumeJobs, stopJobs } from '../control.ts'
import type { Engine } from '../engine.ts'
import { InvalidTransition, type JobAction, NotFound } from '../refusals.ts'
import { statesAllowing } from './allowed-actions.ts'
import { retryJob } from './retry-job.ts'

/** Jobs at a time, each time in a transaction of its own. */
const portion = 300

export type BulkAction = Exclude<JobAction, 'CLONE'>

/** How many of the owner's jobs pass the filter and may be asked for this. */
export function countAllowing(engine: Engine, owner: string, filter: JobFilter, action: BulkAction): Promise<number> {
  return countJobs(engine.db, owner, allowing(filter, action))
}

/**
 * Asks it of all the owner's jobs that pass the filter and may be asked, as far as they exist now, and returns how many it has changed. A
 * crash on the way leaves the rest as it was: asking again goes on with it.
 */
export async function askAll(engine: Engine, owner: string, filter: JobFilter, action: BulkAction): Promise<number> {
  const upTo = await lastJobId(engine.db)
  let after = 0
  let changed = 0
  for (;;) {
    const ids = await listJobIds(engine.db, owner, allowing(filter, action), { after, upTo, limit: portion })
    if (ids.length > 0) changed += await ask(engine, owner, ids, action)
    if (ids.length < portion) return changed
    after = ids.at(-1)!
  }
}

async function ask(engine: Engine, owner: string, ids: number[], action: BulkAction): Promise<number> {
  switch (action) {
    case 'PAUSE':
    case 'CANCEL':
      return stopJobs(engine, ids, action)
    case 'DELETE':
      return deleteJobs(engine, ids)
    case 'RESUME':
      return (await resumeJobs(engine, ids)) ? ids.length : eachOf(ids, (id) => resumeJob(engine, id, owner))
    case 'RETRY':
      return eachOf(ids, (id) => retryJob(engine, id, owner))
  }
}

/** A job may have moved on since it was listed: then it is left out. */
async function eachOf(ids: number[], act: (id: number) => Promise<unknown>): Promise<number> {
  let changed = 0
  for (const id of ids) {
    try {
      await act(id)
      changed++
    } catch (error) {
      if (!(error instanceof InvalidTransition || error instanceof NotFound)) throw error
    }
  }
  return changed
}

function allowing(filter: JobFilter, action: BulkAction): JobFilter & { someFailed?: boolean } {
  const states = statesAllowing(action).filter((state) => !filter.states || filter.states.includes(state))
  return { ...filter, states, ...(action === 'RETRY' && { someFailed: true }) }
}
