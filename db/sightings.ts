import { sql, type Transaction } from 'kysely'

import { storableText } from './json.ts'
import type { DB, SightingsQuality } from './types.ts'

/** One place in which an address was met. */
export interface Sighting {
  /** Normal form. */
  address: string
  /** `urlKey` of the source. */
  sourceKey: string
  sourceUrl: string
  method: string
  snippet: string
  /** 0 to 1. */
  confidence: number
  quality: SightingsQuality
  reasons: readonly string[]
  personName?: string
  position?: string
  phone?: string
  organisation?: string
}

export interface SightingArgs {
  jobId: number
  groupId: number
  workerId: string
}

/**
 * Stores sightings with their addresses, and each address of the job once with its best sighting: the most confident, of equals the one with the least URL and
 * method, so that the order in which they come does not matter; `found_at` of the address stays that of the first. Returns how many addresses are new to the job; the place of those in the group counts from
 * 0. One statement, so that each is sent once; it takes locks table by table, always the same way round, in the order of the keys.
 */
export async function saveSightings(
  trx: Transaction<DB>,
  { jobId, groupId, workerId }: SightingArgs,
  sightings: readonly Sighting[],
): Promise<number> {
  if (sightings.length === 0) return 0
  const all = distinct(sightings.map(storable))
  const { rows } = await sql<{ added: number }>`
    with n as materialized (select * from ${rowsOf(all, bestByAddress(all))}),
    known as (
      insert into addresses (address, domain) select address, domain from n where place is not null order by address collate "C"
      on conflict do nothing),
    met as (
      insert into sightings (job_id, address, source_key, source_url, method, snippet, confidence, quality, reasons, person_name, position, phone, organisation,
        worker_id, found_at)
      select ${jobId}::bigint, address, source_key, source_url, method, snippet, confidence, quality, string_to_array(reasons, e'\n'), person_name, position,
        phone, organisation, ${workerId}::text, now()
      from n order by address collate "C", source_key, method
      on conflict do nothing),
    saved as (
      insert into job_addresses as a (job_id, address, domain, group_id, place, source_url, method, snippet, confidence, quality, reasons, person_name, position,
        phone, organisation, worker_id, found_at)
      select ${jobId}::bigint, address, domain, ${groupId}::bigint, place, source_url, method, snippet, confidence, quality, string_to_array(reasons, e'\n'),
        person_name, position, phone, organisation, ${workerId}::text, now()
      from n where place is not null order by address collate "C"
      on conflict (job_id, address) do update set
        source_url = excluded.source_url, method = excluded.method, snippet = excluded.snippet, confidence = excluded.confidence, quality = excluded.quality,
        reasons = excluded.reasons, person_name = excluded.person_name, position = excluded.position, phone = excluded.phone,
        organisation = excluded.organisation, worker_id = excluded.worker_id
      where (-excluded.confidence, excluded.source_url collate "C", excluded.method collate "C") < (-a.confidence, a.source_url collate "C", a.method collate "C")
      returning (xmax = 0) as added)
    select count(*) filter (where added) as added from saved`.execute(trx)
  return rows[0]!.added
}

export async function countJobAddresses(trx: Transaction<DB>, jobId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from job_addresses where job_id = ${jobId}`.execute(
    trx,
  )
  return rows[0]!.n
}

/** `best`: those of them that stand for their address, in order; the others have no place and no domain. */
function rowsOf(sightings: readonly Sighting[], best: readonly Sighting[]) {
  const places = new Map(best.map((sighting, place) => [sighting, place]))
  const column = <Value>(of: (sighting: Sighting) => Value | undefined) =>
    sightings.map((sighting) => of(sighting) ?? null)
  return sql`unnest(${column((s) => s.address)}::text[], ${column((s) => s.sourceKey)}::uuid[], ${column((s) => s.sourceUrl)}::text[],
        ${column((s) => s.method)}::text[], ${column((s) => s.snippet)}::text[], ${column((s) => s.confidence)}::real[], ${column((s) => s.quality)}::text[],
        ${column((s) => s.reasons.join('\n'))}::text[], ${column((s) => s.personName)}::text[], ${column((s) => s.position)}::text[], ${column((s) => s.phone)}::text[],
        ${column((s) => s.organisation)}::text[], ${column((s) => (places.has(s) ? domainOf(s) : undefined))}::text[], ${column((s) => places.get(s))}::int[])
        n(address, source_key, source_url, method, snippet, confidence, quality, reasons, person_name, position, phone, organisation, domain, place)`
}

function domainOf({ address }: Sighting): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

/** One insert cannot touch a row twice. */
function distinct(sightings: Sighting[]): Sighting[] {
  const seen = new Map<string, Sighting>()
  for (const sighting of sightings) {
    const key = `${sighting.address}\n${sighting.sourceKey}\n${sighting.method}`
    const before = seen.get(key)
    if (!before || sighting.confidence > before.confidence) seen.set(key, sighting)
  }
  return [...seen.values()]
}

function bestByAddress(sightings: Sighting[]): Sighting[] {
  const best = new Map<string, Sighting>()
  for (const sighting of sightings) {
    const before = best.get(sighting.address)
    if (!before || isBetter(sighting, before)) best.set(sighting.address, sighting)
  }
  return [...best.values()]
}

function isBetter(a: Sighting, b: Sighting): boolean {
  // As Postgres will compare them: real has 24 bits.
  const [confidenceA, confidenceB] = [Math.fround(a.confidence), Math.fround(b.confidence)]
  if (confidenceA !== confidenceB) return confidenceA > confidenceB
  return a.sourceUrl < b.sourceUrl || (a.sourceUrl === b.sourceUrl && a.method < b.method)
}

/** Longer texts would not fit into an index, or into a table cell. */
const longest = { snippet: 500, detail: 200, reason: 200 }

function storable(sighting: Sighting): Sighting {
  const stored: Sighting = {
    ...sighting,
    snippet: clipped(sighting.snippet, longest.snippet),
    reasons: sighting.reasons.map((reason) => clipped(reason, longest.reason).replaceAll('\n', ' ')),
  }
  for (const name of ['personName', 'position', 'phone', 'organisation'] as const) {
    const value = sighting[name]
    if (value !== undefined) stored[name] = clipped(value, longest.detail)
  }
  return stored
}

function clipped(text: string, length: number): string {
  return storableText(text.slice(0, length))
}
