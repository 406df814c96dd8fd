import type { IncomingMessage, ServerResponse } from 'node:http'

import { sendJson } from './send-json.ts'

/**
 * Ends requests that take too long to arrive: `whole` counts from the headers to the last byte, `idle` between two bytes. What an
 * ended one has brought is for its reader to keep.
 */
export function limitBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: 'whole' | 'idle',
  afterMs: number,
): void {
  const { socket } = request
  let seenBytes = socket.bytesRead
  let newsAt = Date.now()
  const timer = setInterval(() => {
    if (request.complete || request.destroyed) return clearInterval(timer)
    // While the reader is busy nothing can come.
    if (limit === 'idle' && (socket.bytesRead !== seenBytes || request.readableLength > 0)) {
      seenBytes = socket.bytesRead
      newsAt = Date.now()
    }
    if (Date.now() - newsAt < afterMs) return undefined
    if (!response.headersSent) {
      response.setHeader('Connection', 'close')
      sendJson(response, 408, { message: 'The request took too long to arrive.' })
    }
    request.destroy()
    return undefined
  }, afterMs / 10)
  timer.unref()
  request.once('close', () => clearInterval(timer))
}
