import type { Client, Dispatcher } from 'undici'

export interface WholeAnswer {
  status: number
  /** Names in lower case; several fields of one name joined by commas. */
  headers: Record<string, string>
  /** Of the body, as it came. */
  pieces: Uint8Array[]
  /** There was more than was wanted; the connection is closed. */
  over: boolean
}

/** What nobody wants is read up to here, so that the connection can be used again. */
const unwantedBytes = 16_384

/**
 * Sends a request and waits for all of its answer, without a stream between: most answers are pages of a few pieces. `wanted` is asked when the header is in, for
 * how many bytes of the body are wanted; what it throws ends the request. Rejects with that, with what undici says, or with the reason of the signal.
 */
export function wholeAnswer(
  client: Client,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
  wanted: (head: Pick<WholeAnswer, 'status' | 'headers'>) => number,
): Promise<WholeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WholeAnswer>()
  let controller: Dispatcher.DispatchController | undefined
  const stop = () => {
    reject(signal.reason)
    controller?.abort(signal.reason as Error)
  }
  signal.addEventListener('abort', stop, { once: true })
  const over = () => signal.removeEventListener('abort', stop)
  const answer: WholeAnswer = { status: 0, headers: {}, pieces: [], over: false }
  let most = 0
  let length = 0
  client.dispatch(request, {
    onRequestStart(started) {
      controller = started
      if (signal.aborted) stop()
    },
    onResponseStart(_, status, headers) {
      if (status < 200) return
      answer.status = status
      answer.headers = joined(headers)
      most = wanted(answer)
    },
    onResponseData(_, piece) {
      length += piece.length
      if (most > 0) answer.pieces.push(piece)
      if (length <= (most > 0 ? most : unwantedBytes)) return
      answer.over = true
      resolve(answer)
      controller!.abort(new Error('no more of it is wanted'))
    },
    onResponseEnd() {
      over()
      resolve(answer)
    },
    onResponseError(_, error) {
      over()
      reject(error)
    },
  })
  return promise
}

/** Several fields of one name joined by commas. */
export function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const one: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) one[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return one
}
