import { randomUUID } from 'node:crypto'

import { domainAddresses, type GrantRequest, starvedShards, takeGrant } from '../../db/crawl-grants.ts'
import { type LeaseAnswer, releaseLease, renewLease, takeLease } from '../../db/origins.ts'
import {
  findPages,
  type KnownPage,
  listFrontier,
  listNearer,
  type NearerPage,
  type QueuedPage,
} from '../../db/pages.ts'
import { findRobots, saveRobots, type StoredRobots } from '../../db/robots.ts'
import type { IoDeps, Settings } from '../job-kind.ts'
import type { OutgoingRequest, OutgoingResponse } from '../outgoing.ts'

/** What a crawl sees of the world. */
export interface CrawlIo {
  settings: Settings
  now(): Date
  random(): number
  request(url: string, options: OutgoingRequest): Promise<OutgoingResponse>

  frontier(jobId: number, shard: string, limit: number): Promise<QueuedPage[]>
  nearer(jobId: number, shard: string, limit: number): Promise<NearerPage[]>
  known(jobId: number, keys: readonly string[]): Promise<KnownPage[]>
  domainAddresses(jobId: number, domain: string): Promise<string[]>

  takeGrant(request: GrantRequest): Promise<number>
  starved(jobId: number, domain: string, cap: number): Promise<string[]>

  findRobots(origin: string): Promise<StoredRobots | undefined>
  saveRobots(origin: string, robots: StoredRobots & { holdsMs: number }): Promise<void>

  host(shard: string): HostDoor
}

/** The way to a host: one run holds it at a time. */
export interface HostDoor {
  take(times: { patienceMs: number; delayMs: number }): Promise<LeaseAnswer>
  /** False when it is no longer held. */
  renew(): Promise<boolean>
  release(restMs: number): Promise<void>
}

export function crawlIo({ db, outgoing, workerId, now, settings }: IoDeps): CrawlIo {
  return {
    settings,
    now,
    random: Math.random,
    request: (url, options) => outgoing.request(url, options),
    frontier: (jobId, shard, limit) => listFrontier(db, jobId, shard, limit),
    nearer: (jobId, shard, limit) => listNearer(db, jobId, shard, limit),
    known: (jobId, keys) => findPages(db, jobId, keys),
    domainAddresses: (jobId, domain) => domainAddresses(db, jobId, domain),
    takeGrant: (request) => takeGrant(db, request),
    starved: (jobId, domain, cap) => starvedShards(db, jobId, domain, cap),
    findRobots: (origin) => findRobots(db, origin),
    saveRobots: (origin, robots) => saveRobots(db, origin, robots),
    host(shard) {
      const lease = randomUUID()
      return {
        take: (times) => takeLease(db, { origin: shard, lease, workerId: workerId(), ...times }),
        renew: () => renewLease(db, shard, lease),
        release: (restMs) => releaseLease(db, shard, lease, restMs),
      }
    },
  }
}
