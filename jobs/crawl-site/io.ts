import { randomUUID } from 'node:crypto'

import { domainAddresses, type GrantRequest, starvedShards, takeGrant } from '../../db/crawl-grants.ts'
import { giveWay, type LeaseAnswer, type Release, releaseLease, renewLease, takeLease } from '../../db/origins.ts'
import {
  type EarlierRead,
  findEarlierRead,
  findValidators,
  hasEarlierReads,
  type Validators,
} from '../../db/page-reads.ts'
import {
  findPages,
  findPagesOfShard,
  type KnownPage,
  listFrontier,
  listNearer,
  type NearerPage,
  type QueuedPage,
} from '../../db/pages.ts'
import { findRobots, saveRobots, type StoredRobots } from '../../db/robots.ts'
import { nextSitemap, type QueuedSitemap } from '../../db/sitemaps.ts'
import { openUpload } from '../../db/upload-bytes.ts'
import { shardOf } from '../engines/crawl/scope.ts'
import type { ExtractedPage } from '../engines/page/extract-page.ts'
import type { IoDeps, OpenUpload, Settings } from '../job-kind.ts'
import type { OpenResponse, OutgoingRequest, OutgoingResponse } from '../outgoing.ts'
import { createPageReader } from './page-reader.ts'
import type { PageBytes } from './read-page.ts'

/** What a crawl sees of the world. */
export interface CrawlIo {
  settings: Settings
  now(): Date
  random(): number
  request(url: string, options: OutgoingRequest): Promise<OutgoingResponse>
  open(url: string, options: OutgoingRequest): Promise<OpenResponse>
  /** Rejects with `ReadTooLong` where a page takes too long. */
  readPage(page: PageBytes, stop: AbortSignal): Promise<ExtractedPage>

  frontier(jobId: number, shard: string, limit: number): Promise<QueuedPage[]>
  nearer(jobId: number, shard: string, limit: number): Promise<NearerPage[]>
  nextSitemap(jobId: number, shard: string): Promise<QueuedSitemap | undefined>
  known(jobId: number, keys: readonly string[]): Promise<KnownPage[]>
  /** Undefined where they are more than `most`. */
  allKnown(jobId: number, shard: string, most: number): Promise<KnownPage[] | undefined>
  /** Whether an earlier job has read pages of the host. */
  hasEarlierReads(jobId: number, shard: string): Promise<boolean>
  validators(key: string): Promise<Validators | undefined>
  earlierRead(key: string): Promise<EarlierRead | undefined>
  domainAddresses(jobId: number, domain: string): Promise<string[]>

  takeGrant(request: GrantRequest): Promise<number>
  starved(jobId: number, domain: string, cap: number): Promise<string[]>

  findRobots(origin: string): Promise<StoredRobots | undefined>
  saveRobots(origin: string, robots: StoredRobots & { holdsMs: number }): Promise<void>

  /** Of the job, bound when it was started. */
  openUpload: OpenUpload

  /** `url`: any of the host. */
  host(url: string): HostDoor
}

/** The way to a host: one run holds it at a time. Who gives it back also hangs up. */
export interface HostDoor {
  take(times: { patienceMs: number; delayMs: number; signal: AbortSignal }): Promise<LeaseAnswer>
  /** False when it is no longer held. */
  renew(delayMs: number): Promise<boolean>
  release(release: Release): Promise<void>
  /** Gives it back if anybody else wants it; true when it is given back. */
  giveWay(release: Release): Promise<boolean>
}

export function crawlIo({ db, blobs, outgoing, workerId, now, settings }: IoDeps): CrawlIo {
  const reader = createPageReader()
  return {
    settings,
    now,
    random: Math.random,
    request: (url, options) => outgoing.request(url, options),
    open: (url, options) => outgoing.open(url, options),
    readPage: (page, stop) => reader.read(page, stop),
    frontier: (jobId, shard, limit) => listFrontier(db, jobId, shard, limit),
    nearer: (jobId, shard, limit) => listNearer(db, jobId, shard, limit),
    nextSitemap: (jobId, shard) => nextSitemap(db, jobId, shard),
    known: (jobId, keys) => findPages(db, jobId, keys),
    allKnown: (jobId, shard, most) => findPagesOfShard(db, jobId, shard, most),
    hasEarlierReads: (jobId, shard) => hasEarlierReads(db, jobId, shard),
    validators: (key) => findValidators(db, key),
    earlierRead: (key) => findEarlierRead(db, key),
    domainAddresses: (jobId, domain) => domainAddresses(db, jobId, domain),
    takeGrant: (request) => takeGrant(db, request),
    starved: (jobId, domain, cap) => starvedShards(db, jobId, domain, cap),
    findRobots: (origin) => findRobots(db, origin),
    saveRobots: (origin, robots) => saveRobots(db, origin, robots),
    openUpload: (uploadId) => openUpload(db, blobs, uploadId),
    host(url) {
      const lease = randomUUID()
      const shard = shardOf(url)
      const { hostsPerAddress } = settings
      const hangUp = () => {
        const { host } = new URL(url)
        for (const scheme of ['http', 'https']) outgoing.hangUp(`${scheme}://${host}`)
      }
      return {
        async take({ signal, ...times }) {
          // Where there is none, the request will say why.
          const address = await outgoing.addressOf(url, signal).catch(() => null)
          const at = { address, mostAtAddress: hostsPerAddress }
          return await takeLease(db, { origin: shard, lease, workerId: workerId(), ...at, ...times })
        },
        renew: (delayMs) => renewLease(db, shard, lease, delayMs),
        async release(release) {
          hangUp()
          await releaseLease(db, shard, lease, release)
        },
        async giveWay(release) {
          const given = await giveWay(db, shard, lease, { ...release, mostAtAddress: hostsPerAddress })
          if (given) hangUp()
          return given
        },
      }
    },
  }
}
