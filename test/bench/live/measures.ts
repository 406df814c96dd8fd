import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

import { createClient } from 'graphql-ws'
import { sql } from 'kysely'
import { WebSocket } from 'ws'

import { jobEnds, stateOf, until } from '../../support/engine.ts'
import { addEvents, addJob } from '../../support/rows.ts'
import { end, forkClients, forkServer, type LiveStage } from './live-stage.ts'
import { ask, type ClientsReport, type ServerReport, type Subscription } from './messages.ts'

export interface Turn {
  /** Of the server's CPU while messages flow, less what it takes when none do. */
  usPerMessage: number
  usPerEvent: number
  kbPerSubscriber: number
  heapKbPerSubscriber: number
  p50Ms: number
  p99Ms: number
  messages: number
  /** Events that did not come to a subscriber. */
  lost: number
  peakRssMb: number
  /** Stalled sockets that the server gave up. */
  dropped: number
  samples: Record<string, unknown>
}

/** The first events find code that has never run and is not counted in the latencies. */
const warmUpEvents = 3

/** What the app asks for of a job that it shows. */
const follow = `subscription Follow($jobId: ID!, $after: Float) {
  jobEvents(jobId: $jobId, after: $after) {
    __typename
    ... on JobEvent { seq type at message shard workerId url item category httpStatus }
    ... on JobSnapshot { job { id state lastSeq allowedActions finishedAt waitingUntil waitingFor
      progress { phase done total percent succeeded failed skipped results ratePerSecond etaSeconds workers { id slots done } } } }
    ... on ResyncRequired { firstSeq lastSeq }
    ... on NotFound { code message }
  }
}`

/** A job with `events` findings, one a step, told to all. */
export async function measureFanOut(
  { url, database: { db } }: LiveStage,
  options: { subscribers: number; stalled: number; events: number; everyMs: number },
): Promise<Turn> {
  const { subscribers, stalled, events, everyMs } = options
  const { child: server, port } = await forkServer('api-process.ts', [url])
  const clients = forkClients(3)
  try {
    const address = `127.0.0.1:${port}/graphql`
    const jobId = await startRelay(address, {
      shards: 1,
      steps: warmUpEvents + events,
      rowsPerStep: 1,
      failing: [''],
      stepMs: everyMs,
    })
    await action(address, 'pauseJob', jobId)
    await until('the job is paused', async () => (await stateOf(db, jobId)) === 'PAUSED')
    const subscription = { query: follow, variables: { jobId: String(jobId) } }
    const [stalling, ...lively] = clients as [ChildProcess, ...ChildProcess[]]
    await connect(lively, `ws://${address}`, 100, [subscription], false)
    const before = await settled(server)
    await connect(lively, `ws://${address}`, subscribers - 100, [subscription], false)
    const after = await settled(server)
    if (stalled > 0) {
      const heavy = { query: follow, variables: { jobId: String(await addHeavyJob(db)), after: 0 } }
      await connect([stalling], `ws://${address}`, stalled, [subscription, heavy], true)
      await sleep(1_000)
    }
    const idle = await busy(server, () => sleep(4_000))
    await reports(lively)
    const work = await busy(server, async () => {
      await action(address, 'resumeJob', jobId)
      await jobEnds(db, jobId, 180_000)
      await sleep(1_500)
    })
    // What was sent may yet have to be read, on a machine that is busy.
    await sleep(2_000)
    const heard = await reports(lively)
    const last = await ask<ServerReport>(server, { ask: 'cpu' })
    const dropped = (subscribers + 2 * stalled - last.followers) / 2
    const commits = await commitTimes(db, jobId)
    const latencies: number[] = []
    let lost = 0
    let told = 0
    // What came before the last report was told to nobody yet.
    const from = Math.min(...heard.flatMap((report) => Object.keys(report.arrivals).map(Number)))
    for (const [seq, committedAt] of commits) {
      if (seq < from || ++told <= warmUpEvents) continue
      const times = heard.flatMap((report) => report.arrivals[seq] ?? [])
      lost += subscribers - times.length
      for (const time of times) latencies.push(time - committedAt)
    }
    const cpuUs = work.cpuUs - (idle.cpuUs / idle.ms) * work.ms
    return {
      ...figures({ subscribers, events: told, cpuUs, before, after, heard, latencies }),
      lost,
      peakRssMb: Math.max(after.rssBytes, last.rssBytes) / 1e6,
      dropped,
    }
  } finally {
    await Promise.all([server, ...clients].map(end))
  }
}

