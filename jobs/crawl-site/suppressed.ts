import type { Transaction } from 'kysely'

import { suppressedAmong } from '../../db/suppressions.ts'
import type { DB } from '../../db/types.ts'
import type { DomainSightings } from './crawl-batch.ts'

/**
 * Leaves out addresses that no job may store, also where they stand in the words around another. `leftOut`: how many of them each page has,
 * by its key.
 */
export async function withoutSuppressed(
  trx: Transaction<DB>,
  found: readonly DomainSightings[],
): Promise<{ kept: DomainSightings[]; leftOut: Map<string, number> }> {
  const all = found.flatMap(({ sightings }) => sightings)
  const suppressed = await suppressedAmong(
    trx,
    all.map(({ address }) => address),
  )
  if (suppressed.size === 0) return { kept: [...found], leftOut: new Map() }
  const kept = found.map(({ sightings, ...domain }) => ({
    ...domain,
    sightings: sightings
      .filter(({ address }) => !suppressed.has(address))
      .map((sighting) => ({ ...sighting, snippet: withoutMentions(sighting.snippet, suppressed) })),
  }))
  const ofPages = Map.groupBy(
    all.filter(({ address }) => suppressed.has(address)),
    ({ sourceKey }) => sourceKey,
  )
  const leftOut = new Map(
    [...ofPages].map(([key, sightings]) => [key, new Set(sightings.map(({ address }) => address)).size]),
  )
  return { kept, leftOut }
}

function withoutMentions(snippet: string, suppressed: ReadonlySet<string>): string {
  // Candidates are cut out wide: what is on the list decides.
  return snippet.replaceAll(/[^\s<>()",;:]+@[^\s<>()",;:]+/g, (text) => {
    const address = text.toLowerCase().replace(/[.!?'\]]+$/, '')
    return suppressed.has(address) ? '[suppressed]' : text
  })
}
