import { decodeBody } from '../engines/crawl/decode-body.ts'
import { type ExtractedPage, extractPage } from '../engines/page/extract-page.ts'

/** A body as it came, decompressed. */
export interface PageBytes {
  url: string
  body: Uint8Array
  /** As the server said it. */
  contentType: string | undefined
}

export function readPage({ url, body, contentType }: PageBytes): ExtractedPage {
  return extractPage({ url, body: decodeBody(body, contentType).text, contentType: contentType ?? 'text/html' })
}