/** Another server tells the same to as many: for each event the event and a snapshot. */
export async function measurePeer(options: {
  server: 'graphql-ws' | 'bare'
  subscribers: number
  events: number
  everyMs: number
  samples: Record<string, unknown>
}): Promise<Turn> {
  const { subscribers, events, everyMs, samples } = options
  const file = options.server === 'bare' ? 'bare-server.ts' : '../live-peer/server.ts'
  const { child: server, port } = await forkServer(file, [])
  const clients = forkClients(2)
  try {
    const url = `ws://127.0.0.1:${port}/graphql`
    const subscription = { query: follow, variables: { jobId: '1' } }
    await connect(clients, url, 100, [subscription], false)
    const before = await settled(server)
    await connect(clients, url, subscribers - 100, [subscription], false)
    const after = await settled(server)
    const idle = await busy(server, () => sleep(4_000))
    await reports(clients)
    const published: number[] = []
    const work = await busy(server, async () => {
      for (let seq = 1; seq <= warmUpEvents + events; seq++) {
        published[seq] = performance.timeOrigin + performance.now()
        await ask(server, { ask: 'publish', items: [{ ...(samples['event'] as object), seq }, samples['snapshot']] })
        await sleep(everyMs)
      }
      await sleep(1_500)
    })
    await sleep(2_000)
    const heard = await reports(clients)
    const last = await ask<ServerReport>(server, { ask: 'cpu' })
    const arrivals = heard.flatMap((report) => Object.entries(report.arrivals))
    const latencies = arrivals
      .filter(([seq]) => Number(seq) > warmUpEvents)
      .flatMap(([seq, times]) => times.map((time) => time - published[Number(seq)]!))
    const cpuUs = work.cpuUs - (idle.cpuUs / idle.ms) * work.ms
    return {
      ...figures({ subscribers, events: warmUpEvents + events, cpuUs, before, after, heard, latencies }),
      lost: subscribers * events - latencies.length,
      peakRssMb: Math.max(after.rssBytes, last.rssBytes) / 1e6,
      dropped: 0,
    }
  } finally {
    await Promise.all([server, ...clients].map(end))
  }
}

function figures(of: {
  subscribers: number
  events: number
  cpuUs: number
  before: ServerReport
  after: ServerReport
  heard: ClientsReport[]
  latencies: number[]
}) {
  const { subscribers, events, cpuUs, before, after, heard, latencies } = of
  const messages = heard.reduce((sum, report) => sum + report.frames, 0)
  latencies.sort((a, b) => a - b)
  return {
    usPerMessage: cpuUs / messages,
    usPerEvent: cpuUs / (subscribers * events),
    kbPerSubscriber: (after.rssBytes - before.rssBytes) / 1e3 / (subscribers - 100),
    heapKbPerSubscriber: (after.heapBytes - before.heapBytes) / 1e3 / (subscribers - 100),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    messages,
    samples: Object.assign({}, ...heard.map((report) => report.samples)) as Record<string, unknown>,
  }
}

export interface Control {
  startToEventMs: number
  startToWorkerMs: number
  pauseMs: number
  cancelMs: number
}

/** How soon a job's first events are with a client, and how soon what runs stops, as a client hears of it. */
export async function measureControl({ url }: LiveStage, times: number): Promise<Control> {
  const { child: server, port } = await forkServer('api-process.ts', [url])
  const address = `127.0.0.1:${port}/graphql`
  const client = createClient({ url: `ws://${address}`, webSocketImpl: WebSocket, lazy: false })
  const figure: Record<'event' | 'worker' | 'pause' | 'cancel', number[]> = {
    event: [],
    worker: [],
    pause: [],
    cancel: [],
  }
  try {
    for (let i = 0; i < times; i++) {
      const began = performance.now()
      const jobId = await startRelay(address, { shards: 2, steps: 20, rowsPerStep: 1, stepMs: 5_000 })
      const types = eventTypes(client, jobId)
      await types.next()
      figure.event.push(performance.now() - began)
      await reach(types, 'job.started')
      figure.worker.push(performance.now() - began)
      await sleep(100 + 20 * i)
      for (const [what, mutation, told] of [
        ['pause', 'pauseJob', 'job.paused'],
        ['cancel', 'cancelJob', 'job.cancelled'],
      ] as const) {
        if (what === 'cancel') {
          await action(address, 'resumeJob', jobId)
          await reach(types, 'job.resumed')
          await sleep(300)
        }
        const asked = performance.now()
        await action(address, mutation, jobId)
        await reach(types, told)
        figure[what].push(performance.now() - asked)
      }
      await types.return(undefined)
    }
  } finally {
    await client.dispose()
    await end(server)
  }
  const of = (values: number[], part: number) =>
    quantile(
      values.toSorted((a, b) => a - b),
      part,
    )
  return {
    startToEventMs: of(figure.event, 0.5),
    startToWorkerMs: of(figure.worker, 0.5),
    pauseMs: of(figure.pause, 0.95),
    cancelMs: of(figure.cancel, 0.95),
  }
}

