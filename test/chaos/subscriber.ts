import { setTimeout as sleep } from 'node:timers/promises'

import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface Subscriber {
  /** Numbers of the events, in the order in which they came. */
  seen: number[]
  connections(): number
  close(): Promise<void>
}

/** Follows a job as an integration would: with the stock protocol, and after each lost connection from its last sequence number on. */
export function followEvents(url: string, jobId: number): Subscriber {
  const seen: number[] = []
  let over = false
  let connections = 0
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: true,
    on: { connected: () => void connections++ },
  })
  const query = `subscription ($jobId: ID!, $after: Float) { jobEvents(jobId: $jobId, after: $after) { ... on JobEvent { seq } } }`
  const follow = async () => {
    while (!over) {
      try {
        const events = client.iterate<{ jobEvents: { seq?: number } }>({
          query,
          variables: { jobId, after: seen.at(-1) ?? 0 },
        })
        for await (const { data } of events) if (data?.jobEvents.seq !== undefined) seen.push(data.jobEvents.seq)
      } catch {
        // The connection is gone, as it is meant to be.
      }
      await sleep(100)
    }
  }
  const following = follow()
  return {
    seen,
    connections: () => connections,
    async close() {
      over = true
      await client.dispose()
      await following
    },
  }
}
