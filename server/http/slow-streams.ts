import type { ServerResponse } from 'node:http'

export interface SlowStreams {
  watch(response: ServerResponse): void
  /** Breaks off the event streams, which have no end of their own. */
  close(): void
}

interface Watched {
  /** How many bytes the network had taken when last looked at; undefined where nothing waits for it. */
  taken: number | undefined
  movedAt: number
}

/** Breaks off answers of which the network takes nothing for `stalledMs`: their reader has gone to sleep. One that reads slowly gets all. */
export function closeSlowStreams(stalledMs: number): SlowStreams {
  const open = new Map<ServerResponse, Watched>()
  const timer = setInterval(() => {
    const now = Date.now()
    for (const [response, watched] of open) {
      const taken = response.writableNeedDrain ? takenOf(response) : undefined
      if (taken === undefined || taken !== watched.taken) watched.movedAt = now
      watched.taken = taken
      if (now - watched.movedAt > stalledMs) response.destroy()
    }
  }, stalledMs / 10)
  return {
    watch(response) {
      open.set(response, { taken: undefined, movedAt: Date.now() })
      response.once('close', () => open.delete(response))
    },
    close() {
      clearInterval(timer)
      for (const response of open.keys())
        if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.destroy()
    },
  }
}

function takenOf({ socket }: ServerResponse): number {
  return socket ? socket.bytesWritten - socket.writableLength : 0
}
