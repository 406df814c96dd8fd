import { hashOf } from './review.ts'
import type { Judged, Place, Truth } from './review.ts'

/** An address as a job gives it. */
export interface Found {
  address: string
  sourceUrl: string
}

export interface Comparison {
  /** Different addresses. */
  addresses: Score & { missing: string[]; wrong: Wrong[] }
  /** Addresses with the page on which they stand. */
  places: Score & { missing: Place[]; wrong: (Place & Wrong)[] }
  /** Found, and neither right nor wrong: form and domain are those of an address, but the text does not mean one. */
  either: { address: string; why: string }[]
}

export interface Score {
  expected: number
  right: number
  /** Right among those expected; 1 where nothing is expected. */
  recall: number
  /** Right among those found that are not `either`; 1 where nothing was found. */
  precision: number
}

export interface Wrong {
  address: string
  /** What the review says of it; `not seen` where the scan met no such text. */
  why: string
}

/** Compares a job's finds with the truth. Addresses count without case; of a URL only path and query, since ports differ from run to run. */
export function compare(truth: Truth, found: Found[]): Comparison {
  const finds = new Map<string, Place>()
  for (const { address, sourceUrl } of found) {
    const { pathname, search } = new URL(sourceUrl)
    const place = { address: address.toLowerCase(), path: pathname + search }
    finds.set(keyOf(place), place)
  }
  const expectedPlaces = new Map(truth.places.map((place) => [keyOf(place), place]))
  const expected = new Set(truth.places.map((place) => place.address))
  const foundAddresses = new Set([...finds.values()].map((place) => place.address))
  const judged = (address: string): Judged | undefined => truth.decisions.get(hashOf(address))
  const counted = [...foundAddresses].filter((address) => judged(address)?.verdict !== 'either')

  const missing = [...expected].filter((address) => !foundAddresses.has(address))
  const wrong = counted
    .filter((address) => !expected.has(address))
    .map((address) => ({ address, why: judged(address)?.why ?? 'not seen' }))
  const missingPlaces = [...expectedPlaces.values()].filter((place) => !finds.has(keyOf(place)))
  const wrongPlaces = [...finds.values()]
    .filter((place) => judged(place.address)?.verdict !== 'either' && !expectedPlaces.has(keyOf(place)))
    .map((place) => ({ ...place, why: whyWrong(place, judged(place.address), truth) }))

  return {
    addresses: { ...score(expected.size, missing.length, wrong.length), missing, wrong },
    places: {
      ...score(expectedPlaces.size, missingPlaces.length, wrongPlaces.length),
      missing: missingPlaces,
      wrong: wrongPlaces,
    },
    either: [...foundAddresses].flatMap((address) => {
      const decision = judged(address)
      return decision?.verdict === 'either' ? [{ address, why: decision.why ?? '' }] : []
    }),
  }
}

function whyWrong(place: Place, decision: Judged | undefined, truth: Truth): string {
  if (!truth.pagePaths.has(place.path)) return 'the page is not one that links lead to'
  if (decision?.verdict === 'address') return 'an address, but not on this page'
  return decision?.why ?? 'not seen'
}

function score(expected: number, missing: number, wrong: number): Score {
  const right = expected - missing
  return {
    expected,
    right,
    recall: expected === 0 ? 1 : right / expected,
    precision: right + wrong === 0 ? 1 : right / (right + wrong),
  }
}

function keyOf({ address, path }: Place): string {
  return `${address} ${path}`
}
