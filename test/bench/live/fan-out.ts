import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

import { end, forkClients } from './live-stage.ts'
import { ask, type ClientsReport, type ServerReport, type Subscription } from './messages.ts'
import { quantile } from './quantile.ts'
import type { Side } from './sides.ts'

/** What it cost to tell many of some events. */
export interface Turn {
  /** Of the server's CPU while messages flow, less what it takes when none do. */
  usPerMessage: number
  usPerEvent: number
  /**
   * The largest of the three below: pages that a process has got and not given back may hide what it took since, and make RSS grow
   * less than what lives in it.
   */
  kbPerSubscriber: number
  /** RSS, from the first few subscribers to all. */
  rssKb: number
  /** RSS, the second half of them: the slope between two sizes. */
  rssKbOfSecondHalf: number
  /** What lives in the heap and in buffers, from the first few to all; and once they have had all events. */
  heapKb: number
  heapKbAfterEvents: number
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

/**
 * Before anything is measured so many subscribers get so many events and leave. As many are there again when the memory of more is
 * measured, so that what the first ones gave back is in use.
 */
const warmers = 300
const warmEvents = 20
/** Each socket's first events are not in the latencies. */
const firstEvents = 3

/** Tells so many subscribers so many events. `stalled`: so many sockets beside them that take this subscription too and read nothing. */
export async function measureTurn(
  side: Side,
  options: {
    subscribers: number
    events: number
    everyMs: number
    stalled?: { sockets: number; heavy: Subscription }
  },
): Promise<Turn> {
  const { server, url } = side
  const { subscribers, events, everyMs, stalled } = options
  const clients = forkClients(1)
  const stalling = forkClients(1)
  try {
    await warmUp(side)
    const topic = await side.topic(firstEvents + events, everyMs)
    const join = (count: number) => connect(clients, url, count, [topic.subscription])
    await join(warmers)
    const few = await settled(server)
    const rest = subscribers - warmers
    const firstHalf = Math.floor(rest / 2)
    await join(firstHalf)
    const half = await settled(server)
    await join(rest - firstHalf)
    const all = await settled(server)
    if (stalled) {
      await connect(stalling, url, stalled.sockets, [topic.subscription, stalled.heavy], true)
      await sleep(1_000)
    }
    const idle = await busy(server, () => sleep(4_000))
    await reports(clients)
    let told = new Map<number, number>()
    const work = await busy(server, async () => {
      told = await topic.tell()
      await sleep(1_500)
    })
    // What was sent may yet have to be read, on a machine that is busy.
    await sleep(2_000)
    const heard = await reports(clients)
    const last = await settled(server)
    const cpuUs = work.cpuUs - (idle.cpuUs / idle.ms) * work.ms
    const messages = heard.reduce((sum, report) => sum + report.frames, 0)
    const { latencies, lost } = arrivals(heard, told, subscribers)
    const kb = (bytes: 'rssBytes' | 'heapBytes', from: ServerReport, to: ServerReport, count: number) =>
      (to[bytes] - from[bytes]) / 1e3 / count
    const rssKb = kb('rssBytes', few, all, rest)
    const rssKbOfSecondHalf = kb('rssBytes', half, all, rest - firstHalf)
    const heapKb = kb('heapBytes', few, all, rest)
    return {
      usPerMessage: cpuUs / messages,
      usPerEvent: cpuUs / (subscribers * told.size),
      kbPerSubscriber: Math.max(rssKb, rssKbOfSecondHalf, heapKb),
      rssKb,
      rssKbOfSecondHalf,
      heapKb,
      heapKbAfterEvents: kb('heapBytes', few, last, rest),
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      messages,
      lost,
      peakRssMb: Math.max(all.rssBytes, last.rssBytes) / 1e6,
      dropped: stalled ? (subscribers + 2 * stalled.sockets - last.followers) / 2 : 0,
      samples: Object.assign({}, ...heard.map((report) => report.samples)) as Record<string, unknown>,
    }
  } finally {
    await Promise.all([server, ...clients, ...stalling].map(end))
  }
}

async function warmUp(side: Side): Promise<void> {
  const clients = forkClients(1)
  const topic = await side.topic(warmEvents, 300)
  await connect(clients, side.url, warmers, [topic.subscription])
  await topic.tell()
  await Promise.all(clients.map(end))
  while ((await side.followers()) > 0) await sleep(100)
}

/** Milliseconds that each event took to each subscriber. */
function arrivals(heard: ClientsReport[], told: Map<number, number>, subscribers: number) {
  const latencies: number[] = []
  let lost = 0
  for (const [seq, at] of [...told].slice(firstEvents)) {
    const times = heard.flatMap((report) => report.arrivals[seq] ?? [])
    lost += subscribers - times.length
    for (const time of times) latencies.push(time - at)
  }
  return { latencies, lost }
}

async function connect(
  clients: ChildProcess[],
  url: string,
  count: number,
  subscriptions: Subscription[],
  stalled = false,
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
