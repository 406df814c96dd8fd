import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'

import { jobEnds, stateOf, until } from '../../support/engine.ts'
import { addEvents, addJob } from '../../support/rows.ts'
import { action, follow, startRelay } from './api-calls.ts'
import { forkServer, type LiveStage } from './live-stage.ts'
import { ask, type ServerReport, type Subscription } from './messages.ts'

/** A server under test, in a process of its own. */
export interface Side {
  server: ChildProcess
  url: string
  /** Something that many can subscribe to, with so many events to come. */
  topic(events: number, everyMs: number): Promise<Topic>
  /** How many subscriptions it serves; it has noticed who left. */
  followers(): Promise<number>
}

export interface Topic {
  subscription: Subscription
  /** Tells its events. Resolves to when each of them was there to be told: ms since 1970, by its number. */
  tell(): Promise<Map<number, number>>
}

/** The API: a job with findings, one a step, made by a worker. */
export async function openOurs({ url, database: { db } }: LiveStage): Promise<Side> {
  const { child: server, port } = await forkServer('api-process.ts', [url])
  const address = `127.0.0.1:${port}/graphql`
  return {
    server,
    url: `ws://${address}`,
    async topic(events, everyMs) {
      const input = { shards: 1, steps: events, rowsPerStep: 1, failing: [''], stepMs: everyMs }
      const jobId = await startRelay(address, input)
      await action(address, 'pauseJob', jobId)
      await until('the job is paused', async () => (await stateOf(db, jobId)) === 'PAUSED')
      return {
        subscription: { query: follow, variables: { jobId: String(jobId) } },
        async tell() {
          const told = await commitTimes(db, jobId)
          await action(address, 'resumeJob', jobId)
          await jobEnds(db, jobId, 180_000)
          const all = await commitTimes(db, jobId)
          return new Map([...all].filter(([seq]) => !told.has(seq)))
        },
      }
    },
    followers: async () => (await ask<ServerReport>(server, { ask: 'cpu' })).followers,
  }
}

/** Another server, which tells the same: the event and a snapshot, for each event. */
export async function openPeer(name: 'graphql-ws' | 'bare', samples: Record<string, unknown>): Promise<Side> {
  const { child: server, port } = await forkServer(name === 'bare' ? 'bare-server.ts' : '../live-peer/server.ts', [])
  const { event, snapshot } = samples
  return {
    server,
    url: `ws://127.0.0.1:${port}/graphql`,
    topic: (events, everyMs) =>
      Promise.resolve({
        subscription: { query: follow, variables: { jobId: '1' } },
        async tell() {
          const published = new Map<number, number>()
          for (let seq = 1; seq <= events; seq++) {
            published.set(seq, performance.timeOrigin + performance.now())
            await ask(server, { ask: 'publish', items: [{ ...(event as object), seq }, snapshot] })
            await sleep(everyMs)
          }
          return published
        },
      }),
    // graphql-ws's generators find out that they are at an end when they go on.
    followers: async () => (await ask<ServerReport>(server, { ask: 'publish', items: [snapshot] })).followers,
  }
}

/** A subscription to a job with a log of 12 MB: more than the buffers between two sockets hold. */
export async function heavySubscription({ database: { db } }: LiveStage): Promise<Subscription> {
  const jobId = await addJob(db, { state: 'PAUSED' })
  const message = 'x'.repeat(4_000)
  await addEvents(
    db,
    jobId,
    Array.from({ length: 3_000 }, () => ({ type: 'note', data: { message } })),
  )
  return { query: follow, variables: { jobId: String(jobId), after: 0 } }
}

/** When each event was committed, by the clock of the machine. */
async function commitTimes(db: LiveStage['database']['db'], jobId: number): Promise<Map<number, number>> {
  const { rows } = await sql<{ seq: number; ms: string }>`
    select seq, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::text as ms from job_events
    where job_id = ${jobId} order by seq`.execute(db)
  return new Map(rows.map((row) => [row.seq, Number(row.ms)]))
}
