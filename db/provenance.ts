import { sql } from 'kysely'

import type { SightingsQuality } from './types.ts'

/** Where and how an address was met: the columns that sightings and the addresses of a job share. */
export interface Provenance {
  sourceUrl: string
  method: string
  snippet: string
  confidence: number
  quality: SightingsQuality
  reasons: string[]
  personName: string | null
  position: string | null
  phone: string | null
  organisation: string | null
  workerId: string
  foundAt: Date
}

export function provenanceColumns(table: string) {
  return sql.raw(`${table}.source_url as "sourceUrl", ${table}.method, ${table}.snippet, ${table}.confidence, ${table}.quality,
    ${table}.reasons, ${table}.person_name as "personName", ${table}.position, ${table}.phone, ${table}.organisation,
    ${table}.worker_id as "workerId", ${table}.found_at as "foundAt"`)
}
