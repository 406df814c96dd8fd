import { setTimeout as sleep } from 'node:timers/promises'

import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

import { action, follow, startRelay } from './api-calls.ts'
import { end, forkServer, type LiveStage } from './live-stage.ts'
import { quantile } from './quantile.ts'

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
  return {
    startToEventMs: quantile(figure.event, 0.5),
    startToWorkerMs: quantile(figure.worker, 0.5),
    pauseMs: quantile(figure.pause, 0.95),
    cancelMs: quantile(figure.cancel, 0.95),
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
