import { type Kysely, sql, type Transaction } from 'kysely'

import type { DB } from '../db/types.ts'

/** Channels of NOTIFY. Payloads are ids only. */
export const channels = {
  /** `{"j":[[jobId, seq], …]}`: these jobs have changed. */
  jobs: 'mailquarry_jobs',
  /** Shards have been queued. */
  wake: 'mailquarry_wake',
  /** `{"stop":[jobId, …]}`: running handlers of these jobs stop. */
  control: 'mailquarry_control',
  /** Empty: somebody was forgotten. */
  forgotten: 'mailquarry_forgotten',
} as const

/** NOTIFY allows 8,000 bytes a payload. */
const jobsPerNotice = 300

export interface Notices {
  /** Says at once, or within `everyMs` and once for many where something was said less than that ago, that a job has changed. */
  changed(jobId: number, seq: number): void
  /** Says that there are shards to fetch. */
  wake(): void
  /** Sends what is pending. */
  flush(): Promise<void>
  close(): Promise<void>
}

/**
 * Coalesces notices: none is sent inside a step's transaction, because NOTIFY serialises commits. A lost notice costs time only:
 * readers poll every 2 s. `fail` hears of a notice that could not be sent.
 */
export function createNotices(db: Kysely<DB>, fail: (error: unknown) => void, everyMs = 25): Notices {
  let changes = new Map<number, number>()
  let wakeUp = false
  let timer: NodeJS.Timeout | undefined
  let sentAt = -Infinity
  let sending: Promise<void> = Promise.resolve()

  const send = async () => {
    timer = undefined
    sentAt = performance.now()
    const jobs = [...changes]
    const wake = wakeUp
    changes = new Map()
    wakeUp = false
    const notices: [string, string][] = []
    for (let i = 0; i < jobs.length; i += jobsPerNotice)
      notices.push([channels.jobs, JSON.stringify({ j: jobs.slice(i, i + jobsPerNotice) })])
    if (wake) notices.push([channels.wake, ''])
    if (notices.length === 0) return
    const names = notices.map(([name]) => name)
    const payloads = notices.map(([, payload]) => payload)
    await sql`select pg_notify(c, p) from unnest(${names}::text[], ${payloads}::text[]) n(c, p)`.execute(db)
  }
  const flush = () => {
    clearTimeout(timer)
    sending = sending.then(send).catch(fail)
    return sending
  }
  const schedule = () => {
    timer ??= setTimeout(() => void flush(), Math.max(0, sentAt + everyMs - performance.now()))
  }
  return {
    changed(jobId, seq) {
      changes.set(jobId, Math.max(seq, changes.get(jobId) ?? 0))
      schedule()
    },
    wake() {
      wakeUp = true
      schedule()
    },
    flush,
    close: flush,
  }
}

/** Tells all workers at once to stop the handlers of these jobs. */
export async function notifyStop(db: Kysely<DB>, jobIds: number[]): Promise<void> {
  if (jobIds.length > 0)
    await sql`select pg_notify(${channels.control}, ${JSON.stringify({ stop: jobIds })})`.execute(db)
}

/** Tells all who show what is stored that somebody was forgotten, once this transaction has ended. */
export async function notifyForgotten(trx: Transaction<DB>): Promise<void> {
  await sql`select pg_notify(${channels.forgotten}, '')`.execute(trx)
}
