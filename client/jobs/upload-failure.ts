/** A file that a form waits for: on its way, or not to be had without somebody's doing. */
export type Unsent = false | 'sending' | 'failed'

/** Said beside a button that waits for a file: `It can start` once that is there. */
export function wordsOfUnsent(unsent: Unsent, whatCan: string): string {
  if (unsent === 'failed') return 'Choose another file, or take this one out.'
  return unsent === 'sending' ? `${whatCan} once the file is there.` : ''
}

/** What we read of an error of tus-js-client. */
interface TusError extends Error {
  originalResponse?: { getStatus(): number; getBody(): string } | null
}

/**
 * Why an upload cannot go on by itself, in words for people; undefined where it can: the line is cut, or the server is away or not yet
 * done with what came before.
 */
export function uploadFailure(error: TusError): string | undefined {
  const response = error.originalResponse
  if (!response) return undefined
  const status = response.getStatus()
  if (status === 401) return 'You are no longer logged in. Log in, then go on.'
  // Where the server stands is asked anew: another tab, or a request that was cut off, may have brought bytes.
  if (status === 409 || status === 423 || status === 429 || (status >= 500 && status !== 507)) return undefined
  return messageIn(response.getBody()) ?? `The server answered ${status}.`
}

function messageIn(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    const message = typeof parsed === 'object' && parsed !== null && 'message' in parsed ? parsed.message : undefined
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}
