import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** What the bench asks of a server's process. */
export type ServerRequest = { ask: 'cpu' } | { ask: 'memory' } | { ask: 'publish'; items: unknown[] }

/** Microseconds of CPU so far; bytes after a garbage collection. */
export interface ServerReport {
  cpuUs: number
  rssBytes: number
  /** What lives in the heap and outside of it for it. */
  heapBytes: number
  /** Subscriptions that it serves. */
  followers: number
}

/** What the bench asks of a process full of clients. */
export type ClientsRequest =
  | { ask: 'connect'; url: string; count: number; subscriptions: Subscription[]; stalled: boolean }
  | { ask: 'report' }

export interface Subscription {
  query: string
  variables: Record<string, unknown>
}

export interface ClientsReport {
  sockets: number
  /** Messages with a payload that have come. */
  frames: number
  /** When each event came, to each client: milliseconds since 1970, by its number. */
  arrivals: Record<number, number[]>
  /** A payload of an event, and one of a snapshot. */
  samples: Record<string, unknown>
}

/** Asks a child and waits for its answer; one question at a time. */
export async function ask<Answer>(child: ChildProcess, request: ServerRequest | ClientsRequest): Promise<Answer> {
  const answer = once(child, 'message') as Promise<[Answer]>
  child.send(request)
  return (await answer)[0]
}
