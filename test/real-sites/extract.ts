import { isDeepStrictEqual } from 'node:util'

import { decodeBody } from '../../jobs/engines/crawl/decode-body.ts'
import { extractFrom, extractPage } from '../../jobs/engines/page/extract-page.ts'
import { readHtmlAsTree } from '../../jobs/engines/page/reading/tree-reader.ts'
import type { Found } from './compare.ts'

export interface Extracted {
  found: Found[]
  /** Paths of pages on which the light way and the full parse do not say the same, with the parts of the result that differ. */
  different: { path: string; parts: string[] }[]
}

/** What the extractor finds on pages of a site, without a job; each page is also read by way of a tree, and both results are compared whole. */
export async function extractSite(origin: string, paths: string[]): Promise<Extracted> {
  const extracted: Extracted = { found: [], different: [] }
  for (const path of paths) {
    const url = origin + path
    const response = await fetch(url)
    const contentType = response.headers.get('content-type') ?? ''
    const body = decodeBody(new Uint8Array(await response.arrayBuffer()), contentType).text
    const page = extractPage({ url, body, contentType })
    for (const { address } of page.emails) extracted.found.push({ address, sourceUrl: url })
    if (!/html/.test(contentType)) continue
    const full = extractFrom(readHtmlAsTree(body), { url, body, contentType })
    const parts = Object.keys({ ...page, ...full }) as (keyof typeof page)[]
    const differing = parts.filter((part) => !isDeepStrictEqual(page[part], full[part]))
    if (differing.length > 0) extracted.different.push({ path, parts: differing })
  }
  return extracted
}
