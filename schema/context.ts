import type { Kysely } from 'kysely'
import type { Logger } from 'pino'

import { type JobActivity, jobActivities } from '../db/job-activity.ts'
import { jobInputs } from '../db/job-list.ts'
import type { PageRequest, RowPage } from '../db/keyset.ts'
import { type AddressSummary, summariseAddresses } from '../db/known-addresses.ts'
import { type ResultFileRow, resultFilesOf } from '../db/result-files.ts'
import { countSightings, listSightings, type SightingRow } from '../db/sighting-list.ts'
import { suppressedNow } from '../db/suppressions.ts'
import type { DB } from '../db/types.ts'
import { bestVerdicts, type EvidenceOf, evidenceOf, type VerificationRow } from '../db/verification-list.ts'
import type { Engine } from '../jobs/engine.ts'
import { batched } from './batched.ts'
import type { LiveFeed, Viewer } from './live-feed.ts'
import type { ShownSetting } from './shown-setting.ts'

/** What resolvers stand on, one a request. */
export interface Context {
  viewer: Viewer
  engine: Engine
  live: LiveFeed
  log: Logger
  loaders: Loaders
  /** What the server is set to, fit to be shown. */
  settings?: readonly ShownSetting[] | undefined
}

export interface Loaders {
  jobInput(jobId: number): Promise<unknown>
  jobActivity(jobId: number): Promise<JobActivity>
  artifacts(jobId: number): Promise<ResultFileRow[]>
  sightings(of: SightingsOf & { page: PageRequest }): Promise<RowPage<SightingRow>>
  sightingCount(of: SightingsOf): Promise<number>
  /** The most telling verdict of an address. */
  verification(address: string): Promise<VerificationRow | undefined>
  evidence(of: EvidenceOf): Promise<unknown>
  /** Whether an address is on the list of suppressions now. */
  suppressed(address: string): Promise<boolean>
  /** What the viewer's jobs know of an address; undefined where none has met it. */
  addressSummary(address: string): Promise<AddressSummary | undefined>
}

interface SightingsOf {
  jobId: number
  address: string
}

export function createLoaders(db: Kysely<DB>, { owner }: Viewer): Loaders {
  return {
    addressSummary: batched(async (addresses) => {
      const summaries = await summariseAddresses(db, owner, [...new Set(addresses)])
      return addresses.map((address) => summaries.get(address))
    }),
    jobInput: batched(async (ids) => {
      const inputs = await jobInputs(db, ids)
      return ids.map((id) => inputs.get(id))
    }),
    jobActivity: batched(async (ids) => {
      const activities = await jobActivities(db, ids)
      return ids.map((id) => activities.get(id)!)
    }),
    artifacts: batched(async (ids) => {
      const files = await resultFilesOf(db, ids)
      return ids.map((id) => files.get(id) ?? [])
    }),
    sightings: batched(
      inGroups(
        (of) => `${of.jobId} ${JSON.stringify(of.page)}`,
        async (group) => {
          const { jobId, page } = group[0]!
          const pages = await listSightings(db, jobId, addressesOf(group), page)
          return group.map((of) => pages.get(of.address)!)
        },
      ),
    ),
    sightingCount: batched(
      inGroups(
        (of) => String(of.jobId),
        async (group) => {
          const counts = await countSightings(db, group[0]!.jobId, addressesOf(group))
          return group.map((of) => counts.get(of.address) ?? 0)
        },
      ),
    ),
    verification: batched(async (addresses) => {
      const verdicts = await bestVerdicts(db, addresses)
      return addresses.map((address) => verdicts.get(address))
    }),
    evidence: batched((verdicts) => evidenceOf(db, verdicts)),
    suppressed: batched(async (addresses) => {
      const suppressed = await suppressedNow(db, addresses)
      return addresses.map((address) => suppressed.has(address))
    }),
  }
}

function addressesOf(group: SightingsOf[]): string[] {
  return [...new Set(group.map((of) => of.address))]
}

/** Loads each group of keys by a call of its own and puts the values into the order of the keys. */
function inGroups<Key, Value>(groupOf: (key: Key) => string, load: (group: Key[]) => Promise<Value[]>) {
  return async (keys: Key[]): Promise<Value[]> => {
    const values = new Map<Key, Value>()
    for (const group of Map.groupBy(keys, groupOf).values()) {
      const loaded = await load(group)
      group.forEach((key, i) => values.set(key, loaded[i]!))
    }
    return keys.map((key) => values.get(key)!)
  }
}
