import type { Transaction } from 'kysely'

import { suppressedAmong } from '../../db/suppressions.ts'
import type { DB } from '../../db/types.ts'
import type { DomainSightings } from './crawl-batch.ts'

/** Leaves out addresses that no job may store, also where they stand in the words around another. */
export async function withoutSuppressed(
  trx: Transaction<DB>,
  found: readonly DomainSightings[],
): Promise<DomainSightings[]> {
  const suppressed = await suppressedAmong(
    trx,
    found.flatMap(({ sightings }) => sightings.map(({ address }) => address)),
  )
  if (suppressed.size === 0) return [...found]
  return found.map(({ sightings, ...domain }) => ({
    ...domain,
    sightings: sightings
      .filter(({ address }) => !suppressed.has(address))
      .map((sighting) => ({ ...sighting, snippet: withoutMentions(sighting.snippet, suppressed) })),
  }))
}

function withoutMentions(snippet: string, suppressed: ReadonlySet<string>): string {
  // Candidates are cut out wide: what is on the list decides.
  return snippet.replaceAll(/[^\s<>()",;:]+@[^\s<>()",;:]+/g, (text) => {
    const address = text.toLowerCase().replace(/[.!?'\]]+$/, '')
    return suppressed.has(address) ? '[suppressed]' : text
  })
}