async function* eventTypes(client: ReturnType<typeof createClient>, jobId: number): AsyncGenerator<string> {
  const results = client.iterate<{ jobEvents: { type?: string } }>({
    query: follow,
    variables: { jobId: String(jobId), after: 0 },
  })
  for await (const { data } of results) if (data?.jobEvents.type) yield data.jobEvents.type
}

async function reach(types: AsyncGenerator<string>, type: string): Promise<void> {
  for (;;) {
    const { done, value } = await types.next()
    if (done) throw new Error(`the subscription ended before ${type}`)
    if (value === type) return
  }
}

async function connect(
  clients: ChildProcess[],
  url: string,
  count: number,
  subscriptions: Subscription[],
  stalled: boolean,
): Promise<void> {
  const share = (i: number) => Math.floor((count * (i + 1)) / clients.length) - Math.floor((count * i) / clients.length)
  await Promise.all(
    clients.map((child, i) => ask(child, { ask: 'connect', url, count: share(i), subscriptions, stalled })),
  )
}

function reports(clients: ChildProcess[]): Promise<ClientsReport[]> {
  return Promise.all(clients.map((child) => ask<ClientsReport>(child, { ask: 'report' })))
}

/** Memory once what is thrown away is gone. */
async function settled(server: ChildProcess): Promise<ServerReport> {
  await sleep(1_500)
  return ask<ServerReport>(server, { ask: 'memory' })
}

async function busy(server: ChildProcess, during: () => Promise<unknown>): Promise<{ cpuUs: number; ms: number }> {
  const began = performance.now()
  const before = await ask<ServerReport>(server, { ask: 'cpu' })
  await during()
  const after = await ask<ServerReport>(server, { ask: 'cpu' })
  return { cpuUs: after.cpuUs - before.cpuUs, ms: performance.now() - began }
}

/** A job with a log of 12 MB: more than the buffers between two sockets hold. */
async function addHeavyJob(db: LiveStage['database']['db']): Promise<number> {
  const jobId = await addJob(db, { state: 'PAUSED' })
  const message = 'x'.repeat(4_000)
  await addEvents(
    db,
    jobId,
    Array.from({ length: 3_000 }, () => ({ type: 'note', data: { message } })),
  )
  return jobId
}

/** When each event was committed, by the clock of the machine, in ms since 1970. */
async function commitTimes(db: LiveStage['database']['db'], jobId: number): Promise<Map<number, number>> {
  const { rows } = await sql<{ seq: number; ms: string }>`
    select seq, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::text as ms from job_events
    where job_id = ${jobId} order by seq`.execute(db)
  return new Map(rows.map((row) => [row.seq, Number(row.ms)]))
}

async function startRelay(address: string, input: Record<string, unknown>): Promise<number> {
  const fields = Object.entries(input).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  const data = await mutate<{ startRelay: { job: { id: string } } }>(
    address,
    `mutation { startRelay(input: { ${fields.join(', ')} }) { ... on StartJobSuccess { job { id } } } }`,
  )
  return Number(data.startRelay.job.id)
}

async function action(address: string, name: string, jobId: number): Promise<void> {
  await mutate(address, `mutation { ${name}(id: ${jobId}) { __typename } }`)
}

async function mutate<Data>(address: string, query: string): Promise<Data> {
  const response = await fetch(`http://${address}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

function quantile(sorted: number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
