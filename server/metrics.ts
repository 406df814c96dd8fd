import type { Kysely } from 'kysely'
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'

import { type EngineFigures, engineFigures } from '../db/metrics.ts'
import type { DB } from '../db/types.ts'
import type { Live } from './live.ts'

export interface Metrics {
  contentType: string
  /** All figures as text, read anew. Rejects when the database does not answer. */
  text(): Promise<string>
}

/** What Prometheus is told: figures of the whole engine, workers on other machines included, and of this process. */
export function createMetrics({ db, live }: { db: Kysely<DB>; live: Pick<Live, 'noticeLagMs' | 'load'> }): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'mailquarry_api_' })
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `mailquarry_${name}`, help, labelNames, registers: [registry] })

  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `mailquarry_${name}`, help, labelNames, registers: [registry] })

  const jobs = gauge('jobs', 'Jobs by kind and state.', 'kind', 'state')
  const shards = gauge('shards', 'Shards that have not ended of jobs that go on, by state.', 'state')
  const messages = gauge('queue_messages', 'Messages in the queue that nobody has settled.')
  const workers = gauge('workers', 'Worker processes that are there.')
  const ofWorker = {
    slots: gauge('worker_slots', 'Shards that a worker runs at most.', 'worker'),
    running: gauge('worker_running', 'Shards that a worker runs.', 'worker'),
    steps: counter('worker_steps_total', 'Steps that a worker has committed since it entered.', 'worker'),
    groups: counter('worker_commit_groups_total', 'Transactions that carried those steps.', 'worker'),
    commitLag: gauge(
      'worker_commit_lag_seconds',
      'Longest time in the last second from a step that was ready to its commit.',
      'worker',
    ),
    loopLag: gauge(
      'worker_event_loop_lag_seconds',
      "99th percentile of the event loop's delay in the last second.",
      'worker',
    ),
    noticeLag: gauge('worker_notice_lag_seconds', 'How long the last notice to itself was on its way.', 'worker'),
    seen: gauge('worker_seen_seconds', 'Time since a worker has last said that it is there.', 'worker'),
  }
  const noticeLag = gauge('api_notice_lag_seconds', 'How long the last notice to itself was on its way.')
  const followed = gauge('api_followed_jobs', 'Jobs that somebody follows.')
  const followers = gauge('api_followers', 'Subscribers who follow a job.')
  const lists = gauge('api_followed_lists', 'Subscribers who follow a list of jobs.')

  const fill = (figures: EngineFigures) => {
    for (const one of [jobs, shards, ...Object.values(ofWorker)]) one.reset()
    for (const { kind, state, count } of figures.jobs) jobs.set({ kind, state }, count)
    for (const state of openStates) shards.set({ state }, 0)
    for (const { state, count } of figures.shards) shards.set({ state }, count)
    messages.set(figures.messages)
    workers.set(figures.workers.length)
    for (const { id: worker, ...load } of figures.workers) {
      ofWorker.slots.set({ worker }, load.slots)
      ofWorker.running.set({ worker }, load.running)
      ofWorker.steps.inc({ worker }, load.steps)
      ofWorker.groups.inc({ worker }, load.commitGroups)
      ofWorker.commitLag.set({ worker }, load.commitLagMs / 1_000)
      ofWorker.loopLag.set({ worker }, load.loopLagMs / 1_000)
      ofWorker.noticeLag.set({ worker }, load.noticeLagMs / 1_000)
      ofWorker.seen.set({ worker }, load.seenSecondsAgo)
    }
    noticeLag.set(live.noticeLagMs() / 1_000)
    const load = live.load()
    followed.set(load.jobs)
    followers.set(load.followers)
    lists.set(load.lists)
  }

  const read = async () => {
    fill(await engineFigures(db))
    return registry.metrics()
  }
  let reading: Promise<string> | undefined
  return {
    contentType: registry.contentType,
    // Several who ask at the same time get one answer.
    text: () => (reading ??= read().finally(() => (reading = undefined))),
  }
}

/** 0 is an answer too. */
const openStates = ['NEW', 'QUEUED', 'WAITING', 'RUNNING']
