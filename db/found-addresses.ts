import { type Kysely, sql } from 'kysely'

import { type JobAddressFilter, matchingAddresses } from './address-list.ts'
import { matchingKnownAddresses } from './known-addresses.ts'
import type { DB } from './types.ts'

/** Which of the addresses that jobs of somebody have found, as the filters of their lists say it. */
export interface FoundChoice {
  /** Undefined: of any job of theirs. */
  fromJob: number | undefined
  filter: Pick<JobAddressFilter, 'text' | 'domain' | 'qualities' | 'methods'>
}

export interface FoundPage {
  /** Behind this one; empty: from the first on. */
  after: string
  limit: number
}

/** Addresses in their order. A job of somebody else has found none. */
export async function foundAddresses(
  db: Kysely<DB>,
  owner: string,
  { fromJob, filter }: FoundChoice,
  { after, limit }: FoundPage,
): Promise<string[]> {
  const { rows } = await (
    fromJob === undefined
      ? sql<{ address: string }>`
        select a.address from addresses a where a.address > ${after} and ${matchingKnownAddresses(owner, filter)}
        order by a.address limit ${limit}`
      : sql<{ address: string }>`
        select a.address from job_addresses a where ${matchingAddresses(fromJob, filter)} and a.address > ${after}
          and exists (select 1 from jobs o where o.id = a.job_id and o.owner = ${owner} and o.state <> 'DELETED')
        order by a.address limit ${limit}`
  ).execute(db)
  return rows.map(({ address }) => address)
}
