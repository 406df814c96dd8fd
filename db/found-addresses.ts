import { type Kysely, sql } from 'kysely'

import type { DB, SightingsQuality } from './types.ts'

/** Which of the addresses that jobs of somebody have found. */
export interface FoundChoice {
  /** Undefined: of any job of theirs. */
  fromJob: number | undefined
  domain: string | undefined
  leastQuality: SightingsQuality | undefined
}

export interface FoundPage {
  /** Behind this one; empty: from the first on. */
  after: string
  limit: number
}

const qualities: SightingsQuality[] = ['low', 'medium', 'high']

/** Addresses in their order. A job of somebody else has found none. */
export async function foundAddresses(
  db: Kysely<DB>,
  owner: string,
  { fromJob, leastQuality, domain: only }: FoundChoice,
  { after, limit }: FoundPage,
): Promise<string[]> {
  const mine = sql`select o.id from jobs o where o.owner = ${owner} and o.state <> 'DELETED'`
  const good = qualities.slice(qualities.indexOf(leastQuality ?? 'low'))
  const domain = only === undefined ? sql`true` : sql`a.domain = ${only}`
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
