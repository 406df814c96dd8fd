export interface FacetCount {
  value: string
  count: number
}

export interface Facets {
  counted: number
  exact: boolean
  quality: FacetCount[]
  method: FacetCount[]
  domain: FacetCount[]
}

/** What the server would count over a list of which all rows are here: to ask it would be to search all that there is once more. */
export function countFacets(rows: readonly { address: string; quality: string | null; method?: string }[]): Facets {
  return {
    counted: rows.length,
    exact: true,
    quality: counts(rows.flatMap(({ quality }) => quality?.toLowerCase() ?? [])),
    method: counts(rows.flatMap(({ method }) => method ?? [])),
    domain: counts(rows.map(({ address }) => address.slice(address.lastIndexOf('@') + 1))).slice(0, shownDomains),
  }
}

const shownDomains = 12

/** The most frequent first. */
function counts(values: readonly string[]): FacetCount[] {
  return [...Map.groupBy(values, (value) => value)]
    .map(([value, { length: count }]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
}
