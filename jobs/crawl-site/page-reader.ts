import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { ExtractedPage } from '../engines/page/extract-page.ts'
import { type PageBytes, readPage } from './read-page.ts'

/** Reads pages: the usual ones at once, large ones, of which a hostile one takes seconds, in a thread, so that nothing else stands still. */
export interface PageReader {
  /** Rejects with `ReadTooLong`, with what went wrong, or with the reason of `stop`, which it waits for nothing after. */
  read(page: PageBytes, stop: AbortSignal): Promise<ExtractedPage>
}

export class ReadTooLong extends Error {}

export interface PageReaderOptions {
  largeBytes?: number
  mostMs?: number
}

/** A thread costs some 40 MB: it goes when nothing has come for so long. */
const idleMs = 5_000

export function createPageReader({ largeBytes = 500_000, mostMs = 60_000 }: PageReaderOptions = {}): PageReader {
  let thread: Worker | undefined
  let before: Promise<unknown> = Promise.resolve()
  let idle: NodeJS.Timeout | undefined
  const end = () => {
    void thread?.terminate()
    thread = undefined
  }

  const readApart = async (page: PageBytes, stop: AbortSignal): Promise<ExtractedPage> => {
    stop.throwIfAborted()
    clearTimeout(idle)
    thread ??= startThread()
    thread.ref()
    const late = AbortSignal.timeout(mostMs)
    const signal = AbortSignal.any([late, stop])
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
      thread.postMessage(page)
      const [answer] = (await once(thread, 'message', { signal })) as [{ page: ExtractedPage } | { error: string }]
      if ('error' in answer) throw new Error(answer.error)
      thread.unref()
      idle = setTimeout(end, idleMs).unref()
      return answer.page
    } catch (error) {
      end()
      stop.throwIfAborted()
      throw late.aborted ? new ReadTooLong(`reading it took longer than ${mostMs / 1_000} s`) : error
    }
  }

  return {
    async read(page, stop) {
      if (page.body.length < largeBytes) return readPage(page)
      const mine = before.then(() => readApart(page, stop))
      before = mine.catch(() => {})
      return await orStopped(mine, stop)
    },
  }
}

function startThread(): Worker {
  const thread = new Worker(new URL('page-thread.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 1_024 },
  })
  // It may still fail while it is being ended, when nobody waits for it.
  thread.on('error', () => {})
  return thread
}

async function orStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const abort = () => reject(stop.reason)
  stop.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, stopped])
  } finally {
    stop.removeEventListener('abort', abort)
  }
}
