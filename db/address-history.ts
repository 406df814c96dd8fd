import { type Kysely, sql } from 'kysely'

import { keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
import { type Provenance, provenanceColumns } from './provenance.ts'
import type { DB } from './types.ts'

/** A sighting of an address, with the job that made it. */
export interface PastSightingRow extends Provenance {
  jobId: number
  jobTitle: string
  sourceKey: string
  /** `foundAt` with its microseconds, for cursors. */
  foundKey: string
}

/** The newest first. */
export const historyOrder: RowOrder<PastSightingRow> = {
  columns: [
    { column: 's.found_at', type: 'timestamptz', desc: true },
    { column: 's.job_id', type: 'bigint', desc: true },
    { column: 's.source_key', type: 'uuid', desc: true },
    { column: 's.method', type: 'text', desc: true },
  ],
  keyOf: (row) => [row.foundKey, row.jobId, row.sourceKey, row.method],
}

/** Where all jobs of an owner have met an address. Index sightings_by_address. */
export function listAddressHistory(
  db: Kysely<DB>,
  owner: string,
  address: string,
  page: PageRequest,
): Promise<RowPage<PastSightingRow>> {
  const base = sql`
    select s.job_id as "jobId", j.title as "jobTitle", s.source_key as "sourceKey", s.found_at::text as "foundKey",
      ${provenanceColumns('s')}
    from sightings s join jobs j on j.id = s.job_id
    where s.address = ${address} and j.owner = ${owner} and j.state <> 'DELETED'`
  return keysetPage(db, base, historyOrder.columns, page)
}

export async function countAddressHistory(db: Kysely<DB>, owner: string, address: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from sightings s join jobs j on j.id = s.job_id
    where s.address = ${address} and j.owner = ${owner} and j.state <> 'DELETED'`.execute(db)
  return rows[0]!.n
}
