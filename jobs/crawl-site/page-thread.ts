// The other side of page-reader.ts.
import { parentPort } from 'node:worker_threads'

import type { ExtractedPage } from '../engines/page/extract-page.ts'
import { type PageBytes, readPage } from './read-page.ts'

parentPort!.on('message', (page: PageBytes) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  parentPort!.postMessage(answerTo(page))
})

function answerTo(page: PageBytes): { page: ExtractedPage } | { error: string } {
  try {
    return { page: readPage(page) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
