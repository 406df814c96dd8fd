import { type Kysely, sql } from 'kysely'

import type { DB, SightingsQuality } from './types.ts'

export interface FoundFilter {
  domain: string | undefined
  leastQuality: SightingsQuality | undefined
}

const qualities: SightingsQuality[] = ['low', 'medium', 'high']

/**
 * Addresses that a job has found, or any job of the owner of `jobId`, behind another one in the order of addresses. A job of somebody else has found none.
 */
export async function foundAddresses(
  db: Kysely<DB>,
  options: { jobId: number; fromJob: number | undefined; filter: FoundFilter; after: string; limit: number },
): Promise<string[]> {
  const { jobId, fromJob, filter, after, limit } = options
  const mine = sql`select o.id from jobs o join jobs j on j.owner = o.owner and j.id = ${jobId} where o.state <> 'DELETED'`
  const good = qualities.slice(qualities.indexOf(filter.leastQuality ?? 'low'))
  const domain = filter.domain === undefined ? sql`true` : sql`a.domain = ${filter.domain}`
  const { rows } = await (
    fromJob === undefined
      ? sql<{ address: string }>`
        select a.address from addresses a where a.address > ${after} and ${domain} and exists (
          select 1 from sightings s where s.address = a.address and s.quality = any(${good}::text[]) and s.job_id in (${mine}))
        order by a.address limit ${limit}`
      : sql<{ address: string }>`
        select a.address from job_addresses a where a.job_id = ${fromJob} and a.job_id in (${mine}) and a.address > ${after} and ${domain}
          and a.quality = any(${good}::text[])
        order by a.address limit ${limit}`
  ).execute(db)
  return rows.map(({ address }) => address)
}
