import { suffixFacts } from '../address/public-suffix.ts'
import type { Seen, TextFacts } from './evidence.ts'

/** Where an address was met. */
export interface Sightings {
  /** Different pages and files. */
  sources: number
  lastSeenAt: Date
  generatedOnly: boolean
  /** Hosts of pages on which it was met, and of those on which it still stands. */
  hosts: readonly string[]
  hostsStill: readonly string[]
  /** Names of the people that pages gave it to. */
  names: readonly string[]
}

/** What the score makes of where an address was met. */
export function seenOf({ local, domain, registrable }: TextFacts, sightings: Sightings): Seen {
  const { sources, lastSeenAt, generatedOnly, hosts, hostsStill, names } = sightings
  const own = registrable ?? domain
  const isOwn = (host: string) => host === own || suffixFacts(host).registrable === own
  const ownStill = hostsStill.some(isOwn)
  const ownSite = ownStill || hosts.some(isOwn)
  return {
    ownSite,
    stillOnPage: ownSite ? ownStill : hostsStill.length > 0,
    sources,
    // Patterns of a domain are inferred by those who look for its people.
    patternMatch: false,
    nameMatch: names.some((name) => isNamedAfter(local, name)),
    generatedOnly,
    lastSeenAt: lastSeenAt.toISOString(),
  }
}

/** `ada.lovelace`, `alovelace`, `lovelace-ada`, `ada`: the local part is made of the person's name and of nothing else. */
export function isNamedAfter(local: string, person: string): boolean {
  const words = plain(person)
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length > 1)
  const text = plain(local.replace(/\+.*$/, '')).replaceAll(/[^\p{L}]/gu, '')
  if (text.length < 2) return false
  return words.some(
    (first) =>
      text === first ||
      words.some(
        (last) => last !== first && [first + last, first[0]! + last, first + last[0]!, last + first[0]!].includes(text),
      ),
  )
}

function plain(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll('ß', 'ss').toLowerCase()
}
