import type { ServerResponse } from 'node:http'

export interface SlowStreams {
  watch(response: ServerResponse): void
  /** Breaks off the event streams, which have no end of their own. */
  close(): void
}

/** Breaks off answers that stay full for `stalledMs`: event streams whose reader has gone to sleep. */
export function closeSlowStreams(stalledMs: number): SlowStreams {
  const open = new Map<ServerResponse, number | undefined>()
  const timer = setInterval(() => {
    const now = Date.now()
    for (const [response, fullSince] of open) {
      if (!response.writableNeedDrain) open.set(response, undefined)
      else if (fullSince === undefined) open.set(response, now)
      else if (now - fullSince > stalledMs) response.destroy()
    }
  }, stalledMs / 10)
  return {
    watch(response) {
      open.set(response, undefined)
      response.once('close', () => open.delete(response))
    },
    close() {
      clearInterval(timer)
      for (const response of open.keys())
        if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.destroy()
    },
  }
}
